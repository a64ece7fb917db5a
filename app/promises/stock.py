"""What may be promised of what is wanted? Stock by location; what is unknown counts as nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Seen:
    """Stock as it was seen: of which locations, and when."""

    by_location: Mapping[LocationCode, Shelf]
    short: Mapping[Sku, int]
    as_of: datetime | None
    freshness: Freshness
    vector: Mapping[LocationCode, datetime | None]

    @property
    def unknown(self) -> tuple[LocationCode, ...]:
        """Locations that could not say something."""
        return tuple(code for code, one in self.by_location.items() if one.unknown)

    def among(self, spots: Collection[Spot], lines: Sequence[Line]) -> "Seen":
        """The same where only some spots may be taken from."""
        left = {
            code: replace(
                shelf,
                units=tuple(
                    units if Spot(line.sku, code) in spots else 0
                    for line, units in zip(lines, shelf.units, strict=True)
                ),
            )
            for code, shelf in self.by_location.items()
        }
        return replace(self, by_location=left)


def seen(
    lines: Sequence[Line],
    codes: Sequence[LocationCode],
    spreads: Mapping[Sku, Spread],
    *,
    global_buffer: int,
) -> Seen:
    """Put together what is known of the lines, and of which there is too little."""
    rows = [spreads[line.sku].parts for line in lines]
    columns = list(zip(*rows, strict=True)) if rows else []
    shelves = {code: _shelf(parts) for code, parts in zip(codes, columns, strict=True)}
    totals = [spreads[line.sku].together(global_buffer=global_buffer) for line in lines]
    known = [total.as_of for total in totals if total.as_of is not None]
    return Seen(
        by_location=shelves,
        short=_short(lines, totals),
        as_of=min(known, default=None),
        freshness=max((total.freshness for total in totals), key=list(Freshness).index),
        vector={
            code: min((part.as_of for part in parts if part.as_of), default=None)
            for code, parts in zip(codes, columns, strict=True)
        },
    )


def _shelf(parts: Sequence[Availability]) -> Shelf:
    return Shelf(
        units=tuple([part.available_to_sell or 0 for part in parts]),
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
