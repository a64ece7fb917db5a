"""Square in miniature, for the conformance suites: it answers as its published description says."""

import re
from collections.abc import Callable
from typing import Any, cast

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.values import ChannelCode, LocationCode, Sku
from connectors.kit.specimen import Asgi, Specimen
from connectors.square.specimen_desk import NOT_FOUND, Json, RefusedError
from connectors.square.specimen_loyalty import TinyProgram, loyalty_specimen
from connectors.square.specimen_orders import TinyOrders
from connectors.square.specimen_people import TinyDirectory, customers_specimen
from connectors.square.specimen_shop import CORK, DUBLIN, TinyShop

TOKEN = "EAAA-a-token-of-the-specimen"  # noqa: S105  opens nothing but this specimen
VERSION = re.compile(r"20\d\d-\d\d-\d\d")
METHODS = ["GET", "POST", "PUT", "DELETE"]


class TinySquare:
    """One seller's account, and how each endpoint answers. `page` is the longest page of a list."""

    def __init__(self, page: int = 1000) -> None:
        self.shop = TinyShop(page)
        self.loyalty = TinyProgram(page)
        self.people = TinyDirectory(page)
        self.orders = TinyOrders(page)
        self.handlers: dict[tuple[str, str], Callable[..., Json]] = {
            **self.shop.handlers,
            **self.loyalty.handlers,
            **self.people.handlers,
            **self.orders.handlers,
        }

    async def answer(self, request: Request) -> Response:
        """The answer to one request, whatever it is."""
        try:
            _admit(request)
            return JSONResponse(self._handled(request, await request.body()))
        except RefusedError as refused:
            return JSONResponse(refused.document, status_code=refused.status)

    def _handled(self, request: Request, body: bytes) -> Json:
        path = request.scope["raw_path"].decode()
        for (method, pattern), handler in self.handlers.items():
            found = re.fullmatch(re.sub(r"\{\w+\}", r"([^/]+)", pattern), path)
            if found is not None and method == request.method:
                return handler(_read(body) if body else {}, *found.groups())
        raise RefusedError("NOT_FOUND", status=NOT_FOUND)


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError("EXPECTED_JSON_BODY") from None


def _admit(request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        raise RefusedError("UNAUTHORIZED", status=401, category="AUTHENTICATION_ERROR")
    if not VERSION.fullmatch(request.headers.get("square-version", "")):
        raise RefusedError("INVALID_SQUARE_VERSION_FORMAT")


def app(page: int = 1000) -> Asgi:
    """A fresh account."""
    square = TinySquare(page)
    made = Starlette(routes=[Route("/{path:path}", square.answer, methods=METHODS)])
    made.state.square = square
    return cast("Asgi", made)


SPECIMENS = (
    Specimen(
        label="tills",
        app=app,
        settings={
            "access_token": TOKEN,
            "prices": {"tax_included": True, "locations": {ChannelCode("CORK"): CORK}},
            "loyalty": {"location": DUBLIN},
            "customers": {"country": "IE"},
            "receipts": True,
        },
        ports=frozenset(
            {
                "CustomerDirectory",
                "LocationSource",
                "LoyaltyProgram",
                "PriceSource",
                "PurchaseHistory",
                "ReceiptSource",
                "StockSource",
            }
        ),
        loyalty=loyalty_specimen(),
        customers=customers_specimen(),
        skus=(Sku("TRAIL-42"), Sku("BOTTLE"), Sku("ROPE-M")),
        locations={LocationCode("DUB-1"): DUBLIN, LocationCode("ORK-1"): "Cork"},
    ),
)
