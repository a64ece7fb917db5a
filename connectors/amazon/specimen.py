"""Amazon in miniature, for the conformance suites: it answers as the published models say."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.ports import (
    MarketOrderNumber,
    MarketWriteKey,
    Offer,
    Parcel,
    ShippedLine,
)
from app.values import CurrencyCode, Money, Sku
from connectors.amazon.specimen_desk import (
    CLIENT,
    NOT_FOUND,
    THROTTLED,
    Json,
    RefusedError,
    TinyLogin,
    TinyPlan,
    now,
)
from connectors.amazon.specimen_listings import SELLER, TinyListings
from connectors.amazon.specimen_orders import (
    FRANCE,
    ITALY,
    MIXED,
    OPEN,
    ORDERS,
    PLANNED,
    PRIVATE,
    TinyOrders,
)
from connectors.kit.specimen import Asgi, ListingsSpecimen, MarketSpecimen, Specimen

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
LOGIN = "/auth/o2/token"
ORDERS_AT = "/orders/2026-01-01/orders"
ITEMS_AT = "/listings/2021-08-01/items"
SHIPMENTS_AT = "/externalFulfillment/2024-09-11/shipments"
WIDE = 1e6  # calls a second of a seller whose plans Amazon has widened


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, with the usage plan that its model documents."""

    method: str
    path: str
    handler: Callable[..., Json | None]
    rate: float
    burst: int


class TinyAmazon:
    """One seller's account, and how each operation answers.

    `wide`: the seller has wider plans than the documented ones, as the headers of answers tell.
    """

    def __init__(self, *, wide: bool = True, clock: Callable[[], datetime] = now) -> None:
        self._clock = clock
        self.refusals = 0  # of calls that were too many
        self.login = TinyLogin(clock)
        self.orders = TinyOrders(clock)
        self.listings = TinyListings()
        orders, listings = self.orders, self.listings
        self.operations = (
            Operation("GET", ORDERS_AT, orders.search, 0.0056, 20),
            Operation("GET", f"{ORDERS_AT}/{{order}}", orders.one, 0.5, 30),
            Operation(
                "POST", "/orders/v0/orders/{order}/shipmentConfirmation", orders.confirm, 2, 10
            ),
            Operation("GET", f"{SHIPMENTS_AT}/{{shipment}}", orders.shipment, 2, 5),
            Operation("POST", f"{SHIPMENTS_AT}/{{shipment}}", orders.process, 2, 5),
            Operation("GET", f"{ITEMS_AT}/{{seller}}", listings.search, 5, 5),
            Operation("PATCH", f"{ITEMS_AT}/{{seller}}/{{sku}}", listings.patch, 5, 5),
        )
        self.plans = {
            (one.method, one.path): TinyPlan(
                WIDE if wide else one.rate, WIDE if wide else one.burst
            )
            for one in self.operations
        }

    async def answer(self, request: Request) -> Response:
        """The answer to one request, whatever it is."""
        body = await request.body()
        if request.url.path == LOGIN:
            status, told = self.login.token(dict(parse_qsl(body.decode())))
            return JSONResponse(told, status_code=status)
        headers: dict[str, str] = {"x-amzn-RequestId": "a-request"}
        try:
            self.login.admit(request.headers.get("x-amz-access-token"))
            operation, ids = self._found(request)
            plan = self.plans[operation.method, operation.path]
            plan.take(self._clock())
            headers["x-amzn-RateLimit-Limit"] = f"{plan.rate}"
            told_of = operation.handler(dict(request.query_params), _read(body), *ids)
        except RefusedError as refused:
            if refused.status == THROTTLED:
                self.refusals += 1
            return JSONResponse(refused.document, status_code=refused.status, headers=headers)
        if told_of is None:
            return Response(status_code=204, headers=headers)
        return JSONResponse(told_of, headers=headers)

    def widen(self, method: str, path: str, rate: float) -> None:
        """Another rate for an operation, as Amazon gives it to sellers; the burst stays."""
        self.plans[method, path].rate = rate

    def _found(self, request: Request) -> tuple[Operation, tuple[str, ...]]:
        path = request.scope["raw_path"].decode()
        for operation in self.operations:
            found = re.fullmatch(re.sub(r"\{\w+\}", r"([^/]+)", operation.path), path)
            if found is not None and operation.method == request.method:
                return operation, found.groups()
        raise RefusedError("NotFound", status=NOT_FOUND)


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        raise RefusedError("InvalidInput") from None


def app(**options: Any) -> Asgi:
    """A fresh account."""
    amazon = TinyAmazon(**options)
    made = Starlette(routes=[Route("/{path:path}", amazon.answer, methods=METHODS)])
    made.state.amazon = amazon
    return cast("Asgi", made)


def _amazon(app: Any) -> TinyAmazon:
    found: TinyAmazon = app.state.amazon
    return found


def _figures(app: Any) -> list[tuple[str, Any]]:
    sold = _amazon(app).listings.held("TRAIL-42")
    return [(sku, (quantity, Decimal(amount))) for sku, (quantity, amount) in sold]


SETTINGS = {
    "login_url": None,
    "client_id": CLIENT["client_id"],
    "client_secret": CLIENT["client_secret"],
    "refresh_token": CLIENT["refresh_token"],
    "seller_id": SELLER,
    "orders": {
        "marketplaces": [ITALY, FRANCE],
        "since": datetime(2025, 6, 1, tzinfo=UTC),
        "people": True,
    },
    "listings": {"marketplace": ITALY, "currency": "EUR"},
}
SPECIMENS = (
    Specimen(
        label="seller",
        app=app,
        settings=SETTINGS,
        ports=frozenset({"ListingSink", "OrderSource"}),
        skus=(Sku("TRAIL-42"), Sku("BOTTLE"), Sku("ROPE-M")),
        market=MarketSpecimen(
            numbers=tuple(MarketOrderNumber(one["orderId"]) for one in ORDERS),
            parcel=Parcel(
                key=MarketWriteKey("T-0"),
                order=MarketOrderNumber(OPEN),
                lines=(ShippedLine(reference="11", quantity=1),),
                carrier="DHL",
                service="DHL Paket",
                tracking="00340434161094000000",
                shipped_at=datetime(2025, 6, 2, 12, tzinfo=UTC),
            ),
            waiting=MarketOrderNumber(PLANNED),
            private=PRIVATE,
            held=lambda app: _amazon(app).orders.held(),
        ),
        listings=ListingsSpecimen(
            offer=Offer(
                sku=Sku("TRAIL-42"),
                quantity=7,
                price=Money(Decimal("79.90"), CurrencyCode("EUR")),
            ),
            held=_figures,
        ),
    ),
)
__all__ = ["MIXED", "SPECIMENS", "TinyAmazon", "app"]
