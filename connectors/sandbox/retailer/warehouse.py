"""The central warehouse: snapshots taken every five minutes, with purchase orders on their way."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.clock import Count, Cycle
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.orders import Line, Order, OrderBook, OrderRefusedError
from connectors.sandbox.retailer.places import WAREHOUSE
from connectors.sandbox.retailer.shelves import stock

SNAPSHOT_EVERY = timedelta(minutes=5)
ZONE = "Europe/Rome"
SITE: Mapping[str, Any] = {
    "Code": WAREHOUSE,
    "Description": "Central warehouse Piacenza",
    "Address": {
        "Street": "Via dell'Interporto 31",
        "PostalCode": "29122",
        "City": "Piacenza",
        "CountryCode": "IT",
    },
    "Coordinates": {"Latitude": 45.0520, "Longitude": 9.7660},
    "TimeZone": ZONE,
    "Processes": ["OUTBOUND_PARCEL", "INBOUND_RETURNS", "STORE_REPLENISHMENT"],
}


def app(seed: int, now: http.Now) -> Starlette:
    """The warehouse of one seed."""
    warehouse = _Warehouse(seed, now)
    app = Starlette(
        routes=[
            Route("/wms/stock", warehouse.show_stock, methods=["GET"]),
            Route("/wms/sites", warehouse.list_sites, methods=["GET"]),
            Route("/wms/deliveries", warehouse.list_deliveries, methods=["GET"]),
            Route("/wms/deliveries", warehouse.release_delivery, methods=["POST"]),
            Route("/wms/deliveries/{ref}", warehouse.stop_delivery, methods=["DELETE"]),
            Route("/wms/deliveries/{ref}/dispatch", warehouse.dispatch, methods=["POST"]),
        ],
        exception_handlers={HTTPException: http.refusal},
    )
    app.state.book = warehouse.book
    return app


class _Warehouse:
    """The endpoints."""

    def __init__(self, seed: int, now: http.Now) -> None:
        self._seed = seed
        self._stock = stock(seed)
        self._now = now
        self.book = OrderBook("D", now, self._left)

    async def show_stock(self, request: Request) -> Response:
        asked = http.limited(request.query_params.getlist("Article"), "Article")
        sites = request.query_params.getlist("Site")
        taken = self._snapshot()
        articles = list(self._articles(asked, taken)) if WAREHOUSE in sites else []
        return http.reply({"SnapshotTime": _stamp(taken), "TimeZone": ZONE, "Articles": articles})

    async def list_sites(self, _request: Request) -> Response:
        return http.reply({"SnapshotTime": _stamp(self._snapshot()), "Sites": [SITE]})

    async def release_delivery(self, request: Request) -> Response:
        asked = await http.body_of(request)
        lines = tuple(_position(row) for row in http.rows_in(asked, "Positions"))
        try:
            order = self.book.take(http.cell(asked, "ClientRef", str), lines, asked)
        except OrderRefusedError as error:
            raise HTTPException(422, str(error)) from error
        return http.reply(_delivery(order))

    async def list_deliveries(self, request: Request) -> Response:
        refs = http.limited(request.query_params.getlist("ClientRef"), "ClientRef")
        found = [_delivery(self.book.orders[ref]) for ref in refs if ref in self.book.orders]
        return http.reply({"AnsweredAt": _stamp(self._now()), "Deliveries": found})

    async def stop_delivery(self, request: Request) -> Response:
        return _ended(self.book.cancel, request)

    async def dispatch(self, request: Request) -> Response:
        """The lorry has left."""
        return _ended(self.book.complete, request)

    def _left(self, article: str, site: str) -> int | None:
        """Of this moment, whatever the last snapshot says."""
        count = self._stock.count(article, site, self._now()) if site == WAREHOUSE else None
        return None if count is None else count.pieces - count.set_aside

    def _snapshot(self) -> datetime:
        now = self._now()
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return now - (now - day) % SNAPSHOT_EVERY

    def _articles(self, asked: list[str], taken: datetime) -> Iterator[Mapping[str, Any]]:
        for article in asked:
            count = self._stock.count(article, WAREHOUSE, taken)
            cycle = self._stock.cycle(article, WAREHOUSE, taken)
            if count is not None and cycle is not None:
                kept = self.book.kept(article, WAREHOUSE, taken)
                yield self._article(article, count, cycle, kept)

    def _article(self, article: str, count: Count, cycle: Cycle, kept: int) -> Mapping[str, Any]:
        return {
            "ArticleNo": article,
            "Site": WAREHOUSE,
            "OnHand": count.pieces,
            "Allocated": count.set_aside + kept,
            "Blocked": count.damaged,
            "Inbound": list(self._inbound(article, cycle)),
        }

    def _inbound(self, article: str, cycle: Cycle) -> Iterator[Mapping[str, Any]]:
        """The next delivery, dated; sometimes a later order that the vendor has not confirmed."""
        dice = Dice(self._seed, "inbound", article, cycle.begins)
        number = 4_500_000 + dice.below(400_000)
        if cycle.reorder:
            eta = cycle.ends.astimezone(ZoneInfo(ZONE)).date()
            yield {"Order": f"PO-{number}", "Quantity": cycle.reorder, "Eta": eta.isoformat()}
        if dice.chance(15):
            yield {"Order": f"PO-{number + 1}", "Quantity": dice.between(10, 60), "Eta": None}


def _ended(end: Callable[[str], Order | None], request: Request) -> Response:
    try:
        order = end(request.path_params["ref"])
    except OrderRefusedError as error:
        raise HTTPException(409, str(error)) from error
    if order is None:
        raise HTTPException(404, "unknown_delivery")
    return http.reply(_delivery(order))


def _position(row: dict[str, Any]) -> Line:
    return Line(
        http.cell(row, "ArticleNo", str), http.cell(row, "Site", str), http.cell(row, "Pieces", int)
    )


def _delivery(order: Order) -> Mapping[str, Any]:
    state = order.state("RELEASED", "STOPPED", "DISPATCHED")
    return {"ClientRef": order.key, "DeliveryNo": order.reference, "State": state}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%dT%H%M%SZ")
