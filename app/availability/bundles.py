"""What of a bundle can be sold from a location? As many as can be put together there."""

from collections.abc import Collection, Mapping, Sequence

from app.availability.model import (
    AGES,
    IN_STOCK,
    NOT_CARRIED,
    OUT_OF_STOCK,
    Availability,
    AvailabilityStatus,
    Spot,
    Spread,
    sellable,
    uncommitted,
)
from app.ports import StockLevel
from app.products.bundles import Components, MadeOf
from app.values import Sku

Parts = Sequence[tuple[Spread, int]]
"""What a bundle is put together of, and how many units of it."""


def with_components(skus: Collection[Sku], made_of: MadeOf) -> list[Sku]:
    """What has stock of its own: SKUs that are no bundles, and the components of those that are."""
    own = [sku for sku in skus if sku not in made_of]
    parts = [one.sku for sku in skus if sku in made_of for one in made_of[sku]]
    return list(dict.fromkeys([*own, *parts]))


def bundled(
    sku: Sku, components: Components, spreads: Mapping[Sku, Spread], known: Spread | None = None
) -> Spread:
    """A bundle at the locations at which its components were looked at.

    It is the one that is `known` where that was made of the very same.
    """
    made_of = tuple((spreads[one.sku], one.quantity) for one in components)
    if known is not None and _same(known.made_of, made_of):
        return known
    columns = zip(*(spread.parts for spread, _ in made_of), strict=True)
    counts = [count for _, count in made_of]
    return Spread(tuple(_bundle(sku, parts, counts) for parts in columns), made_of=made_of)


def _same(some: Parts, others: Parts) -> bool:
    return len(some) == len(others) and all(
        one is other and units == more
        for (one, units), (other, more) in zip(some, others, strict=True)
    )


def _bundle(sku: Sku, parts: Sequence[Availability], counts: Sequence[int]) -> Availability:
    """Unknown where one of its components is; not carried where one of them is not."""
    first = parts[0]
    spot = Spot(sku, first.spot.location)
    known = [part.as_of for part in parts if part.as_of is not None]
    if len(known) < len(parts) or any(p.status is AvailabilityStatus.UNKNOWN for p in parts):
        return Availability.unknown(spot, source=first.source)
    as_of, freshness = min(known), max((part.freshness for part in parts), key=AGES.index)
    levels = [(part.level, part.promised) for part in parts if part.level is not None]
    if len(levels) < len(parts):
        return Availability(spot, NOT_CARRIED, None, None, as_of, freshness, first.source)
    told = list(zip(levels, counts, strict=True))
    there = min(level.on_hand // count for (level, _), count in told)
    free = min((uncommitted(level) - promised) // count for (level, promised), count in told)
    left = min((sellable(level) - promised) // count for (level, promised), count in told)
    quantity = max(0, left)
    level = StockLevel(
        sku=sku,
        location=spot.location,
        on_hand=there,
        reserved=there - free,
        safety_stock=max(0, free - quantity),
        as_of=as_of,
    )
    status = IN_STOCK if quantity > 0 else OUT_OF_STOCK
    return Availability(spot, status, level, quantity, as_of, freshness, first.source)
