"""What was sold and taken back at the seller's tills, in the order in which Square knows it?

Square lists orders by when they last changed, which for those of a till that was offline is when it
came back. So a cursor is an instant and what has been told of it. What changed in the last moments
is left for the next time, as Square may still be about to list something before it.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import orjson

from app.errors import InvalidInputError, UpstreamBroken
from app.ports import ReceiptPage, Wiring
from app.values import Sku
from connectors.kit.rows import answer, batches
from connectors.square import order_mapping as mapping
from connectors.square.api import Api, Call, Reply, together, understood
from connectors.square.order_mapping import Names, Part, Row
from connectors.square.places import Places
from connectors.square.variations import Variations

LOCATIONS_PER_CALL = 10
ORDERS_PER_PAGE = 1000
MOST_PAGES = 50
SETTLED = timedelta(seconds=30)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
ORDERS = Call(operation="orders", path="v2/orders/search", rows="orders")


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list: an instant, and the receipts of it that have been told."""

    at: datetime = BEGINNING
    told: frozenset[str] = frozenset()

    @classmethod
    def of(cls, cursor: str | None) -> "Place":
        """The place of a cursor.

        Raises:
            InvalidInputError: it is none of these receipts.
        """
        if cursor is None:
            return cls()
        try:
            at, told = orjson.loads(base64.urlsafe_b64decode(cursor))
            found = cls(datetime.fromisoformat(at), frozenset(map(str, told)))
        except (binascii.Error, TypeError, ValueError):
            found = None
        if found is None or found.at.utcoffset() is None:
            raise InvalidInputError("after is not a cursor of these receipts", argument="after")
        return found

    def cursor(self) -> str:
        """The cursor of the place."""
        return base64.urlsafe_b64encode(orjson.dumps([self.at, sorted(self.told)])).decode()

    def behind(self, part: Part) -> "Place":
        """The place after one more receipt."""
        told = self.told if part.changed_at == self.at else frozenset[str]()
        return Place(part.changed_at, told | {part.number})


@dataclass(frozen=True, slots=True)
class Window:
    """Which receipts are looked for: those behind a place, settled by a time."""

    after: Place
    until: datetime
    first: int

    def question(self, places: list[str]) -> dict[str, Any]:
        """The search for orders of some locations."""
        most = self.first + len(self.after.told) + 1
        changed = {"start_at": self.after.at.isoformat(), "end_at": self.until.isoformat()}
        return {
            "location_ids": places,
            "limit": min(most, ORDERS_PER_PAGE),
            "query": {
                "filter": {
                    "state_filter": {"states": ["COMPLETED"]},
                    "date_time_filter": {"updated_at": changed},
                },
                "sort": {"sort_field": "UPDATED_AT", "sort_order": "ASC"},
            },
        }

    def holds(self, part: Part) -> bool:
        """Whether a receipt is one of them."""
        if part.changed_at == self.after.at:
            return part.number not in self.after.told
        return part.changed_at > self.after.at


@dataclass(frozen=True, slots=True)
class Listed:
    """Receipts of some locations that were not told yet."""

    parts: Sequence[Part]
    as_of: datetime


class Receipts:
    """Fulfils `ReceiptSource`."""

    def __init__(self, wiring: Wiring, api: Api, places: Places, variations: Variations) -> None:
        self._api = api
        self._places = places
        self._variations = variations
        self._now = wiring.now

    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        """See `ReceiptSource`."""
        window = Window(Place.of(after), self._now() - SETTLED, first)
        places = await self._places.every()
        listed = await together(
            self._listed(batch, window) for batch in batches(places, LOCATIONS_PER_CALL)
        )
        found = {part.number: part for one in listed for part in one.parts}
        parts = sorted(found.values(), key=lambda part: (part.changed_at, part.number))
        as_of = min((one.as_of for one in listed), default=self._now())
        told = parts[:first]
        names = Names(await named(self._variations, [part.order for part in told]), places)
        read = answer(
            told,
            lambda part: mapping.receipt(part, names),
            as_of=as_of,
            reference=lambda part: part.number,
        )
        return ReceiptPage(
            receipts=read.rows,
            cursor=reduce(Place.behind, told, window.after).cursor(),
            more=len(parts) > first,
            as_of=as_of,
            rejected=read.rejected,
        )

    async def _listed(self, places: list[str], window: Window) -> Listed:
        """More receipts of some locations than are asked for, or all that there are."""
        asked, fresh = window.question(places), dict[str, Part]()
        reply = await self._api.send(ORDERS, asked)
        pages = [reply]
        while True:
            fresh.update({part.number: part for part in _parts(reply) if window.holds(part)})
            if len(fresh) > window.first or (cursor := reply.cursor()) is None:
                return Listed(tuple(fresh.values()), min(page.as_of for page in pages))
            if len(pages) >= MOST_PAGES:
                raise UpstreamBroken("the pages of orders do not end")
            reply = await self._api.send(ORDERS, {**asked, "cursor": cursor})
            pages.append(reply)


def _parts(reply: Reply) -> Iterator[Part]:
    """An order of which nobody can say what and when it was is one that may be lost: it is told."""
    for row in reply.rows():
        yield from understood(row, lambda order: tuple(mapping.parts(order)), "order")


async def named(variations: Variations, orders: Iterable[Row]) -> Mapping[str, Sku]:
    """The SKUs of what was sold or taken back."""
    ids: list[str] = []
    for order in orders:
        with suppress(LookupError, TypeError, ValueError):  # told when the order itself is read
            ids += mapping.variations(order)
    return await variations.skus(ids)
