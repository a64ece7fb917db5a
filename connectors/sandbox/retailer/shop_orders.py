"""How does the e-commerce platform take orders? By the client's own key, in the address."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.orders import Line, Order, OrderBook, OrderRefusedError

CONFLICTS = ("other_order",)
Parts = Mapping[str, tuple[tuple[str, int], ...]]


class OrderDesk:
    """The endpoints."""

    def __init__(self, book: OrderBook, now: http.Now, sets: Parts) -> None:
        """`sets` are what leaves the shelf for an article that lies on none."""
        self._book = book
        self._sets = sets
        self._now = now

    async def put_order(self, request: Request) -> Response:
        """Take an order, or tell of the one that has the key."""
        asked = await http.body_of(request)
        lines = self._lines(_line(row) for row in http.rows_in(asked, "items"))
        http.cell(asked, "total", str)
        try:
            order = self._book.take(request.path_params["key"], lines, asked)
        except OrderRefusedError as error:
            status = 409 if str(error) in CONFLICTS else 422
            raise HTTPException(status, str(error)) from error
        return http.reply(_told(order))

    def _lines(self, asked: Iterable[Line]) -> tuple[Line, ...]:
        """Pieces by article and depot, whichever lines want them."""
        pieces: Counter[tuple[str, str]] = Counter()
        for line in asked:
            for sku, count in self._sets.get(line.sku, ((line.sku, 1),)):
                pieces[sku, line.place] += count * line.pieces
        return tuple(Line(sku, place, count) for (sku, place), count in pieces.items())

    async def list_orders(self, request: Request) -> Response:
        """Orders by key."""
        keys = http.limited(request.query_params.getlist("key"), "key")
        found = [_told(self._book.orders[key]) for key in keys if key in self._book.orders]
        stamp = self._now().isoformat(timespec="milliseconds")
        return http.reply({"served_at": stamp, "items": found})

    async def cancel_order(self, request: Request) -> Response:
        """Stop an order."""
        return _ended(self._book.cancel, request)

    async def ship_order(self, request: Request) -> Response:
        """Be who packs: its goods leave."""
        return _ended(self._book.complete, request)


def _ended(end: Callable[[str], Order | None], request: Request) -> Response:
    try:
        order = end(request.path_params["key"])
    except OrderRefusedError as error:
        raise HTTPException(409, str(error)) from error
    if order is None:
        raise HTTPException(404, "unknown_order")
    return http.reply(_told(order))


def _line(row: dict[str, Any]) -> Line:
    return Line(
        http.cell(row, "sku", str), http.cell(row, "depot", str), http.cell(row, "quantity", int)
    )


def _told(order: Order) -> Mapping[str, Any]:
    return {
        "key": order.key,
        "number": order.reference,
        "state": order.state("open", "cancelled", "completed"),
        "currency": order.told.get("currency"),
        "total": order.told["total"],
    }
