"""The e-commerce platform: catalogue, prices and the stock of its depot, as JSON over REST."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http, listing, orders
from connectors.sandbox.retailer.catalogue import (
    CURRENCIES,
    Article,
    Model,
    Picture,
    Words,
    assortment,
)
from connectors.sandbox.retailer.places import DEPOT
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.shop_customers import CustomerDesk, routes_of
from connectors.sandbox.retailer.shop_orders import OrderDesk

LARGEST_PAGE = 100
DEPOT_BUFFER = 1  # pieces that the shop never promises
ORDERS = ("title", "newest")
Row = Mapping[str, Any]


def app(seed: int, now: http.Now) -> Starlette:
    """The platform of one seed."""
    book = orders.OrderBook("SO", now, _left(seed, now))
    shop, desk = _Shop(seed, now, book), OrderDesk(book, now, assortment(seed).parts)
    customers = CustomerDesk(seed, now, book)
    app = Starlette(
        routes=[
            *(Route(at, asked, methods=[how]) for at, asked, how in routes_of(customers)),
            Route("/v1/products", shop.list_products, methods=["GET"]),
            Route("/v1/products/lookup", shop.look_up_products, methods=["POST"]),
            Route("/v1/prices", shop.list_prices, methods=["POST"]),
            Route("/v1/inventory", shop.list_inventory, methods=["POST"]),
            Route("/v1/depots", shop.list_depots, methods=["GET"]),
            Route("/v1/orders", desk.list_orders, methods=["GET"]),
            Route("/v1/orders/{key}", desk.put_order, methods=["PUT"]),
            Route("/v1/orders/{key}/cancel", desk.cancel_order, methods=["POST"]),
            Route("/v1/orders/{key}/shipment", desk.ship_order, methods=["POST"]),
        ],
        exception_handlers={HTTPException: http.refusal},
    )
    app.state.book = book
    app.state.register = customers.register
    return app


class _Shop:
    """The endpoints."""

    def __init__(self, seed: int, now: http.Now, book: orders.OrderBook) -> None:
        self._book = book
        self._assortment = assortment(seed)
        self._stock = stock(seed)
        self._now = now
        self._articles = {
            article.sku: (model, article)
            for model in self._assortment.shown
            for article in model.articles
        }
        self._by_name = {
            **{("ids", model.id): model for model in self._assortment.shown},
            **{("handles", model.handle): model for model in self._assortment.shown},
            **{("skus", sku): model for sku, (model, _) in self._articles.items()},
        }

    async def look_up_products(self, request: Request) -> Response:
        asked = await http.body_of(request)
        names = [(by, one) for by in ("ids", "handles", "skus") for one in http.ids_in(asked, by)]
        http.limited([one for _, one in names], "the lookup")
        found = {
            self._by_name[name].id: self._by_name[name] for name in names if name in self._by_name
        }
        return self._items(_product(model) for model in found.values())

    async def list_products(self, request: Request) -> Response:
        query = request.query_params
        size = query.get("limit", "20")
        if not size.isdecimal() or not 1 <= int(size) <= LARGEST_PAGE:
            raise HTTPException(422, "limit_out_of_range")
        after = (query["after"], query.get("after_id", "")) if "after" in query else None
        page = listing.page(self._assortment.shown, _wanted(query), size=int(size), after=after)
        return self._items(
            ({"sorted_by": text, "product": _product(model)} for text, model in page.models),
            page={"more": page.more, "count": page.count},
        )

    async def list_prices(self, request: Request) -> Response:
        asked = await http.body_of(request)
        currency = asked.get("currency")
        known = self._known(http.ids_in(asked, "skus")) if currency in CURRENCIES else ()
        return self._items(_price(article, str(currency)) for article in known)

    async def list_inventory(self, request: Request) -> Response:
        asked = await http.body_of(request)
        depots, skus = http.ids_in(asked, "depots"), http.ids_in(asked, "skus")
        at = self._now()
        known = self._known(skus) if DEPOT in depots else ()
        return self._items(self._inventory(one.sku, at) for one in known if not one.parts)

    async def list_depots(self, _request: Request) -> Response:
        return self._items(iter([DEPOT_ROW]))

    def _known(self, skus: list[str]) -> Iterator[Article]:
        for sku in skus:
            if sku in self._articles:
                yield self._articles[sku][1]

    def _inventory(self, sku: str, at: datetime) -> Row:
        count = self._stock.count(sku, DEPOT, at)
        if count is None:
            raise RuntimeError("the depot carries every SKU")
        return {
            "sku": sku,
            "depot": DEPOT,
            "physical": count.pieces,
            "committed": count.set_aside + self._book.kept(sku, DEPOT, at),
            "quarantine": count.damaged,
            "buffer": DEPOT_BUFFER,
            "counted_at": _iso(at),
            "last_movement_at": _iso(count.moved),
        }

    def _items(self, items: Iterator[Row], **rest: Any) -> Response:
        return http.reply({"served_at": _iso(self._now()), "items": list(items), **rest})


def _left(seed: int, now: http.Now) -> orders.Left:
    def left(sku: str, place: str) -> int | None:
        count = stock(seed).count(sku, place, now()) if place == DEPOT else None
        return None if count is None else count.pieces - count.set_aside

    return left


def _wanted(query: Mapping[str, str]) -> listing.Wanted:
    order = query.get("order", "title")
    if order not in ORDERS:
        raise HTTPException(422, "unknown_order")
    return listing.Wanted(
        language=query.get("lang", listing.FALLBACK),
        order=order,
        text=query.get("q", ""),
        collection=query.get("collection", ""),
    )


def _product(model: Model) -> Row:
    return {
        "id": model.id,
        "slug": model.handle,
        "titles": _words(model.names),
        "bodies": _words(model.descriptions),
        "maker": model.brand,
        "collections": [
            {
                "id": model.collection.id,
                "slug": model.collection.handle,
                "titles": _words(model.collection.names),
            }
        ],
        "media": [_media(picture) for picture in model.pictures],
        "articles": [_article(article) for article in model.articles],
        "changed_at": _iso(model.changed),
    }


def _article(article: Article) -> Row:
    return {
        "sku": article.sku,
        "ean": article.gtin,
        "label": _words(_label(article)),
        "choices": [
            {"axis": _words(axis), "value": _words(value)} for axis, value in article.choices
        ],
        "media": [_media(picture) for picture in article.pictures],
        "set_of": [{"sku": sku, "pieces": pieces} for sku, pieces in article.parts],
    }


def _label(article: Article) -> Words:
    """The choices in one line, such as `Navy / M`."""
    values = [value for _, value in article.choices]
    return {language: " / ".join(value[language] for value in values) for language in values[0]}


def _media(picture: Picture) -> Row:
    return {
        "src": picture.url,
        "alt": _words(picture.alt),
        "w": picture.width,
        "h": picture.height,
    }


def _price(article: Article, currency: str) -> Row:
    tag = article.tags[currency]
    return {
        "sku": article.sku,
        "currency": currency,
        "now": str(tag.now),
        "was": None if tag.was is None else str(tag.was),
        "vat_included": True,
    }


def _words(words: Words) -> list[Row]:
    return [{"lang": language, "text": text} for language, text in words.items()]


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


DEPOT_ROW: Row = {
    "code": DEPOT,
    "title": "E-commerce depot Verona",
    "street": "Via della Logistica 9",
    "zip": "37136",
    "town": "Verona",
    "country": "IT",
    "lat": "45.4030",
    "lng": "10.9760",
    "tz": "Europe/Rome",
    "can": ["ship", "accept_returns"],
}
