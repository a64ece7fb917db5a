"""How does the marketplace speak? REST: the retailer's side, and that of the buyers."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.market import (
    ARRIVES,
    LEAVES,
    Market,
    MarketRefusedError,
    Offer,
    Order,
)

LARGEST_PAGE = 100
UNKNOWN = "unknown_order"
SOMEBODY: Mapping[str, Any] = {
    "name": "Grace Example",
    "mail": "x7q2k@market.example",
    "phone": "+39 02 000000",
    "street": "Via Esempio 12",
    "zip": "20121",
    "town": "Milano",
    "country": "IT",
}


def app(seed: int, now: http.Now) -> Starlette:
    """The marketplace of one seed: it has a page of every article of the assortment."""
    market = Market(iter(assortment(seed).skus), now)
    desk = _Desk(market, now)
    app = Starlette(
        routes=[
            Route("/market/orders", desk.list_orders, methods=["GET"]),
            Route("/market/orders/lookup", desk.look_up, methods=["GET"]),
            Route("/market/orders/{no}/acceptance", desk.accept, methods=["PUT"]),
            Route("/market/orders/{no}/parcels/{key}", desk.send, methods=["PUT"]),
            Route("/market/offers", desk.list_offers, methods=["GET"]),
            Route("/market/offers", desk.put_offers, methods=["POST"]),
            Route("/market/checkout", desk.buy, methods=["POST"]),
            Route("/market/checkout/{no}/payment", desk.pay, methods=["POST"]),
            Route("/market/checkout/{no}", desk.cancel, methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: http.refusal},
    )
    app.state.market = market
    return app


class _Desk:
    """The endpoints."""

    def __init__(self, market: Market, now: http.Now) -> None:
        self._market = market
        self._now = now

    async def list_orders(self, request: Request) -> Response:
        query = request.query_params
        size, since = query.get("limit", "50"), query.get("since", "0")
        if not size.isdecimal() or not since.isdecimal():
            raise HTTPException(400, "bad_since")
        try:
            most = min(max(int(size), 1), LARGEST_PAGE)
            found, end, more = self._market.since(int(since), most)
        except MarketRefusedError as error:
            raise HTTPException(400, str(error)) from error
        return self._orders(found, end=end, more=more)

    async def look_up(self, request: Request) -> Response:
        numbers = http.limited(request.query_params.getlist("no"), "no")
        return self._orders(
            [self._market.orders[no] for no in numbers if no in self._market.orders]
        )

    async def accept(self, request: Request) -> Response:
        return self._one(request, self._market.accept)

    async def send(self, request: Request) -> Response:
        asked = await http.body_of(request)
        rows = http.rows_in(asked, "items")
        http.cell(asked, "tracking", str)
        pieces = {http.cell(row, "item", str): http.cell(row, "pieces", int) for row in rows}
        key = request.path_params["key"]
        return self._one(request, lambda no: self._market.send(no, key, pieces))

    async def list_offers(self, request: Request) -> Response:
        skus = http.limited(request.query_params.getlist("sku"), "sku")
        offers = self._market.offers
        return self._told({"offers": [_offer(sku, offers[sku]) for sku in skus if sku in offers]})

    async def put_offers(self, request: Request) -> Response:
        asked = await http.body_of(request)
        rows = http.rows_in(asked, "offers")
        http.limited([http.cell(row, "sku", str) for row in rows], "offers")
        return self._told({"results": [self._put(row) for row in rows]})

    async def buy(self, request: Request) -> Response:
        asked = await http.body_of(request)
        rows = http.rows_in(asked, "items")
        wanted = {http.cell(row, "sku", str): http.cell(row, "pieces", int) for row in rows}
        buyer = asked.get("buyer", SOMEBODY)
        try:
            order = self._market.buy(wanted, buyer, paid=asked.get("paid", True) is not False)
        except MarketRefusedError as error:
            raise HTTPException(409, str(error)) from error
        return http.reply({"asOf": self._stamp(), "order": _order(order)})

    async def pay(self, request: Request) -> Response:
        return self._one(request, self._market.pay)

    async def cancel(self, request: Request) -> Response:
        return self._one(request, self._market.cancel)

    def _put(self, row: dict[str, Any]) -> Mapping[str, Any]:
        sku, quantity, price = row["sku"], row.get("quantity"), row.get("price")
        if quantity is not None and (type(quantity) is not int or quantity < 0):
            return {"sku": sku, "outcome": "refused", "why": "bad_quantity"}
        try:
            paid = None if price is None else (Decimal(price["amount"]), str(price["currency"]))
        except (InvalidOperation, LookupError, TypeError):
            return {"sku": sku, "outcome": "refused", "why": "bad_price"}
        if not self._market.offer(sku, quantity, paid):
            return {"sku": sku, "outcome": "refused", "why": "no_page"}
        return {"sku": sku, "outcome": "taken", "why": None}

    def _one(self, request: Request, change: Any) -> Response:
        try:
            order = change(request.path_params["no"])
        except MarketRefusedError as error:
            status = 404 if str(error) == UNKNOWN else 409
            raise HTTPException(status, str(error)) from error
        return http.reply({"asOf": self._stamp(), "order": _order(order)})

    def _orders(self, found: Iterable[Order], **rest: Any) -> Response:
        return self._told({"orders": [_order(one) for one in found], **rest})

    def _told(self, document: Mapping[str, Any]) -> Response:
        return http.reply({"asOf": self._stamp(), **document})

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _order(order: Order) -> Mapping[str, Any]:
    return {
        "no": order.no,
        "state": order.state,
        "boughtAt": order.at.isoformat(timespec="milliseconds"),
        "changedAt": order.changed.isoformat(timespec="milliseconds"),
        "leaveBy": (order.at + LEAVES).isoformat(timespec="milliseconds"),
        "arriveBy": (order.at + ARRIVES).isoformat(timespec="milliseconds"),
        "awaitsAcceptance": not order.accepted,
        "currency": order.currency,
        "total": str(order.total),
        "buyer": dict(order.buyer),
        "items": [
            {
                "item": one.no,
                "sku": one.sku,
                "pieces": one.pieces,
                "sent": one.sent,
                "price": str(one.price),
            }
            for one in order.items
        ],
    }


def _offer(sku: str, offer: Offer) -> Mapping[str, Any]:
    price = {"amount": str(offer.amount), "currency": offer.currency}
    return {
        "sku": sku,
        "quantity": offer.quantity,
        "price": None if offer.amount is None else price,
        "buyable": "yes" if offer.buyable else "no",
    }
