"""The drop-ship supplier: a feed of what it could send, renewed every quarter of an hour."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.places import SUPPLIER
from connectors.sandbox.retailer.shelves import stock

RENEWED_EVERY = timedelta(minutes=15)
PROFILE: Mapping[str, Any] = {
    "supplier-id": SUPPLIER,
    "trading-name": "Manifattura del Garda",
    "postal": "Via Gardesana 70, 25080 Padenghe sul Garda, IT",
    "geo": "45.5060,10.5080",
    "zone": "Europe/Rome",
    "drop-ship": "yes",
    "takes-returns": "no",
}


def app(seed: int, now: http.Now) -> Starlette:
    """The supplier of one seed."""
    supplier = _Supplier(seed, now)
    return Starlette(
        routes=[
            Route("/feed/availability", supplier.show_availability, methods=["GET"]),
            Route("/feed/profile", supplier.show_profile, methods=["GET"]),
        ],
        exception_handlers={HTTPException: http.refusal},
    )


class _Supplier:
    """The endpoints."""

    def __init__(self, seed: int, now: http.Now) -> None:
        self._seed = seed
        self._stock = stock(seed)
        self._now = now

    async def show_availability(self, request: Request) -> Response:
        refs = http.limited(request.query_params.getlist("ref"), "ref")
        asks_us = SUPPLIER in request.query_params.getlist("supplier")
        generated = self._generated()
        lines = list(self._lines(refs, generated)) if asks_us else []
        return http.reply({"generated": int(generated.timestamp()), "lines": lines})

    async def show_profile(self, _request: Request) -> Response:
        return http.reply({"generated": int(self._generated().timestamp()), "suppliers": [PROFILE]})

    def _generated(self) -> datetime:
        now = self._now()
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return now - (now - day) % RENEWED_EVERY

    def _lines(self, refs: list[str], generated: datetime) -> Iterator[Mapping[str, Any]]:
        for ref in refs:
            count = self._stock.count(ref, SUPPLIER, generated)
            cycle = self._stock.cycle(ref, SUPPLIER, generated)
            if count is None or cycle is None:
                continue
            days = Dice(self._seed, "lead time", ref).between(2, 9)
            wait = -((generated - cycle.ends) // timedelta(days=1))  # whole days, rounded up
            yield {
                "ref": ref,
                "supplier": SUPPLIER,
                "available": count.pieces - count.set_aside,
                "lead-time-days": days,
                "next-batch": {"pieces": cycle.reorder, "in-days": wait + days}
                if cycle.reorder
                else None,
            }
