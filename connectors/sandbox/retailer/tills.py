"""The tills of the stores: remote calls whose answers are tables, a header and rows of cells.

Every branch sends its counts to the head office once a minute, each at a second of its own; what
the head office tells of a branch was true then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.bonus import Bonus
from connectors.sandbox.retailer.bonus_desk import BonusDesk
from connectors.sandbox.retailer.clock import Count
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.journal import Journal
from connectors.sandbox.retailer.places import STORES, Store
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.till_customers import CustomerCalls, routes_of

REPORTS_EVERY = timedelta(minutes=1)
FLOOR_SHARE = 60  # percentage of the usual level that fits on the sales floor
STOCK_COLUMNS = (
    "itemNo",
    "branchNo",
    "qtyFloor",
    "qtyBackroom",
    "qtyLayaway",
    "qtyDamaged",
    "reportedAt",
    "lastMovementAt",
)
BRANCH_COLUMNS = (
    "branchNo",
    "branchName",
    "street",
    "postcode",
    "city",
    "province",
    "countryIso",
    "lat",
    "lon",
    "timeZone",
    "openingHours",
    "services",
    "phone",
)


def app(seed: int, now: http.Now) -> Starlette:
    """The tills of one seed."""
    tills, bonus, journal = _Tills(seed, now), Bonus(seed, now), Journal(seed, now)
    customers = CustomerCalls(seed, now, journal, bonus)
    made = Starlette(
        routes=[
            *(Route(at, asked, methods=["POST"]) for at, asked in routes_of(customers)),
            Route("/rpc/stock.query", tills.query_stock, methods=["POST"]),
            Route("/rpc/branches.list", tills.list_branches, methods=["POST"]),
            *BonusDesk(bonus, now).routes(),
            *journal.routes(),
        ],
        exception_handlers={HTTPException: http.refusal},
    )
    made.state.register = customers.register
    made.state.bonus, made.state.journal = bonus, journal
    return made


class _Tills:
    """The remote calls."""

    def __init__(self, seed: int, now: http.Now) -> None:
        self._seed = seed
        self._stock = stock(seed)
        self._now = now

    async def query_stock(self, request: Request) -> Response:
        asked = await http.body_of(request)
        items, branches = http.ids_in(asked, "itemNos"), http.ids_in(asked, "branchNos")
        rows: list[Sequence[Any]] = []
        for store in STORES:
            if store.number in branches:
                rows.extend(self._counts(store, items))
        return self._table(STOCK_COLUMNS, rows)

    async def list_branches(self, _request: Request) -> Response:
        return self._table(BRANCH_COLUMNS, [_branch(store) for store in STORES])

    def _counts(self, store: Store, items: list[str]) -> Iterable[Sequence[Any]]:
        reported = self._reported(store)
        zone = ZoneInfo(store.zone)
        for item in items:
            count = self._stock.count(item, store.number, reported)
            cycle = self._stock.cycle(item, store.number, reported)
            if count is not None and cycle is not None:
                shown = _split(count, cycle.level)
                moments = (_local(reported, zone), _local(count.moved, zone))
                yield (item, store.number, *shown, *moments)

    def _reported(self, store: Store) -> datetime:
        """When the branch reported last."""
        now = self._now()
        second = Dice(self._seed, "reports", store.number).below(60)
        late = timedelta(seconds=(now.second - second) % 60, microseconds=now.microsecond)
        return now - late

    def _table(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Response:
        stamp = self._now().isoformat(timespec="seconds")
        return http.reply({"ok": True, "answeredAt": stamp, "columns": columns, "rows": rows})


def _split(count: Count, level: int) -> tuple[int, int, int, int]:
    """Floor, back room, lay-away, damaged; laid-away pieces lie in the back room."""
    free = count.pieces - count.set_aside
    floor = min(free, max(1, level * FLOOR_SHARE // 100))
    return floor, count.pieces - floor, count.set_aside, count.damaged


def _branch(store: Store) -> Sequence[Any]:
    return (
        store.number,
        store.name,
        store.street,
        store.postcode,
        store.city,
        store.province,
        store.country,
        store.latitude,
        store.longitude,
        store.zone,
        store.hours,
        store.services,
        store.phone,
    )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).isoformat(timespec="seconds")
