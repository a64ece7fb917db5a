"""What have we said of orders that a partner took, and how do we say the next thing once?

The words about an order are one row of records, which all processes share: each names the file that
says it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from connectors.filedrop.drop import At, Drop, DropError, SilentError
from connectors.filedrop.reading import ENDINGS, word
from connectors.filedrop.records import Records, RefusedError
from connectors.filedrop.selling import Acceptance, Despatch, Packed, Sale, Word
from connectors.filedrop.selling_settings import Sales
from connectors.filedrop.sending import checked
from connectors.filedrop.settings import Settings

MOST = 1_000_000  # bytes of a record: a parcel has as many lines as an order
UNKNOWN = "there is no such order"
OVER = "the order is over, or not paid yet"
NOT_LEFT = "a line is not in the order, or not as often"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A word that goes out: the file that waits for it, and the units by line of a parcel."""

    ready: str
    key: str
    units: dict[str, int] | None = None


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that has left, as the gateway tells of it."""

    lines: dict[str, int]
    carrier: str
    tracking: str
    shipped_at: datetime
    carrier_name: str = ""
    service: str = ""


class Words:
    """Those about the orders of one partner. `find` tells of an order, if it is known."""

    def __init__(
        self,
        drop: Drop,
        settings: Settings,
        sales: Sales,
        now: Callable[[], datetime],
        find: Callable[[str], Sale | None],
    ) -> None:
        self._settings, self._sales, self._now, self._find = settings, sales, now, find
        self._records = Records(drop, f"{settings.folders.records}/sales", MOST)
        self._said: dict[str, list[Said]] = {}
        self._there: set[str] | None = None
        self._lock = asyncio.Lock()
        self._hearing = asyncio.Lock()

    async def accept(self, key: str, number: str) -> str | None:
        """Say that we have an order; under which key it was said, None where nobody waits for it.

        Raises:
            RefusedError: there is no such order, or it is cancelled.
            DropError: only `SilentError` leaves it unknown.
        """
        checked(key)
        async with self._lock:
            while (said := _acceptance(await self.heard(number, anew=True))) is None:
                sale = self._known(number)
                if sale.state == "CANCELLED":
                    raise RefusedError(OVER)
                if not self._sales.acknowledge:
                    return None
                await self._say(number, Acceptance(number=key, of=number, told_at=self._now()))
            await self._out(said)
        return said.key

    async def despatch(self, key: str, number: str, parcel: Parcel) -> None:
        """Say that a parcel has left.

        Raises:
            RefusedError: there is no such order or line, or nothing may leave for it.
            DropError: only `SilentError` leaves it unknown.
        """
        checked(key)
        async with self._lock:
            while True:
                heard = await self.heard(number, anew=True)
                if said := next((one for one in heard if one.key == key), None):
                    break
                packed = _packed(self._known(number), parcel.lines, sent(heard))
                told = Despatch(
                    number=key,
                    of=number,
                    told_at=self._now(),
                    lines=packed,
                    carrier=parcel.carrier,
                    carrier_name=parcel.carrier_name,
                    service=parcel.service,
                    tracking=parcel.tracking,
                    shipped_at=parcel.shipped_at,
                )
                await self._say(number, told)
            await self._out(said)

    async def heard(self, number: str, *, anew: bool = False) -> Sequence[Said]:
        """What was said of an order; with `anew` by any process up to now."""
        if self._there is None:
            await self.look()
        stem = _stem(number)
        async with self._hearing:
            heard = self._said.setdefault(stem, [])
            while anew or self._name(stem) in (self._there or ()):
                if (one := await self._records.kept(self._name(stem), Said)) is None:
                    break
                heard.append(one)
            return heard

    async def look(self) -> None:
        """Know what there is to hear of all orders, whichever process said it; one listing."""
        async with self._hearing:
            self._there = {name for name in await self._records.names() if name.endswith(".json")}

    def _name(self, stem: str) -> str:
        """Of the record behind those that were heard."""
        return f"{stem}.{len(self._said[stem]) + 1}.json"

    async def _say(self, number: str, told: Word) -> None:
        """Claim the next place for it, unless somebody else does, whom we follow then."""
        stem = _stem(number)
        units = None
        if isinstance(told, Despatch):
            units = {line.reference: line.quantity for line in told.lines}

        def said(ready: str) -> Said:
            return Said(ready=ready, key=told.number, units=units)

        try:
            data = word(told, self._sales)
        except ValueError as error:
            raise RefusedError(f"the document cannot be written: {error}") from None
        await self._records.claim(self._name(stem), stem, data, said)

    async def _out(self, said: Said) -> None:
        name = f"{self._sales.prefix}{said.key}{ENDINGS[self._sales.format]}"
        try:
            await self._records.out(said.ready, At(self._settings.folders.outbox, name))
        except DropError as error:  # it is on its way: nobody may be told that it is not
            raise SilentError(str(error)) from None

    def _known(self, number: str) -> Sale:
        if (sale := self._find(number)) is None:
            raise RefusedError(UNKNOWN)
        return sale


def accepted(heard: Sequence[Said]) -> bool:
    """Whether it was said that we have the order."""
    return _acceptance(heard) is not None


def sent(heard: Sequence[Said]) -> Mapping[str, int]:
    """The units of each line that have left."""
    units: Counter[str] = Counter()
    for one in heard:
        units.update(one.units or {})
    return units


def _acceptance(heard: Sequence[Said]) -> Said | None:
    return next((one for one in heard if one.units is None), None)


def _packed(sale: Sale, wanted: Mapping[str, int], left: Mapping[str, int]) -> tuple[Packed, ...]:
    if sale.state != "OPEN":
        raise RefusedError(OVER)
    lines = {line.reference: line for line in sale.lines if not line.cancelled}
    for reference, units in wanted.items():
        line = lines.get(reference)
        if line is None or not 1 <= units <= line.quantity - left.get(reference, 0):
            raise RefusedError(NOT_LEFT)
    if not wanted:
        raise RefusedError(NOT_LEFT)
    return tuple(Packed(one, lines[one].sku, units) for one, units in wanted.items())


def _stem(number: str) -> str:
    return sha256(number.encode()).hexdigest()[:32]
