"""What does the retailer sell, and for how much? The same assortment for the same seed."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import count
from typing import Any

from connectors.sandbox.retailer.dice import Dice

MODELS_PER_KIND = 4
OLDEST = datetime(2024, 1, 8, 9, tzinfo=UTC)
SELLING_WEEKS = 100  # weeks after `OLDEST` in which products were published
CURRENCIES = ("EUR", "GBP")
GTIN_PREFIX = "29"  # GS1 prefixes 20 to 29 are for use inside a company: nobody else's numbers
IMAGES = "https://images.example.com/tessera"
Words = Mapping[str, str]
TABLE_SET: Words = {
    "en": "Table Set for Eight",
    "it": "Servizio da tavola per otto",
    "de": "Tafelset für acht",
    "fr": "Service de table pour huit",
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A price tag; `was` is the price before a markdown."""

    now: Decimal
    was: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture by address."""

    url: str
    alt: Words
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One thing on the shelf. `choices` are (axis name, value) in every language.

    One with `parts` (SKU, pieces) lies on no shelf: it is put together of them.
    """

    sku: str
    gtin: str
    choices: tuple[tuple[Words, Words], ...]
    tags: Mapping[str, Tag]
    pictures: tuple[Picture, ...]
    parts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A shelf of the shop."""

    id: str
    handle: str
    names: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One page of the shop. `popularity` 1 to 10 says how fast it sells."""

    id: str
    handle: str
    names: Words
    descriptions: Words
    brand: str
    collection: Collection
    pictures: tuple[Picture, ...]
    articles: tuple[Article, ...]
    published: datetime
    changed: datetime
    popularity: int


@dataclass(frozen=True)
class Assortment:
    """Everything the retailer sells: what lies on shelves, and `sets` that are made of it."""

    models: tuple[Model, ...]
    sets: tuple[Model, ...] = ()
    by_sku: Mapping[str, Model] = field(init=False)

    def __post_init__(self) -> None:
        by_sku = {article.sku: model for model in self.models for article in model.articles}
        object.__setattr__(self, "by_sku", by_sku)

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU that lies on shelves, in the order of the catalogue."""
        return tuple(self.by_sku)

    @property
    def shown(self) -> tuple[Model, ...]:
        """What has a page in the shop."""
        return (*self.models, *self.sets)

    @property
    def parts(self) -> dict[str, tuple[tuple[str, int], ...]]:
        """What sets are made of, by SKU."""
        articles = (article for model in self.sets for article in model.articles)
        return {article.sku: article.parts for article in articles}


@lru_cache(maxsize=8)
def assortment(seed: int) -> Assortment:
    """The assortment of a seed."""
    words = tomllib.loads(files(__package__).joinpath("assortment.toml").read_text("utf-8"))
    models = tuple(_models(seed, words))
    return Assortment(models, (_table_set(models),))


def _models(seed: int, words: Mapping[str, Any]) -> Iterator[Model]:
    number = 0
    for shelf, category in enumerate(words["categories"], start=1):
        collection = Collection(
            id=f"col_{shelf:02}", handle=category["handle"], names=category["names"]
        )
        for kind in category["kinds"]:
            lines = Dice(seed, "lines", kind["sku"]).sample(words["lines"], MODELS_PER_KIND)
            for line in lines:
                number += 1
                yield _Maker(seed, words, category, kind, number).model(line, collection)


def _table_set(models: tuple[Model, ...]) -> Model:
    """Two sets of plates and one of glasses, a tenth cheaper together."""
    plates, glasses = (
        next(model for model in models if model.articles[0].sku.startswith(kind))
        for kind in ("PLT", "GLS")
    )
    first, second = plates.articles[0], glasses.articles[0]
    pictures = _pictures("table-set", TABLE_SET, views=("front",))
    tags = {
        currency: Tag(_cents((2 * first.tags[currency].now + glass.now) * 9 / 10), None)
        for currency, glass in second.tags.items()
    }
    return Model(
        id="prd_20001",
        handle="table-set",
        names=TABLE_SET,
        descriptions=plates.descriptions,
        brand=plates.brand,
        collection=plates.collection,
        pictures=pictures,
        articles=(
            Article(
                sku="SET20001",
                gtin=_gtin(2_000_100),
                choices=first.choices,
                tags=tags,
                pictures=pictures,
                parts=((first.sku, 2), (second.sku, 1)),
            ),
        ),
        published=max(plates.published, glasses.published),
        changed=max(plates.changed, glasses.changed),
        popularity=min(plates.popularity, glasses.popularity),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes the model with one number; every draw has a key of its own."""

    seed: int
    words: Mapping[str, Any]
    category: Mapping[str, Any]
    kind: Mapping[str, Any]
    number: int

    def model(self, line: str, collection: Collection) -> Model:
        dice = self._dice("model")
        names = self._names(line)
        handle = _slug(names["en"])
        published = OLDEST + timedelta(weeks=dice.below(SELLING_WEEKS), minutes=dice.below(480))
        return Model(
            id=f"prd_{10_000 + self.number}",
            handle=handle,
            names=names,
            descriptions=self._descriptions(),
            brand=dice.pick(self.category["brands"]),
            collection=collection,
            pictures=_pictures(handle, names, views=("front", "detail")),
            articles=tuple(self._articles(handle, names)),
            published=published,
            changed=published + timedelta(hours=dice.below(24 * 30)),
            popularity=1 + min(dice.below(10), dice.below(10)),
        )

    def _names(self, line: str) -> Words:
        kind = self.kind
        return {
            "en": f"{line} {kind['en']}",
            **{language: f"{kind[language]} {line}" for language in ("it", "de", "fr")},
        }

    def _descriptions(self) -> Words:
        dice = self._dice("description")
        materials, features = self.category["materials"], self.category["features"]
        made_of = dice.pick(self.kind.get("of", range(len(materials["en"]))))
        first, second = dice.sample(range(len(features["en"])), 2)
        return {
            language: f"{features[language][first]} {features[language][second]}"
            f" {label}: {materials[language][made_of]}."
            for language, label in (("en", "Material"), ("it", "Materiale"), ("de", "Material"))
        }

    def _articles(self, handle: str, names: Words) -> Iterator[Article]:
        tags = {currency: self._tag(currency) for currency in CURRENCIES}
        sizes = self._sizes()
        gtins = (_gtin(self.number * 100 + place) for place in count())
        for colour in self._colours(sized=bool(sizes)):
            shade = {language: colour[language] for language in names}
            shot = f"{handle}-{colour['code'].lower()}"
            pictures = _pictures(shot, names, views=("front",))
            for size in sizes or [""]:
                stem = f"{self.kind['sku']}{1000 + self.number}-{colour['code']}"
                choices = [(self.words["axes"]["colour"], shade)]
                if size:
                    choices.append((self.words["axes"]["size"], dict.fromkeys(names, size)))
                yield Article(
                    sku=f"{stem}-{size}" if size else stem,
                    gtin=next(gtins),
                    choices=tuple(choices),
                    tags=tags,
                    pictures=pictures,
                )

    def _sizes(self) -> list[str]:
        """A run of neighbouring sizes, as a brand orders them."""
        run: list[str] = self.words["sizes"][self.kind["sizes"]]
        if not run:
            return []
        dice = self._dice("sizes")
        length = dice.between(4, 6) if self.kind["sizes"] == "shoes" else dice.between(3, 4)
        start = dice.below(len(run) - length + 1)
        return run[start : start + length]

    def _colours(self, *, sized: bool) -> list[Mapping[str, str]]:
        dice = self._dice("colours")
        number = 1 + dice.chance(30) if sized else dice.between(1, 3)
        return dice.sample(self.words["colours"], number)

    def _tag(self, currency: str) -> Tag:
        """Each currency has its own list and its own markdowns: prices are never converted."""
        dice = self._dice("price", currency)
        level = self.kind["eur"] * (100 if currency == "EUR" else 88)
        whole = max(9, level * self._dice("level").between(80, 130) // 10_000)
        full = Decimal(whole) - Decimal(dice.pick(["0.05", "0.10", "0.50", "0"]))
        if not dice.chance(20):
            return Tag(_cents(full), None)
        reduced = (full * dice.pick([70, 80, 85]) / 100).quantize(Decimal("0.1"))
        return Tag(_cents(reduced), _cents(full))

    def _dice(self, *purpose: str) -> Dice:
        return Dice(self.seed, self.number, *purpose)


def _pictures(stem: str, names: Words, *, views: tuple[str, ...]) -> tuple[Picture, ...]:
    return tuple(
        Picture(url=f"{IMAGES}/{stem}-{view}.jpg", alt=names, width=1200, height=1600)
        for view in views
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _gtin(number: int) -> str:
    digits = f"{GTIN_PREFIX}{number:010}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighed % 10}"


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
