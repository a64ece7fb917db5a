"""Where else are units that a sink refused, and when would they be there?

An order that was promised is asked of the promise engine again: by the same method, to the same
place, in time where that can be, and where there is room in the slots of work. One that was not is
sent from where there are units. What the channel keeps from sale is there for what it has sold, so
its buffer does not count here. A bundle is put together at one place, of what it was made of when
it was sold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import structs

from app.availability.bundles import bundled, with_components
from app.availability.level_rows import News
from app.availability.model import Availability, AvailabilityStatus, Spot
from app.availability.repository import Demand
from app.availability.service import NOW, AvailabilityService
from app.carts.hearing import Heard, demand_of
from app.carts.holding import shared_out
from app.locations.model import Places
from app.orders.model import Order
from app.orders.replacing import Route
from app.orders.sourcing import Found, NotKnownError, Wanted
from app.partners.terms import Terms
from app.ports import Promised
from app.promises.model import Destination, Line, Option
from app.promises.question import Question
from app.promises.ranking import Preference
from app.promises.refusals import PromiseRefusal
from app.promises.service import PromiseService
from app.settings import Channel as ChannelRules
from app.upstream.deadline import Deadline
from app.upstream.readings import Inquiry
from app.upstream.report import Report
from app.values import FulfilmentMethod, Sku

JUST_ASKED = timedelta(minutes=1)
UNKNOWN = AvailabilityStatus.UNKNOWN
SENT = FulfilmentMethod.SHIP_TO_HOME
Parts = Mapping[Spot, Availability]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where else units may be taken from, and `heard`: what there is of what they are made of."""

    there: Parts
    heard: Heard

    def fits(self, demand: Demand) -> bool:
        """Whether there is all of it: what shares a component shares what there is of it."""
        pool = self.heard.pool(list(self.heard.spreads))
        needs = demand_of(self.heard.units(demand))
        return all(pool.free.get(spot, 0) >= units for spot, units in needs.items())

    def news(self, demand: Demand) -> tuple[News, ...]:
        """What was just heard of what leaves the shelf."""
        needs = demand_of(self.heard.units(demand))
        own = self.heard.own([spot.sku for spot in demand])
        return tuple(_news(part) for part in own if part.spot in needs)

    def anywhere(self, units: Mapping[Sku, int]) -> dict[Spot, int]:
        """Each SKU from one place that has all of it, else from several; nothing where one lacks.

        Bundles first: of what they leave, it is no matter where it is.
        """
        pool, demand = self.heard.pool(list(units)), dict[Spot, int]()
        for sku in sorted(units, key=lambda one: one not in self.heard.made_of):
            free = {spot: pool.makes(spot, self.heard) for spot in self.there if spot.sku == sku}
            if sum(free.values()) < units[sku]:
                return {}
            taken = shared_out(units[sku], free)
            pool.take(self.heard.units(taken))
            demand |= taken
        return demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Finds units by availability and by promises. `within`: how long others may be asked."""

    availability: AvailabilityService
    promises: PromiseService
    preference: Preference
    channels: Mapping[str, ChannelRules]
    partners: Mapping[str, Terms]
    route: Route
    now: Callable[[], datetime]
    within: timedelta

    async def find(self, wanted: Wanted) -> Found | None:
        """See `Finder.find`."""
        order = wanted.order
        rules = self._rules(order)
        if rules is None or (order.promised is None and order.method is not SENT):
            return None  # nobody knows where the buyer comes to
        inquiry = Inquiry(Deadline.after(self.within), Report())
        missing = Report()
        address = order.address if order.promised is None else None  # the engine knows who goes
        to = None if address is None else address.country
        places = self.availability.selling(rules, to=to, report=missing)
        seen = await self._seen(wanted, places, inquiry)
        found = await self._found(wanted, rules, seen, inquiry)
        silent = any(part.status is UNKNOWN for part in seen.there.values())
        if found is None and (silent or any(missing.failures)):
            raise NotKnownError(order.number)
        return found

    def _rules(self, order: Order) -> ChannelRules | None:
        """By what its channel sells; from where its partner does, if one sold it."""
        if order.partner is not None and (terms := self.partners.get(order.partner)) is not None:
            return terms.selling
        return self.channels.get(order.channel)

    async def _seen(self, wanted: Wanted, places: Places, inquiry: Inquiry) -> Seen:
        made_of = wanted.made_of
        own = with_components(wanted.units, made_of)
        spreads = dict(await self.availability.at(own, places, inquiry, max_age=NOW))
        bundles = {sku: bundled(sku, of, spreads) for sku, of in made_of.items()}
        spreads |= bundles
        parts = [part for sku in wanted.units for part in spreads[sku].parts]
        there = {part.spot: part for part in parts if self._serves(part, wanted)}
        return Seen(there=there, heard=Heard(spreads=spreads, made_of=made_of, buffer=0))

    def _serves(self, part: Availability, wanted: Wanted) -> bool:
        """Whether somebody else carries out what comes from there."""
        sink = self.route(part.spot.location)
        return sink is not None and sink not in wanted.barred[part.spot.sku]

    async def _found(
        self, wanted: Wanted, rules: ChannelRules, seen: Seen, inquiry: Inquiry
    ) -> Found | None:
        order, promised = wanted.order, wanted.order.promised
        if promised is None:
            anywhere = seen.anywhere(wanted.units)
            return Found(demand=anywhere, news=seen.news(anywhere)) if anywhere else None
        now = self.now()
        options = await self._options(self._question(wanted, rules, seen), seen, inquiry, now)
        option = self._preferred(promised, options)
        if option is None:
            return None
        demand, late = sources_of(option), option.latest > promised.latest
        window = Promised(earliest=option.earliest, latest=option.latest)
        return Found(
            demand=demand,
            news=seen.news(demand),
            slots=self.promises.slots([option], holder=order.number, now=now),
            expected=window if late else None,
        )

    async def _options(
        self, question: Question, seen: Seen, inquiry: Inquiry, now: datetime
    ) -> list[Option]:
        """All of which there are units; to the engine, each line has its components to itself."""
        units = {line.sku: line.quantity for line in question.lines}
        for among in (frozenset(seen.there), frozenset(seen.anywhere(units))):
            asked = replace(question, among=among)
            try:
                answer = await self.promises.options(asked, inquiry, now=now)
            except PromiseRefusal:
                return []
            options = [option for choice in answer.choices for option in choice.options]
            fitting = [option for option in options if seen.fits(sources_of(option))]
            if fitting or not options:
                return fitting
        return []

    def _preferred(self, promised: Promised, options: list[Option]) -> Option | None:
        """What the retailer prefers of all that is in time; else what is there first."""
        in_time = [one for one in options if one.latest <= promised.latest]
        first = self.preference.first(in_time)
        return first or min(options, key=lambda one: one.latest, default=None)

    def _question(self, wanted: Wanted, rules: ChannelRules, seen: Seen) -> Question:
        order = wanted.order
        return Question(
            lines=tuple(Line(sku, units) for sku, units in wanted.units.items()),
            channel=rules.named(order.channel),
            selling=rules.model_copy(update={"global_buffer": 0}),
            methods=(order.method,),
            destination=_destination(order),
            stores=() if order.store is None else (order.store,),
            max_age=JUST_ASKED,
            among=frozenset(seen.there),
            holder=order.number,  # its own places in slots are free to it
        )


def _destination(order: Order) -> Destination | None:
    address = order.address
    if address is None or address.country is None or order.method is not SENT:
        return None
    return Destination(address.country, address.postal_code)


def sources_of(option: Option) -> Demand:
    """Where the units of an option come from."""
    demand: dict[Spot, int] = {}
    for leg in option.legs:
        for line in leg.lines:
            spot = Spot(line.sku, leg.location)
            demand[spot] = demand.get(spot, 0) + line.quantity
    return demand


def _news(part: Availability) -> News:
    """What was just heard of a place that has something."""
    level, as_of = part.level, part.as_of
    assert level is not None  # noqa: S101  it has some
    assert as_of is not None  # noqa: S101  it is known
    return News(structs.replace(level, as_of=as_of), part.source or "")
