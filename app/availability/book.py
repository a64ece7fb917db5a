"""Which promises are there, by SKU? All of them, in memory; holds that ran out do not count."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from app.availability.model import Promises, Spot
from app.values import LocationCode, Sku

ByLocation = Mapping[LocationCode, Promises]
NOWHERE: ByLocation = MappingProxyType({})
FOR_EVER = datetime.max.replace(tzinfo=UTC)
NOTHING = Promises()
LONG = timedelta(days=1)  # no level is shown that is so old


class PromisedLine(NamedTuple):
    """Units of a spot that an owner has: a holder `until` a time, an order for good.

    `known_at` is since when the upstream's own figures have what an order has.
    """

    owner: str
    ordered: bool
    spot: Spot
    quantity: int
    until: datetime = FOR_EVER
    known_at: datetime | None = None


class _Sum(NamedTuple):
    """What is promised of a SKU, `until` the first of its holds runs out."""

    at: ByLocation
    until: datetime


@dataclass(slots=True)
class Book:
    """The promises of every owner: a holder, or an order."""

    _lines: dict[str, list[PromisedLine]] = field(default_factory=dict)
    _owners: dict[Sku, set[str]] = field(default_factory=dict)
    _sums: dict[Sku, _Sum] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many owners there are."""
        return len(self._lines)

    def replace(self, owners: Iterable[str], lines: Iterable[PromisedLine]) -> None:
        """Owners have these lines now, and no others."""
        for owner in owners:
            self._drop(owner)
        for line in lines:
            self._lines.setdefault(line.owner, []).append(line)
            self._owners.setdefault(line.spot.sku, set()).add(line.owner)
            self._sums.pop(line.spot.sku, None)

    def drop_over(self, now: datetime) -> None:
        """Forget owners whose holds ran out, or whose orders the upstream has known for long."""
        long_ago = now - LONG
        over = [
            owner
            for owner, lines in self._lines.items()
            if all(_over(line, now, long_ago) for line in lines)
        ]
        for owner in over:
            self._drop(owner)

    def of(self, sku: Sku, *, now: datetime, holder: str | None = None) -> ByLocation:
        """What is promised of a SKU, by location; what a `holder` holds is left out."""
        if sku not in self._owners:
            return NOWHERE
        known = self._sums.get(sku)
        if known is None or known.until <= now:
            known = self._sums[sku] = self._sum(sku, now)
        mine = () if holder is None else self._lines.get(holder, ())
        return _without(known.at, [line for line in mine if line.spot.sku == sku], now)

    def _drop(self, owner: str) -> None:
        for line in self._lines.pop(owner, ()):
            sku = line.spot.sku
            self._sums.pop(sku, None)
            if (owners := self._owners.get(sku)) is not None:
                owners.discard(owner)
                if not owners:
                    del self._owners[sku]

    def _sum(self, sku: Sku, now: datetime) -> _Sum:
        held: dict[LocationCode, int] = {}
        ordered: dict[LocationCode, dict[datetime | None, int]] = {}
        until = FOR_EVER
        for owner in self._owners[sku]:
            for line in self._lines[owner]:
                if line.spot.sku != sku or line.until <= now:
                    continue
                until, at = min(until, line.until), line.spot.location
                if line.ordered:
                    units = ordered.setdefault(at, {})
                    units[line.known_at] = units.get(line.known_at, 0) + line.quantity
                else:
                    held[at] = held.get(at, 0) + line.quantity
        return _Sum(_together(held, ordered), until)


def _over(line: PromisedLine, now: datetime, long_ago: datetime) -> bool:
    return line.until <= now or (line.known_at is not None and line.known_at <= long_ago)


def _together(
    held: Mapping[LocationCode, int],
    ordered: Mapping[LocationCode, Mapping[datetime | None, int]],
) -> ByLocation:
    return {
        at: Promises(
            held.get(at, 0),
            tuple((units, known_at) for known_at, units in ordered.get(at, {}).items()),
        )
        for at in held.keys() | ordered.keys()
    }


def _without(promised: ByLocation, mine: Collection[PromisedLine], now: datetime) -> ByLocation:
    """The same without what one holder holds."""
    holds = [line for line in mine if not line.ordered and line.until > now]
    if not holds:
        return promised
    left = dict(promised)
    for line in holds:
        at = line.spot.location
        left[at] = left[at]._replace(held=left[at].held - line.quantity)
    return {at: promises for at, promises in left.items() if promises != NOTHING}
