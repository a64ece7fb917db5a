"""Which data does every server answer from? One JSON file, the same on every machine.

Products, prices, places and stock are those of the sandbox's retailer at one moment, cut to what
the questions show: three variants of each product, ten places. Every key carries the seed it was
drawn from, so that several assortments make one.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from app.api.nodes import global_id
from app.availability.model import AvailabilityStatus
from connectors.sandbox.retailer.catalogue import Article, Model, Picture, Words, assortment
from connectors.sandbox.retailer.places import DEPOT, STORES, WAREHOUSE
from connectors.sandbox.retailer.shelves import stock

SEEDS = (7, 8)
LANGUAGE, CURRENCY = "it", "EUR"
PRODUCTS = 400  # four listings of 100, sixteen of 24
VARIANTS = 3
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
SAFETY_STOCK = 1  # pieces the depot never promises
PLACES = {
    DEPOT: "E-commerce depot Verona",
    WAREHOUSE: "Magazzino centrale Piacenza",
    **{store.number: store.name for store in STORES[:8]},
}
Row = dict[str, Any]


def write(file: Path) -> Row:
    """Write the data and give them back."""
    data = everything()
    file.write_bytes(orjson.dumps(data))
    return data


def everything() -> Row:
    """Products in the order of the listing; prices and stock levels by SKU; locations by code."""
    models = [(seed, model) for seed in SEEDS for model in _models(seed)][:PRODUCTS]
    articles = [(seed, article) for seed, model in models for article in _articles(model)]
    return {
        "products": [_product(seed, model) for seed, model in models],
        "prices": {_sku(seed, article): _price(article) for seed, article in articles},
        "levels": {
            _sku(seed, article): [_level(seed, article, place) for place in sorted(PLACES)]
            for seed, article in articles
        },
        "locations": [
            {"id": global_id("Location", code), "code": code, "name": PLACES[code]}
            for code in sorted(PLACES)
        ],
    }


def _models(seed: int) -> Iterator[Model]:
    return (model for model in assortment(seed).models if len(model.articles) >= VARIANTS)


def _articles(model: Model) -> tuple[Article, ...]:
    return model.articles[:VARIANTS]


def _sku(seed: int, article: Article) -> str:
    return f"{article.sku}-{seed}"


def _product(seed: int, model: Model) -> Row:
    key = f"{model.id}-{seed}"
    return {
        "id": global_id("Product", key),
        "key": key,
        "handle": f"{model.handle}-{seed}",
        "name": model.names[LANGUAGE],
        "brand": model.brand,
        "description": model.descriptions[LANGUAGE],
        "images": [_image(picture) for picture in model.pictures],
        "variants": [_variant(seed, model, article) for article in _articles(model)],
    }


def _variant(seed: int, model: Model, article: Article) -> Row:
    sku = _sku(seed, article)
    options = [
        {"name": axis[LANGUAGE], "value": value[LANGUAGE]} for axis, value in article.choices
    ]
    chosen = " ".join(option["value"] for option in options)
    return {
        "id": global_id("ProductVariant", sku),
        "sku": sku,
        "name": f"{model.names[LANGUAGE]} {chosen}",
        "options": options,
    }


def _image(picture: Picture) -> Row:
    return {
        "url": picture.url,
        "alt": _in_language(picture.alt),
        "width": picture.width,
        "height": picture.height,
    }


def _in_language(words: Words) -> str:
    return words[LANGUAGE]


def _price(article: Article) -> Row:
    tag = article.tags[CURRENCY]
    return {
        "amount": _money(str(tag.now)),
        "compareAt": None if tag.was is None else _money(str(tag.was)),
        "taxIncluded": True,
    }


def _money(amount: str) -> Mapping[str, str]:
    return {"amount": amount, "currency": CURRENCY}


def _level(seed: int, article: Article, place: str) -> Row:
    """What stands there, and what is made of it; a place that does not carry it has no numbers."""
    count = stock(seed).count(article.sku, place, AT)
    if count is None:
        return {
            "location": place,
            "status": AvailabilityStatus.NOT_CARRIED,
            "availableToSell": None,
            "onHand": None,
        }
    safety = SAFETY_STOCK if place == DEPOT else 0
    sellable = max(0, count.pieces - count.set_aside - safety)
    status = AvailabilityStatus.IN_STOCK if sellable else AvailabilityStatus.OUT_OF_STOCK
    return {
        "location": place,
        "status": status,
        "availableToSell": sellable,
        "onHand": count.pieces,
        "reserved": count.set_aside,
        "safetyStock": safety,
    }
