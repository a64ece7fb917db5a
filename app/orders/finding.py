"""Where else are units that a sink refused, and when would they be there?

An order that was promised is asked of the promise engine again: by the same method, to the same
place, in time where that can be. One that was not is sent from where there are units. What the
channel keeps from sale is there for what it has sold, so its buffer does not count here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import structs

from app.availability.model import Availability, AvailabilityStatus, Spot
from app.availability.repository import Demand, News
from app.availability.service import NOW, AvailabilityService
from app.carts.holding import shared_out
from app.orders.model import Order
from app.orders.sourcing import Found, NotKnownError, Route, Wanted
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
        spreads = await self.availability.at(wanted.units, places, inquiry, max_age=NOW)
        parts = [part for one in spreads.values() for part in one.parts]
        there = {part.spot: part for part in parts if self._serves(part, wanted)}
        found = await self._found(wanted, rules, there, inquiry)
        silent = any(part.status is UNKNOWN for part in there.values())
        if found is None and (silent or any(missing.failures)):
            raise NotKnownError(order.number)
        return found

    def _rules(self, order: Order) -> ChannelRules | None:
        """By what its channel sells; from where its partner does, if one sold it."""
        if order.partner is not None and (terms := self.partners.get(order.partner)) is not None:
            return terms.selling
        return self.channels.get(order.channel)

    def _serves(self, part: Availability, wanted: Wanted) -> bool:
        """Whether somebody else carries out what comes from there."""
        sink = self.route(part.spot.location)
        return sink is not None and sink not in wanted.barred[part.spot.sku]

    async def _found(
        self, wanted: Wanted, rules: ChannelRules, there: Parts, inquiry: Inquiry
    ) -> Found | None:
        promised = wanted.order.promised
        if promised is None:
            return _at(there, _anywhere(wanted.units, there))
        option = await self._option(wanted, rules, there, inquiry)
        if option is None:
            return None
        late = option.latest > promised.latest
        window = Promised(earliest=option.earliest, latest=option.latest)
        return _at(there, sources_of(option), expected=window if late else None)

    async def _option(
        self, wanted: Wanted, rules: ChannelRules, there: Parts, inquiry: Inquiry
    ) -> Option | None:
        """What the retailer prefers of all that is in time; else what is there first."""
        question = self._question(wanted, rules, there)
        try:
            answer = await self.promises.options(question, inquiry, now=self.now())
        except PromiseRefusal:
            return None
        options = [option for choice in answer.choices for option in choice.options]
        promised = wanted.order.promised
        in_time = [one for one in options if promised and one.latest <= promised.latest]
        first = self.preference.first(in_time)
        return first or min(options, key=lambda one: one.latest, default=None)

    def _question(self, wanted: Wanted, rules: ChannelRules, there: Parts) -> Question:
        order = wanted.order
        return Question(
            lines=tuple(Line(sku, units) for sku, units in wanted.units.items()),
            channel=rules.named(order.channel),
            selling=rules.model_copy(update={"global_buffer": 0}),
            methods=(order.method,),
            destination=_destination(order),
            stores=() if order.store is None else (order.store,),
            max_age=JUST_ASKED,
            among=frozenset(there),
        )


def _destination(order: Order) -> Destination | None:
    address = order.address
    if address is None or address.country is None or order.method is not SENT:
        return None
    return Destination(address.country, address.postal_code)


def _anywhere(units: Mapping[Sku, int], there: Parts) -> dict[Spot, int]:
    """Each SKU from one place that has all of it, else from several; nothing where one lacks."""
    demand: dict[Spot, int] = {}
    for sku, asked in units.items():
        free = {
            spot: part.available_to_sell or 0 for spot, part in there.items() if spot.sku == sku
        }
        if sum(free.values()) < asked:
            return {}
        demand |= shared_out(asked, free)
    return demand


def sources_of(option: Option) -> Demand:
    """Where the units of an option come from."""
    demand: dict[Spot, int] = {}
    for leg in option.legs:
        for line in leg.lines:
            spot = Spot(line.sku, leg.location)
            demand[spot] = demand.get(spot, 0) + line.quantity
    return demand


def _at(there: Parts, demand: Demand, *, expected: Promised | None = None) -> Found | None:
    """What was found, unless there is none of it, or has become less while it was looked for."""
    short = any((there[spot].available_to_sell or 0) < units for spot, units in demand.items())
    if short or not demand:
        return None
    news = tuple(_news(there[spot]) for spot in demand)
    return Found(demand=demand, news=news, expected=expected)


def _news(part: Availability) -> News:
    """What was just heard of a place that has something."""
    level, as_of = part.level, part.as_of
    assert level is not None  # noqa: S101  it has some
    assert as_of is not None  # noqa: S101  it is known
    return News(structs.replace(level, as_of=as_of), part.source or "")
