"""What may be promised of what is wanted? Stock by location; what is unknown counts as nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial

from msgspec import structs

from app.availability.model import Aggregate, Availability, AvailabilityStatus, Spot, Spread
from app.promises.model import Line
from app.upstream.report import Freshness
from app.values import LocationCode, Sku

Status = AvailabilityStatus


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one location has of each line; None where nobody could say."""

    units: tuple[int, ...]
    unknown: bool
    carried: bool


@dataclass(frozen=True)
class Seen:
    """Stock as it was seen: at which locations, and when.

    `spreads` are by line, each in the order of `codes`. What is told of a location is worked out
    when somebody asks: a quote of one line looks at units alone.
    """

    codes: tuple[LocationCode, ...]
    spreads: tuple[Spread, ...]
    short: Mapping[Sku, int]
    as_of: datetime | None
    freshness: Freshness

    def units(self, codes: tuple[LocationCode, ...]) -> tuple[tuple[int, ...], ...]:
        """What some locations have of each line; nothing where it was not looked at."""
        columns = zip(*map(_sellable, self.spreads), strict=True)
        if codes == self.codes:
            return tuple(columns)
        found, nothing = dict(zip(self.codes, columns, strict=True)), (0,) * len(self.spreads)
        return tuple([found.get(code, nothing) for code in codes])

    @cached_property
    def by_location(self) -> Mapping[LocationCode, Shelf]:
        """What each has, and whether it could say."""
        return {code: _shelf(parts) for code, parts in self._told()}

    @cached_property
    def vector(self) -> Mapping[LocationCode, datetime | None]:
        """How old the oldest of what each told is."""
        return {
            code: min((part.as_of for part in parts if part.as_of), default=None)
            for code, parts in self._told()
        }

    def _told(self) -> Sequence[tuple[LocationCode, tuple[Availability, ...]]]:
        rows = [spread.parts for spread in self.spreads]
        return list(zip(self.codes, zip(*rows, strict=True), strict=True)) if rows else []

    @property
    def unknown(self) -> tuple[LocationCode, ...]:
        """Locations that could not say something."""
        return tuple(code for code, one in self.by_location.items() if one.unknown)

    def among(self, spots: Collection[Spot], lines: Sequence[Line]) -> "Seen":
        """The same where only some spots may be taken from."""
        left = tuple(
            Spread(
                tuple(
                    part
                    if Spot(line.sku, code) in spots
                    else structs.replace(part, available_to_sell=0)
                    for code, part in zip(self.codes, spread.parts, strict=True)
                )
            )
            for line, spread in zip(lines, self.spreads, strict=True)
        )
        return replace(self, spreads=left)


def seen(
    lines: Sequence[Line],
    codes: Sequence[LocationCode],
    spreads: Mapping[Sku, Spread],
    *,
    global_buffer: int,
) -> Seen:
    """Put together what is known of the lines, and of which there is too little."""
    totals = [spreads[line.sku].together(global_buffer=global_buffer) for line in lines]
    known = [total.as_of for total in totals if total.as_of is not None]
    return Seen(
        codes=tuple(codes),
        spreads=tuple(spreads[line.sku] for line in lines),
        short=_short(lines, totals),
        as_of=min(known, default=None),
        freshness=max((total.freshness for total in totals), key=list(Freshness).index),
    )


def _sellable(spread: Spread) -> tuple[int, ...]:
    """Units by location, kept with what they were read from."""
    units: tuple[int, ...] = spread.faces.kept("sellable", partial(_units, spread.parts))
    return units


def _units(parts: Sequence[Availability]) -> tuple[int, ...]:
    return tuple([part.available_to_sell or 0 for part in parts])


def _shelf(parts: Sequence[Availability]) -> Shelf:
    return Shelf(
        units=_units(parts),
        unknown=any(part.status is Status.UNKNOWN for part in parts),
        carried=any(part.status is not Status.NOT_CARRIED for part in parts),
    )


def _short(lines: Sequence[Line], totals: Sequence[Aggregate]) -> Mapping[Sku, int]:
    """Lines of which not enough may be sold, and how many there are."""
    return {
        line.sku: total.available_to_sell or 0
        for line, total in zip(lines, totals, strict=True)
        if (total.available_to_sell or 0) < line.quantity
    }
