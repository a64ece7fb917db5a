"""Answers: when can it be there, and does an earlier promise still hold?"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from app.availability.model import FulfilmentMethod
from app.availability.service import AvailabilityService
from app.availability.slot_rows import Room
from app.locations.service import LocationService
from app.ports import ProductKey
from app.pricing.service import PricingService
from app.products.service import ProductService
from app.promises.capacity import NothingTaken, SlotBook
from app.promises.checking import Checking
from app.promises.drift import DriftCause, PromiseDrift, before
from app.promises.emissions import Factors, factors
from app.promises.model import Answer, Choice, Line, Option
from app.promises.offered import Offers
from app.promises.offers import Offering
from app.promises.question import Look, Question, basket, known, merged, told_prices
from app.promises.quoting import Moment, Quoting, Target
from app.promises.ranking import Preference
from app.promises.refusals import DestinationRefused
from app.promises.steps import Steps
from app.promises.stock import seen
from app.promises.targets import Targets, unserved
from app.promises.tokens import Signer
from app.promises.working import Working
from app.settings import Promises
from app.upstream.readings import Inquiry
from app.values import LocationCode

MANY = 8  # baskets that are worth letting others have their turn in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Who is asked."""

    availability: AvailabilityService
    locations: LocationService
    pricing: PricingService
    products: ProductService


class PromiseService:
    """Promises by the retailer's rules. It has no clock: every question brings its moment."""

    def __init__(
        self,
        sources: Sources,
        *,
        rules: Promises,
        signer: Signer,
        slots: SlotBook | None = None,
    ) -> None:
        """`slots` tells what is taken; None: nothing is.

        Raises:
            MisconfiguredError: the rules name an emission factor that there is not.
        """
        self._sources, self._rules, self._signer = sources, rules, signer
        self._factors: Factors = factors()
        self._factors.checked(_factor_ids(rules))
        self._offering = Offering(rules, self._factors, slots or NothingTaken())
        self._quoting = Quoting(self._offering)
        self._targets = Targets(self._offering, sources.locations)
        self._checking = Checking(self._quoting, self._targets, signer)

    def steps(self) -> Steps:
        """What one operation may look at in all its searches together."""
        return Steps(self._rules.max_steps)

    async def options(self, question: Question, inquiry: Inquiry, *, now: datetime) -> Answer:
        """Every option that is best in some respect, by method and store.

        Raises:
            PromiseRefusal: the question cannot be answered.
        """
        look = await self._look(question, inquiry)
        return await self._answer(look, int(now.timestamp()))

    async def each(
        self, lines: Collection[Line], question: Question, inquiry: Inquiry, *, now: datetime
    ) -> list[Option | None]:
        """The preferred delivery of each line by itself; the outside is asked once for all.

        Raises:
            PromiseRefusal: the question cannot be answered.
        """
        whole = replace(question, lines=tuple(dict.fromkeys(lines)))
        area = self._targets.area(whole)
        places = self._sources.availability.selling(whole.selling, to=None, report=inquiry.report)
        skus = list(dict.fromkeys(line.sku for line in lines))
        prices, spreads = await asyncio.gather(
            self._sources.pricing.prices(skus, channel=whole.channel, inquiry=inquiry),
            self._sources.availability.at(
                skus, places, inquiry, max_age=whole.max_age, holder=whole.holder
            ),
        )
        buffer = whole.selling.global_buffer
        found: list[Option | None] = []
        for number, line in enumerate(lines, 1):
            alone = merged([line])
            look = Look(
                question=replace(whole, lines=alone),
                basket=basket(alone, prices, whole.channel, self._rules),
                places=places,
                stock=seen(alone, places.codes, spreads, global_buffer=buffer),
                area=area,
                prices=told_prices({line.sku: prices[line.sku]}),
            )
            found.append(self._best(look, int(now.timestamp())))
            if number % MANY == 0:
                await asyncio.sleep(0)
        return found

    async def check(
        self, token: str, question: Question, inquiry: Inquiry, *, now: datetime
    ) -> Option | PromiseDrift:
        """The promise as it was, with a new token; or what has changed, and what can be instead.

        `question` is that of now: the lines, the destination and the channel.

        Raises:
            PromiseRefusal: the token is not ours or too old, or the question has no answer.
        """
        terms = self._signer.read(token, now=now)
        stores = (LocationCode(terms.store),) if terms.store else question.stores
        again = replace(question, methods=(FulfilmentMethod(terms.method),), stores=stores)
        look = await self._look(again, inquiry)
        found = self._checking.found(terms, look, int(now.timestamp()))
        if isinstance(found, Option):
            return found
        instead = await self._answer(look, int(now.timestamp()))
        return PromiseDrift(cause=found, before=before(terms), after=instead.preferred)

    def slots(self, options: Iterable[Option], *, holder: str, now: datetime) -> Room:
        """The slots in which options are worked on if they are held now, and what each takes.

        The places of the `holder`, which may be an order, are free to it.
        """
        working = Working(self._targets, self._offering.seen_by(holder, held=False))
        legs = [leg for option in options for leg in option.legs]
        return working.slots(legs, int(now.timestamp()))

    def crowded_out(self, token: str, instead: Option, *, now: datetime) -> PromiseDrift:
        """For a promise that can still be given, but others are faster again and again."""
        terms = self._signer.read(token, now=now)
        return PromiseDrift(cause=DriftCause.CAPACITY, before=before(terms), after=instead)

    async def _look(self, question: Question, inquiry: Inquiry) -> Look:
        lines = merged(question.lines)
        area = self._targets.area(question)
        places = self._sources.availability.selling(
            question.selling, to=None, report=inquiry.report
        )
        skus = [line.sku for line in lines]
        keys = {sku: ProductKey("sku", sku) for sku in skus}
        products, prices, spreads = await asyncio.gather(
            self._sources.products.find(list(keys.values()), inquiry),
            self._sources.pricing.prices(skus, channel=question.channel, inquiry=inquiry),
            self._sources.availability.at(
                skus, places, inquiry, max_age=question.max_age, holder=question.holder
            ),
        )
        buffer = question.selling.global_buffer
        found = {sku: products[key] for sku, key in keys.items()}
        known(question.lines, found, prices, question.channel)
        stock = seen(lines, places.codes, spreads, global_buffer=buffer)
        return Look(
            question=question,
            basket=basket(lines, prices, question.channel, self._rules),
            places=places,
            stock=stock if question.among is None else stock.among(question.among, lines),
            area=area,
            prices=told_prices(prices),
        )

    async def _answer(self, look: Look, now: int) -> Answer:
        question, choices = look.question, []
        for target in self._targets.of(question, look.area):
            choices.append(self._choice(target, look, now))
            await asyncio.sleep(0)  # a search takes a while
        every = [option for choice in choices for option in choice.options]
        preference = question.preference or Preference.of(self._rules)
        return Answer(
            lines=look.basket.lines,
            choices=tuple(choices),
            preferred=preference.first(every),
            short=look.stock.short,
            unknown=look.stock.unknown,
            as_of=look.stock.as_of,
            freshness=look.stock.freshness,
            rules_version=self._checking.rules_version,
            factor_version=self._factors.name,
        )

    def _best(self, look: Look, now: int) -> Option | None:
        [target] = self._targets.of(look.question, look.area)
        offers = self._offers(target, look, now)
        if look.stock.short:
            return None
        preference = look.question.preference or Preference.of(self._rules)
        at = Moment(offers, look.stock, now)
        option = self._quoting.best(look.basket, target, at, preference)
        return None if option is None else self._checking.sealed(option, look, now)

    def _offers(self, target: Target, look: Look, now: int) -> Offers:
        offers = self._targets.offers(target, look, now)
        if unserved(offers) and look.question.methods == (FulfilmentMethod.SHIP_TO_HOME,):
            message = "No carrier goes there from anywhere."
            raise DestinationRefused(message, "input", "destination", known=True)
        return offers

    def _choice(self, target: Target, look: Look, now: int) -> Choice:
        offers = self._offers(target, look, now)
        if look.stock.short:
            return self._quoting.none(look.basket, target, offers, look.stock, now)
        at = Moment(offers, look.stock, now)
        choice = self._quoting.choice(look.basket, target, at, look.question.steps)
        sealed = tuple(self._checking.sealed(option, look, now) for option in choice.options)
        return replace(choice, options=sealed)


def _factor_ids(rules: Promises) -> set[str]:
    """Every emission factor that the rules name."""
    services = [one for each in rules.carriers.values() for one in each.services.values()]
    moved = () if rules.transfers is None else (rules.transfers.line_haul,)
    return {*moved, *(id_ for one in services for id_ in (one.line_haul, one.last_mile))}
