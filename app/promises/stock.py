"""What may be promised of what is wanted? Stock by location; what is unknown counts as nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def seen(
    lines: Sequence[Line],
    codes: Sequence[LocationCode],
    spreads: Mapping[Sku, Spread],
    *,
    global_buffer: int,
    held: Mapping[Spot, int],
) -> Seen:
    """Put together what is known of the lines, and of which there is too little.

    `held` are units that others have been promised.
    """
    rows = [spreads[line.sku].parts for line in lines]
    columns = list(zip(*rows, strict=True)) if rows else []
    shelves = {code: _shelf(parts, held) for code, parts in zip(codes, columns, strict=True)}
    totals = [spreads[line.sku].together(global_buffer=global_buffer) for line in lines]
    known = [total.as_of for total in totals if total.as_of is not None]
    return Seen(
        by_location=shelves,
        short=_short(lines, totals, held),
        as_of=min(known, default=None),
        freshness=max((total.freshness for total in totals), key=list(Freshness).index),
        vector={
            code: min((part.as_of for part in parts if part.as_of), default=None)
            for code, parts in zip(codes, columns, strict=True)
        },
    )


def _shelf(parts: Sequence[Availability], held: Mapping[Spot, int]) -> Shelf:
    return Shelf(
        units=tuple(
            [max(0, (part.available_to_sell or 0) - held.get(part.spot, 0)) for part in parts]
        ),
        unknown=any(part.status is Status.UNKNOWN for part in parts),
        carried=any(part.status is not Status.NOT_CARRIED for part in parts),
    )


def _short(
    lines: Sequence[Line], totals: Sequence[Aggregate], held: Mapping[Spot, int]
) -> Mapping[Sku, int]:
    """Lines of which not enough may be sold, and how many there are."""
    found = {}
    for line, total in zip(lines, totals, strict=True):
        promised = sum(held.get(Spot(line.sku, code), 0) for code in total.counted)
        left = max(0, (total.available_to_sell or 0) - promised)
        if left < line.quantity:
            found[line.sku] = left
    return found
