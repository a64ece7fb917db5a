"""Which promises were chosen for a cart's lines, and do they still hold?

A promise is checked when it is chosen, when its units are held and when it is ordered. It is the
same each time, or a drift with its cause; it is never silently another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from app.availability.model import Spot
from app.availability.service import NOW
from app.availability.slot_rows import Room
from app.carts import events, repository
from app.carts.acting import CartActs, Change, Request
from app.carts.model import (
    Cart,
    CartPromise,
    HeldUnits,
    Line,
    PromiseChoice,
    PromisedUnits,
)
from app.carts.refusals import PromiseDrifted
from app.promises.drift import PromiseDrift
from app.promises.model import Destination, Option
from app.promises.model import Line as Wanted
from app.promises.question import Question
from app.promises.service import PromiseService
from app.store import Work
from app.values import CurrencyCode, FulfilmentMethod, Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ToHold:
    """Promises, and the slots in which they are worked on, with the orders each of them takes."""

    promises: tuple[CartPromise, ...]
    slots: Room


NO_PROMISES = ToHold(promises=(), slots={})


class CartPromises:
    """Chooses promises and looks at them again."""

    def __init__(self, acts: CartActs, promises: PromiseService) -> None:
        self._acts = acts
        self._promises = promises

    async def select(
        self,
        cart: str,
        version: int,
        choice: PromiseChoice,
        numbers: Sequence[int] | None,
        request: Request,
    ) -> Cart:
        """The cart with a promise for some of its lines, all if none are named.

        What was chosen for any of these before goes, and what is held for the cart too.

        Raises:
            PromiseDrifted: it does not hold any more.
            Refusal: it is no promise, or not of these lines.
        """

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            lines = (
                seen.lines if numbers is None else seen.numbered(dict.fromkeys(numbers), "lineIds")
            )
            promise = await self._checked(seen, lines, choice, request)

            def change(work: Work) -> Cart:
                before = self._acts.locked(work, seen.id, version)
                after = self._acts.keep(work, before.promised(promise), lines=True)
                work.tell(events.promise_selected(after, promise))
                return after

            return change

        return await self._acts.once(request, prepare)

    async def checked(
        self, cart: Cart, request: Request, *, to: Destination | None, held: bool = False
    ) -> tuple[CartPromise, ...]:
        """The promises of a cart as of now; where its units are `held`, stock is no question.

        What is sent home goes `to` that destination, whichever it was promised for; None: to that.

        Raises:
            PromiseDrifted: one does not hold any more, or not there.
            DestinationRefused: nothing goes there.
        """
        return tuple(
            [
                await self._checked(cart, _lines(cart, one), _sent(one, to), request, held=held)
                for one in cart.promises
            ]
        )

    async def to_hold(self, cart: Cart, request: Request) -> "ToHold":
        """The promises of a cart as of now, and the slots in which they are worked on.

        Raises:
            PromiseDrifted: one does not hold any more.
        """
        found = [(one, await self._kept(cart, one, request)) for one in cart.promises]
        holder = repository.holder_of(cart.id)
        options = [option for _, option in found]
        return ToHold(
            promises=tuple(_promise(one.choice, _lines(cart, one), of) for one, of in found),
            slots=self._promises.slots(options, holder=holder, now=request.now),
        )

    async def crowded_out(self, cart: Cart, request: Request) -> PromiseDrifted:
        """Why a cart with promises cannot be held, although there was room whenever it was tried.

        Raises:
            PromiseDrifted: there is none now.
        """
        first = cart.promises[0]
        option = await self._kept(cart, first, request)
        token = first.choice.token
        return PromiseDrifted(self._promises.crowded_out(token, option, now=request.now))

    async def drifts(self, cart: Cart, request: Request) -> list[tuple[Line, PromiseDrift]]:
        """Why promises do not hold any more, each with the first line it was for.

        Who only looks is told by what is known of stock; nothing is asked anew for that.
        """
        found, held = [], cart.hold is not None
        for promise in cart.promises:
            lines = _lines(cart, promise)
            drift = await self._look(cart, lines, promise.choice, request, held=held, max_age=None)
            if isinstance(drift, PromiseDrift):
                found.append((lines[0], drift))
        return found

    async def _checked(
        self,
        cart: Cart,
        lines: Sequence[Line],
        choice: PromiseChoice,
        request: Request,
        *,
        held: bool = False,
    ) -> CartPromise:
        max_age = None if held else NOW
        found = await self._look(cart, lines, choice, request, held=held, max_age=max_age)
        return _promise(choice, lines, _still(found))

    async def _kept(self, cart: Cart, promise: CartPromise, request: Request) -> Option:
        lines = _lines(cart, promise)
        return _still(await self._look(cart, lines, promise.choice, request, max_age=NOW))

    async def _look(
        self,
        cart: Cart,
        lines: Sequence[Line],
        choice: PromiseChoice,
        request: Request,
        *,
        held: bool = False,
        max_age: timedelta | None,
    ) -> Option | PromiseDrift:
        channel, rules = self._acts.channel(cart.channel)
        question = Question(
            lines=tuple(Wanted(line.sku, line.quantity) for line in lines),
            channel=channel,
            selling=rules,
            methods=(),
            destination=_destination(choice),
            in_store=choice.in_store,
            max_age=max_age,
            holder=repository.holder_of(cart.id),
            held=held,
        )
        return await self._promises.check(choice.token, question, request.inquiry, now=request.now)


def _still(found: Option | PromiseDrift) -> Option:
    if isinstance(found, PromiseDrift):
        raise PromiseDrifted(found)
    return found


def _lines(cart: Cart, promise: CartPromise) -> tuple[Line, ...]:
    return cart.numbered([one.line for one in promise.units])


def _sent(promise: CartPromise, to: Destination | None) -> PromiseChoice:
    """What was chosen, sent to a destination if it is sent at all."""
    if to is None or promise.method is not FulfilmentMethod.SHIP_TO_HOME:
        return promise.choice
    return replace(promise.choice, country=to.country, postal_code=to.postal_code)


def _destination(choice: PromiseChoice) -> Destination | None:
    if choice.country is None:
        return None
    return Destination(choice.country, choice.postal_code)


def _promise(choice: PromiseChoice, lines: Iterable[Line], found: Option) -> CartPromise:
    """What was chosen, as it was found; its token says so."""
    return CartPromise(
        choice=replace(choice, token=found.token),
        units=tuple(PromisedUnits(line=line.number, quantity=line.quantity) for line in lines),
        method=found.method,
        store=found.store,
        earliest=found.earliest,
        latest=found.latest,
        fee=found.cost_to_customer,
        sources=tuple(
            HeldUnits(sku=line.sku, location=leg.location, quantity=line.quantity)
            for leg in found.legs
            for line in leg.lines
        ),
    )


def sources_of(promises: Iterable[CartPromise]) -> dict[Spot, int]:
    """Where the units of some promises come from; a bundle is one unit."""
    demand: dict[Spot, int] = {}
    for promise in promises:
        for one in promise.sources:
            spot = Spot(one.sku, one.location)
            demand[spot] = demand.get(spot, 0) + one.quantity
    return demand


def fees_of(promises: Iterable[CartPromise], currency: CurrencyCode) -> Money:
    """What the buyer pays for the ways that were promised."""
    return Money(sum((one.fee.amount for one in promises), Decimal()), currency)
