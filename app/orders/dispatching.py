"""From where does what a partner sold go to its buyer? As the promise engine says, over its places.

Stock is asked for as of now. Only locations count whose orders somebody carries out.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.availability.bundles import with_components
from app.availability.model import Spot
from app.availability.refusals import Shortage, StockUnknown
from app.availability.service import NOW, AvailabilityService
from app.availability.slot_rows import Room
from app.carts.hearing import Heard, known
from app.carts.model import HeldUnits
from app.orders import wholesale
from app.orders.finding import JUST_ASKED, sources_of
from app.orders.replacing import Route
from app.orders.wholesale import Wanted
from app.ports import Address
from app.promises.model import Destination, Option
from app.promises.question import Question
from app.promises.refusals import DestinationRefused
from app.promises.service import PromiseService
from app.upstream.readings import Inquiry
from app.values import FulfilmentMethod, LocationCode

SERVED = "DESTINATION_NOT_SERVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where units come from, as it was just heard, and the room that sending them takes."""

    option: Option
    heard: Heard
    units: tuple[HeldUnits, ...]
    slots: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatching:
    """Finds ways by availability and by promises."""

    availability: AvailabilityService
    promises: PromiseService
    route: Route

    async def way(self, wanted: Wanted, inquiry: Inquiry, *, holder: str, now: datetime) -> Way:
        """The way that is preferred of all there are.

        Raises:
            InsufficientStock: there is less than that.
            StockUnknown: there may be.
            PromiseRefusal: nothing goes there.
        """
        heard = await self._heard(wanted, inquiry)
        parts = [part for sku in wanted.units for part in heard.parts(sku)]
        spots = {one.spot for one in parts if self.route(one.spot.location) is not None}
        _enough(wanted, heard, {spot.location for spot in spots})
        option = await self._option(_question(wanted, frozenset(spots)), inquiry, now)
        return Way(
            option=option,
            heard=heard,
            units=heard.units(sources_of(option)),
            slots=self.promises.slots([option], holder=holder, now=now),
        )

    async def _heard(self, wanted: Wanted, inquiry: Inquiry) -> Heard:
        stock, terms, skus = self.availability, wanted.terms, list(wanted.units)
        places = stock.selling(terms.selling, to=None, report=inquiry.report)
        made_of = await stock.made_of(skus, inquiry)
        asked = dict.fromkeys([*skus, *with_components(skus, made_of)])
        spreads = await stock.at(asked, places, inquiry, max_age=NOW)
        return Heard(spreads=spreads, made_of=made_of, buffer=terms.told.buffer)

    async def _option(self, question: Question, inquiry: Inquiry, now: datetime) -> Option:
        try:
            answer = await self.promises.options(question, inquiry, now=now)
        except DestinationRefused as refusal:
            raise _not_served(str(refusal), known=refusal.code == SERVED) from refusal
        if answer.preferred is not None:
            return answer.preferred
        if answer.unknown:
            lines = question.lines
            raise StockUnknown([Shortage(sku=sku, asked=n, available=None) for sku, n in lines])
        raise _not_served("Nothing goes there from where there is enough.", known=True)


def _question(wanted: Wanted, spots: frozenset[Spot]) -> Question:
    terms, asked = wanted.terms, wanted.asked
    return Question(
        lines=wanted.lines,
        channel=terms.selling.named(terms.channel),
        selling=terms.selling,
        methods=(FulfilmentMethod.SHIP_TO_HOME,),
        destination=_destination(asked.address),
        preference=asked.preference,
        max_age=JUST_ASKED,
        among=spots,
    )


def _destination(address: Address) -> Destination:
    if address.country is None:
        raise _not_served("An address has a country.", known=False)
    return Destination(address.country, address.postal_code)


def _not_served(message: str, *, known: bool) -> DestinationRefused:
    return DestinationRefused(message, "input", "address", known=known)


def _enough(wanted: Wanted, heard: Heard, places: Collection[LocationCode]) -> None:
    spreads = {sku: heard.spreads[sku] for sku in wanted.units}
    left = wholesale.there(spreads, heard.buffer, places)
    unknown = [sku for sku in wanted.units if not all(map(known, heard.parts(sku)))]
    wholesale.enough(wanted, left, unknown=unknown)
