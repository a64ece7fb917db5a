"""What was a partner told last of our stock and prices, and how is it told the next thing?

Each publication is a file, in the place of its number; the records of all of them are one row that
all processes share. A number is claimed once the file of the one before it is out, so that files
appear in the order of their numbers, whoever dies in between. A full one holds all that was ever
told: the records before the last two of them are not needed any more.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog

from connectors.filedrop.drop import At, Drop, DropError, SilentError
from connectors.filedrop.offering import Wanted, fault, offered
from connectors.filedrop.reading import ENDINGS, listing
from connectors.filedrop.records import Records, RefusedError
from connectors.filedrop.selling import Offered, Publication
from connectors.filedrop.selling_settings import Listings
from connectors.filedrop.settings import Settings

log = structlog.get_logger()
NUMBERED = re.compile(r"(\d{12})\.json")
LARGER = 8  # times as large as its file may a record be
TOO_LARGE = "the file would be larger than the limit"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """That a publication goes out: the file that waits for it, and all that it tells."""

    ready: str
    name: str
    number: int
    full: bool
    at: datetime
    key: str | None = None
    offers: tuple[Offered, ...] = ()


@dataclass
class _Told:
    """What all publications so far come to."""

    offers: dict[str, Offered] = field(default_factory=dict)
    keys: dict[str, Entry] = field(default_factory=dict)
    last: Entry | None = None
    fulls: list[int] = field(default_factory=list)
    full_at: datetime | None = None

    def take(self, entry: Entry) -> None:
        self.last = entry
        self.offers |= {one.sku: one for one in entry.offers}
        if entry.key is not None:
            self.keys[entry.key] = entry
        if entry.full:
            self.fulls = [*self.fulls, entry.number][-2:]
            self.full_at = entry.at
            first = self.fulls[0]
            self.keys = {key: one for key, one in self.keys.items() if one.number >= first}

    @property
    def number(self) -> int:
        return 0 if self.last is None else self.last.number


class Publisher:
    """Tells one partner. Any number of processes may."""

    def __init__(
        self, drop: Drop, settings: Settings, listings: Listings, now: Callable[[], datetime]
    ) -> None:
        self._settings, self._listings, self._now = settings, listings, now
        folder = f"{settings.folders.records}/listings"
        self._records = Records(drop, folder, LARGER * settings.limits.bytes)
        self._lock = asyncio.Lock()
        self._told = _Told()
        self._out = 0  # the number of the last one that is out

    async def publish(self, key: str, wanted: Sequence[Wanted]) -> Mapping[str, str | None]:
        """Have it told; why not, of each SKU that cannot be told as it is, None of all others.

        Raises:
            RefusedError: the file would be too large.
            DropError: only `SilentError` leaves it unknown.
        """
        latest = {one.sku: one for one in wanted}
        verdicts = {sku: fault(one, self._listings) for sku, one in latest.items()}
        async with self._lock:
            await self._catch_up()
            verdicts |= self._too_many([sku for sku, wrong in verdicts.items() if wrong is None])
            good = [one for sku, one in latest.items() if verdicts[sku] is None]
            while good and key not in self._told.keys:
                await self._next(good, key)
        return verdicts

    async def told(self, skus: Sequence[str]) -> list[Offered]:
        """What was told last of these SKUs."""
        async with self._lock:
            await self._catch_up()
        known = self._told.offers
        return [known[sku] for sku in dict.fromkeys(skus) if sku in known]

    async def round(self) -> None:
        """Tell all of it, where its time has come."""
        async with self._lock:
            if self._told.last is None or self._due(self._now()):
                await self._catch_up()
            number = self._told.number
            while self._told.offers and self._due(self._now()) and number == self._told.number:
                try:
                    await self._next((), None)
                except RefusedError:  # it has been logged; what is new is told all the same
                    return

    async def _catch_up(self) -> None:
        """Learn what others have told, and see that the last file is out."""
        found = [NUMBERED.fullmatch(name) for name in await self._records.names()]
        numbers = sorted(int(one[1]) for one in found if one is not None)
        for number in numbers:
            if number > self._told.number:
                entry = await self._records.kept(_name(number), Entry)
                if entry is not None:
                    self._told.take(entry)
        await self._bring_out()
        for number in numbers:
            if len(self._told.fulls) > 1 and number < self._told.fulls[0]:
                await self._records.forget(_name(number))

    async def _bring_out(self) -> None:
        last = self._told.last
        if last is not None and last.number > self._out:
            outbox = self._settings.folders.outbox
            await self._records.out(last.ready, At(outbox, last.name))
            self._out = last.number

    async def _next(self, wanted: Sequence[Wanted], key: str | None) -> None:
        """Claim the next number for it, unless somebody else does, whom we follow then."""
        last = self._told.last
        at = max(self._now(), last.at) if last is not None else self._now()
        before = self._told.offers
        new = {one.sku: offered(one, before.get(one.sku), at) for one in wanted}
        publication, data = self._written(new, at)
        entry = Entry(
            ready="",
            name=self._file_of(publication),
            number=publication.number,
            full=publication.full,
            at=at,
            key=key,
            offers=publication.offers,
        )
        ready = await self._records.claim(
            _name(entry.number),
            f"{entry.number:012d}",
            data,
            lambda ready: msgspec.structs.replace(entry, ready=ready),
        )
        if ready is None:
            await self._catch_up()
            return
        self._told.take(msgspec.structs.replace(entry, ready=ready))
        try:
            await self._bring_out()
        except DropError as error:  # it is on its way: nobody may be told that it is not
            raise SilentError(str(error)) from None

    def _file_of(self, one: Publication) -> str:
        kind, at = "full" if one.full else "delta", one.at.astimezone(UTC)
        name = f"{self._listings.prefix}{one.number:09d}-{kind}-{at:%Y%m%dT%H%M%SZ}"
        return f"{name}{ENDINGS[self._listings.format]}"

    def _written(self, new: Mapping[str, Offered], at: datetime) -> tuple[Publication, bytes]:
        """All of it where that is due and fits, else what is new."""
        everything = {**self._told.offers, **new}
        for full in (True, False) if self._due(at) else (False,):
            offers = everything if full else new
            publication = Publication(
                number=self._told.number + 1, full=full, at=at, offers=tuple(offers.values())
            )
            data = listing(publication, self._listings)
            if len(data) <= self._settings.limits.bytes:
                return publication, data
            log.error("filedrop.listing_too_large", full=full, bytes=len(data))
            if full and not new:
                break
        raise RefusedError(TOO_LARGE)

    def _due(self, at: datetime) -> bool:
        """Whether the next one is to be a full one."""
        told = self._told
        if told.full_at is None or told.number - told.fulls[-1] >= self._listings.full_after:
            return True
        if (clock := self._listings.full_at) is None:
            return False
        zone = ZoneInfo(self._listings.dates.zone)
        today = datetime.combine(at.astimezone(zone).date(), clock, zone)
        last = today if today <= at else today - timedelta(days=1)
        return told.full_at < last.astimezone(UTC)

    def _too_many(self, skus: Sequence[str]) -> dict[str, str | None]:
        """Those that would be more than anything is told of."""
        new = [sku for sku in skus if sku not in self._told.offers]
        room = max(0, self._listings.most - len(self._told.offers))
        return dict.fromkeys(new[room:], "TOO_MANY_SKUS")


def _name(number: int) -> str:
    return f"{number:012d}.json"
