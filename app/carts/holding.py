"""What is held for a cart, and where? All of it or nothing, for a while."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from msgspec import structs

from app.availability import ledger
from app.availability.bundles import with_components
from app.availability.level_rows import News
from app.availability.model import Availability, Spot
from app.availability.refusals import InsufficientStock, Shortage, SlotsFull, StockUnknown
from app.availability.service import NOW, AvailabilityService
from app.availability.slot_rows import Room
from app.carts import events, repository
from app.carts.acting import CartActs, Change, Contended, Request, let_go
from app.carts.hearing import Heard, demand_of, known
from app.carts.model import Cart, CartHold, CartPromise, HeldUnits, Line
from app.carts.promising import NO_PROMISES, CartPromises, sources_of
from app.carts.refusals import InvalidCartInput
from app.carts.spending import CartPoints
from app.carts.wanted import countable, some
from app.errors import Refusal
from app.ports import PointsKey, StockLevel
from app.store import Work
from app.values import LocationCode, Sku

MOST_TRIES = 3  # to find units that nobody takes meanwhile


class Part(NamedTuple):
    """Units of a line that are to come from one location."""

    line: int
    location: LocationCode
    quantity: int


class Wanted(NamedTuple):
    """What a hold is to keep: units, and places in slots of work."""

    units: tuple[HeldUnits, ...]
    slots: Room


class _Raced(InsufficientStock):
    """There was enough where it was looked for, and then somebody else was faster."""


class CartHolds:
    """Places holds and releases them."""

    def __init__(
        self,
        acts: CartActs,
        availability: AvailabilityService,
        promises: CartPromises,
        points: CartPoints,
    ) -> None:
        self._acts = acts
        self._availability = availability
        self._promises = promises
        self._points = points

    async def hold(
        self, cart: str, version: int, parts: Sequence[Part] | None, request: Request
    ) -> Cart:
        """The cart with all its units held, at the locations in `parts` or where there are some.

        What is promised is held where the promise takes it from, with its places in slots of work.

        Raises:
            PromiseDrifted: a promise does not hold any more.
            InsufficientStock: there are fewer; what was held before stays held.
            StockUnknown: nobody can say whether there are.
            NotEnoughPoints: the cart spends more than there are; as above.
        """
        for _ in range(MOST_TRIES - 1 if parts is None else 0):
            with suppress(_Raced, SlotsFull):
                return await self._hold(cart, version, parts, request)
        try:
            return await self._hold(cart, version, parts, request)
        except _Raced as lost:
            raise InsufficientStock(lost.shortages) from lost
        except SlotsFull as lost:
            seen = await self._acts.open_at(cart, version, request)
            raise await self._promises.crowded_out(seen, request) from lost

    async def _hold(
        self, cart: str, version: int, parts: Sequence[Part] | None, request: Request
    ) -> Cart:
        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            if not seen.lines:
                raise InvalidCartInput("There is nothing in the cart.", path=("cartId",))
            discounts, store = self._acts.discounts, self._acts.store
            await discounts.checked(seen, store, request.inquiry, request.now)
            if parts is not None and seen.promises:
                message = "The cart's promises say where it is held: leave parts out."
                raise InvalidCartInput(message, path=("parts",))
            promises = self._promises
            kept = NO_PROMISES if parts is not None else await promises.to_hold(seen, request)
            heard = await self._heard(seen, request)
            found = partial(_found, seen, kept.promises, heard)
            lots = found() if parts is None else _chosen(seen, parts, heard)
            wanted = Wanted(heard.units(lots), kept.slots)
            rows = frozenset([*heard.spots(seen.skus, wanted.units), *wanted.slots])
            key = await self._points.reserved(seen, request.now)
            return Contended(lambda work: self._held(work, seen, wanted, heard, key), rows)

        try:
            return await self._seen_by_all(request, prepare)
        except Refusal:
            await self._points.not_held(cart, request.now)
            raise

    async def release(self, cart: str, version: int, request: Request) -> Cart:
        """The cart with nothing held; one that holds nothing stays as it is."""

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)

            def change(work: Work) -> Cart:
                before = self._acts.locked(work, seen.id, version)
                if not let_go(work, before):
                    return before
                after = self._acts.keep(work, replace(before, hold=None))
                work.tell(events.hold_released(after))
                return after

            return change

        return await self._seen_by_all(request, prepare)

    async def _seen_by_all(
        self, request: Request, prepare: Callable[[], Awaitable[Change]]
    ) -> Cart:
        """The cart after a change, which shows in what others are told from now on."""
        cart = await self._acts.once(request, prepare)
        self._availability.promises_changed()
        return cart

    async def _heard(self, cart: Cart, request: Request) -> Heard:
        _, rules = self._acts.channel(cart.channel)
        places = self._availability.selling(rules, to=None, report=request.inquiry.report)
        made_of = await self._availability.made_of(cart.skus, request.inquiry)
        own = with_components(cart.skus, made_of)
        spreads = await self._availability.at(
            dict.fromkeys([*cart.skus, *own]),
            places,
            request.inquiry,
            max_age=NOW,
            holder=repository.holder_of(cart.id),
        )
        return Heard(spreads=spreads, made_of=made_of, buffer=rules.global_buffer)

    def _held(
        self, work: Work, seen: Cart, wanted: Wanted, heard: Heard, key: PointsKey | None
    ) -> Cart:
        demand = demand_of(wanted.units)
        cart = self._acts.locked(work, seen.id, seen.version)
        holder = repository.holder_of(cart.id)
        spots = heard.spots(cart.skus, wanted.units)
        needed = [part for part in heard.own(cart.skus) if part.spot in spots]
        ledger.hear(work, news_of(needed))
        if heard.buffer:
            self._keep_buffer(work, cart, [part.spot for part in needed], heard)
        until = work.now + self._acts.terms.hold_for
        try:
            hold = ledger.place(work, holder, demand, until=until, slots=wanted.slots)
        except InsufficientStock as refusal:
            raise _Raced(heard.told(refusal.shortages, wanted.units)) from refusal
        self._points.hold(work, cart, hold.fence, until, key)
        held = CartHold(fence=hold.fence, expires_at=until, units=wanted.units, points=cart.points)
        cart = self._acts.keep(work, replace(cart, hold=held))
        work.tell(events.cart_held(cart, hold.fence))
        return cart

    def _keep_buffer(self, work: Work, cart: Cart, spots: Sequence[Spot], heard: Heard) -> None:
        """Refuse what would touch the units that the channel never sells."""
        holder = repository.holder_of(cart.id)
        found = ledger.positions(work.connection, spots, now=work.now, holder=holder, locked=True)
        free: dict[Sku, int] = {}
        for sku in {spot.sku for spot in spots}:
            at = [one for spot, one in found.items() if spot.sku == sku]
            left = sum(one.uncommitted for one in at) - heard.buffer
            free[sku] = max(0, min(sum(one.sellable for one in at), left))
        short = []
        for line in cart.lines:  # lines that share a component share what there is of it
            left = min(free.get(sku, 0) // count for sku, count in heard.needs(line.sku))
            if left < line.quantity:
                short.append(_shortage(line, left))
            for sku, count in heard.needs(line.sku):
                free[sku] = free.get(sku, 0) - count * min(left, line.quantity)
        if short:
            raise InsufficientStock(short)


def _chosen(cart: Cart, parts: Sequence[Part], heard: Heard) -> dict[Spot, int]:
    """What the caller wants held where; each line to its last unit."""
    some(parts, "parts")
    named = cart.numbered([part.line for part in parts], "parts")
    lines = {line.number: line for line in named}
    demand: dict[Spot, int] = {}
    for place, part in enumerate(parts):
        countable(part.quantity, place, "parts")
        spot = Spot(lines[part.line].sku, part.location)
        if all(spot != one.spot for one in heard.parts(spot.sku)):
            raise InvalidCartInput(
                "The cart's channel does not sell from this location.",
                path=("parts", str(place), "location"),
            )
        demand[spot] = demand.get(spot, 0) + part.quantity
    for line in cart.lines:
        if sum(units for spot, units in demand.items() if spot.sku == line.sku) != line.quantity:
            raise InvalidCartInput("The parts of a line are as many as its units.", path=("parts",))
    at = {one.spot: one for sku in cart.skus for one in heard.parts(sku)}
    unknown = [
        Shortage(sku=spot.sku, location=spot.location, asked=units, available=None)
        for spot, units in sorted(demand.items())
        if not known(at[spot])
    ]
    if unknown:
        raise StockUnknown(unknown)
    return demand


def _found(cart: Cart, promises: Sequence[CartPromise], heard: Heard) -> dict[Spot, int]:
    """Where the units come from: as promised, or from one location where there is one with all."""
    lots = sources_of(promises)
    promised = {units.line for promise in promises for units in promise.units}
    pool = heard.pool(cart.skus)
    pool.take(heard.units(lots))
    short, unknown = [], []
    for line in cart.lines:
        if line.number in promised:
            continue
        parts = heard.parts(line.sku)
        free = {part.spot: pool.makes(part.spot, heard) for part in parts if known(part)}
        if (there := sum(free.values())) >= line.quantity:
            taken = shared_out(line.quantity, free)
            pool.take(heard.units(taken))
            lots |= taken
        elif all(known(part) for part in parts):
            short.append(_shortage(line, there))
        else:
            unknown.append(_shortage(line, there if free else None))
    if short:
        raise InsufficientStock(short)
    if unknown:
        raise StockUnknown(unknown)
    return lots


def shared_out(asked: int, free: Mapping[Spot, int]) -> dict[Spot, int]:
    """Exactly so many units, from the first spot that has all, else from one after another."""
    for spot, units in free.items():
        if units >= asked:
            return {spot: asked}
    shared: dict[Spot, int] = {}
    for spot, units in free.items():
        if (taken := min(units, asked - sum(shared.values()))) > 0:
            shared[spot] = taken
    return shared


def news_of(parts: Iterable[Availability]) -> list[News]:
    """What is written of spots that somebody could tell of."""
    return [News(_level(part), part.source or "") for part in parts]


def _level(part: Availability) -> StockLevel:
    """What is written of a spot; of one that is not carried, that there is nothing."""
    as_of = part.as_of
    assert as_of is not None  # noqa: S101  it is known
    if part.level is not None:
        return structs.replace(part.level, as_of=as_of)
    return StockLevel(sku=part.spot.sku, location=part.spot.location, on_hand=0, as_of=as_of)


def _shortage(line: Line, available: int | None) -> Shortage:
    return Shortage(sku=line.sku, asked=line.quantity, available=available)
