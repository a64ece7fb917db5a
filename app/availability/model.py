"""What we are willing to sell, as opposed to what stands on the shelf."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from app import values
from app.ports import IncomingSupply, StockLevel
from app.upstream.readings import Faces, Reading
from app.upstream.report import Freshness
from app.upstream.rows import Shelf
from app.values import LocationCode, LocationService, Sku


class Spot(NamedTuple):
    """One SKU at one location: the key every availability question is asked by."""

    sku: Sku
    location: LocationCode


class AvailabilityStatus(StrEnum):
    """Can it be sold from here?"""

    IN_STOCK = "IN_STOCK"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    NOT_CARRIED = "NOT_CARRIED"
    UNKNOWN = "UNKNOWN"


IN_STOCK, OUT_OF_STOCK = AvailabilityStatus.IN_STOCK, AvailabilityStatus.OUT_OF_STOCK
NOT_CARRIED, UNKNOWN = AvailabilityStatus.NOT_CARRIED, AvailabilityStatus.UNKNOWN
NOBODY_COULD_SAY = Freshness.UNKNOWN
AGES = tuple(Freshness)
MOST_UNITS = 999_999_999  # an Int of GraphQL and a column hold the difference of two such figures
FulfilmentMethod = values.FulfilmentMethod
NEEDED_SERVICE = {
    FulfilmentMethod.SHIP_TO_HOME: LocationService.SHIP_FROM,
    FulfilmentMethod.PICK_UP_IN_STORE: LocationService.PICKUP,
    FulfilmentMethod.RESERVE_IN_STORE: LocationService.RESERVE,
}


class Promises(NamedTuple):
    """Units of a spot that we have promised: `held`, and ordered since its system knew of them."""

    held: int = 0
    ordered: tuple[tuple[int, datetime | None], ...] = ()

    def with_(self, quantity: int, known_at: datetime | None, *, ordered: bool) -> "Promises":
        """With more of them."""
        if ordered:
            return self._replace(ordered=(*self.ordered, (quantity, known_at)))
        return self._replace(held=self.held + quantity)

    def beside(self, level: StockLevel) -> int:
        """Those that a level does not have yet."""
        return self.held + sum(
            quantity
            for quantity, known_at in self.ordered
            if known_at is None or known_at > level.as_of
        )


class Availability(Struct, frozen=True, gc=False):
    """Whether a SKU can be sold from one location, and how many.

    UNKNOWN: nobody could say. NOT_CARRIED: the location's system answered and has no such SKU.
    In both cases there is no level and no quantity: `available_to_sell` is None. `promised` are
    units that we have promised ourselves and that the level does not have.
    """

    spot: Spot
    status: AvailabilityStatus
    level: StockLevel | None
    available_to_sell: int | None
    as_of: datetime | None
    freshness: Freshness
    source: str | None
    promised: int = 0

    @classmethod
    def of(cls, spot: Spot, reading: Reading[StockLevel] | None) -> Self:
        """The availability that a reading of the stock level means."""
        if reading is None or reading.freshness is NOBODY_COULD_SAY:
            return cls.unknown(spot, source=None if reading is None else reading.source)
        as_of, freshness, source = reading.as_of, reading.freshness, reading.source
        if (level := reading.value) is None:
            return cls(spot, NOT_CARRIED, None, None, as_of, freshness, source)
        quantity = sellable(level)
        status = IN_STOCK if quantity > 0 else OUT_OF_STOCK
        return cls(spot, status, level, quantity, as_of, freshness, source)

    @classmethod
    def unknown(cls, spot: Spot, *, source: str | None) -> Self:
        """Nobody could say."""
        return cls(
            spot=spot,
            status=UNKNOWN,
            level=None,
            available_to_sell=None,
            as_of=None,
            freshness=Freshness.UNKNOWN,
            source=source,
        )

    def less(self, promises: Promises | None) -> "Availability":
        """The same when we have promised some of it."""
        if promises is None or self.level is None:
            return self
        promised = promises.beside(self.level)
        quantity = max(0, sellable(self.level) - promised)
        status = IN_STOCK if quantity > 0 else OUT_OF_STOCK
        return replace(self, status=status, available_to_sell=quantity, promised=promised)

    @property
    def incoming(self) -> tuple[IncomingSupply, ...]:
        """Units on their way."""
        return () if self.level is None else self.level.incoming


@dataclass(frozen=True, slots=True)
class Spread:
    """One SKU at several locations, in their order.

    It is kept with the shelf of the first source that told of it; `beside` are those of the others.
    A bundle is `made_of` so many units of others each.
    """

    parts: tuple[Availability, ...]
    beside: Sequence[Shelf[StockLevel]] = ()
    made_of: tuple[tuple["Spread", int], ...] = ()
    faces: Faces = field(default_factory=Faces, compare=False, repr=False)

    def less(self, promised: Mapping[LocationCode, Promises] | None) -> "Spread":
        """The same when we have promised some of it; the very same, while it is as much."""
        if not promised:
            return self
        return self.faces.kept(("less", *promised.items()), lambda: self._less(promised))

    def _less(self, promised: Mapping[LocationCode, Promises]) -> "Spread":
        of = promised.get
        parts = [
            part if (some := of(part.spot.location)) is None else part.less(some)
            for part in self.parts
        ]
        return Spread(tuple(parts))

    def together(self, *, global_buffer: int) -> "Aggregate":
        """What can be sold over all of them; of a bundle, without touching a component's buffer."""
        return self.faces.kept(("together", global_buffer), lambda: self._together(global_buffer))

    def _together(self, global_buffer: int) -> "Aggregate":
        if not self.made_of:
            return Aggregate.over(self.parts, global_buffer=global_buffer)
        whole = Aggregate.over(self.parts, global_buffer=0)
        totals = [(one.together(global_buffer=global_buffer), n) for one, n in self.made_of]
        return whole.at_most(min((one.available_to_sell or 0) // n for one, n in totals))


def bounded(level: StockLevel) -> StockLevel:
    """The level as it is told and kept: no figure is beyond `MOST_UNITS`, either way.

    A system that says so much says that there is always enough.
    """
    if (
        -MOST_UNITS <= level.on_hand <= MOST_UNITS
        and -MOST_UNITS <= level.reserved <= MOST_UNITS
        and -MOST_UNITS <= level.damaged <= MOST_UNITS
        and -MOST_UNITS <= level.safety_stock <= MOST_UNITS
        and (not level.incoming or all(abs(one.quantity) <= MOST_UNITS for one in level.incoming))
    ):
        return level
    return replace(
        level,
        on_hand=_bounded(level.on_hand),
        reserved=_bounded(level.reserved),
        damaged=_bounded(level.damaged),
        safety_stock=_bounded(level.safety_stock),
        incoming=tuple(replace(one, quantity=_bounded(one.quantity)) for one in level.incoming),
    )


def _bounded(units: int) -> int:
    return max(-MOST_UNITS, min(units, MOST_UNITS))


def uncommitted(level: StockLevel) -> int:
    """Units nobody is owed; below zero at a location that owes more than it has."""
    return level.on_hand - level.reserved


def sellable(level: StockLevel) -> int:
    """Available to sell at one location: never below zero, nor above `MOST_UNITS`."""
    left = level.on_hand - level.reserved - level.safety_stock
    return 0 if left < 0 else min(left, MOST_UNITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What can be sold over several locations together.

    `min(sum(sellable), sum(uncommitted) - global_buffer)`, never below zero nor above `MOST_UNITS`:
    summing over locations cannot defeat the buffer, and a location that owes stock takes it from
    the total.
    Locations that could not say are counted apart; with none that could, the quantity is unknown,
    not zero.
    """

    available_to_sell: int | None
    status: AvailabilityStatus
    counted: tuple[LocationCode, ...]
    unknown: tuple[LocationCode, ...]
    as_of: datetime | None
    freshness: Freshness
    faces: Faces = field(default_factory=Faces, compare=False, repr=False)

    @classmethod
    def over(cls, parts: Iterable[Availability], *, global_buffer: int) -> Self:
        """The aggregate of one SKU's availabilities."""
        total = free = 0
        counted: list[LocationCode] = []
        unknown: list[LocationCode] = []
        ages: set[Freshness] = set()
        oldest = last = how = None
        for part in parts:
            if (level := part.level) is not None:
                owed, left = part.promised, level.on_hand - level.reserved
                free += left - owed
                if (left := min(MOST_UNITS, left - level.safety_stock) - owed) > 0:
                    total += left
                counted.append(level.location)
            elif part.status is UNKNOWN:
                unknown.append(part.spot.location)
            as_of = part.as_of
            if as_of is not None and (as_of is not last or part.freshness is not how):
                last, how = as_of, part.freshness  # mostly those of the one before, told together
                ages.add(how)
                oldest = as_of if oldest is None else min(oldest, as_of)
        quantity = max(0, min(total, free - global_buffer, MOST_UNITS))
        return cls(
            available_to_sell=None if not counted and unknown else quantity,
            status=_status(quantity, counted, unknown),
            counted=tuple(counted),
            unknown=tuple(unknown),
            as_of=oldest,
            freshness=max(ages, key=AGES.index, default=Freshness.UNKNOWN),
        )

    def at_most(self, quantity: int) -> "Aggregate":
        """The same where no more than that can be sold."""
        if self.available_to_sell is None or self.available_to_sell <= quantity:
            return self
        status = self.status if quantity else _status(0, self.counted, self.unknown)
        return changed(self, available_to_sell=quantity, status=status, faces=Faces())


def _status(
    quantity: int, levels: Sequence[object], unknown: Sequence[LocationCode]
) -> AvailabilityStatus:
    if quantity > 0:
        return AvailabilityStatus.IN_STOCK
    if unknown:
        return UNKNOWN
    return AvailabilityStatus.OUT_OF_STOCK if levels else AvailabilityStatus.NOT_CARRIED
