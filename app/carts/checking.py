"""What stands in the way of buying a cart? Read whenever it is asked, and never a refusal."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app.availability.bundles import with_components
from app.availability.model import Aggregate
from app.availability.service import AvailabilityService
from app.carts.acting import CartActs, Request
from app.carts.discounting import changed, refused
from app.carts.model import Cart, CartStatus, Line
from app.carts.promising import CartPromises
from app.carts.refusals import InvalidCartInput
from app.carts.repository import holder_of
from app.ports import Price
from app.pricing.model import CodeFate
from app.pricing.service import PricingService
from app.products.bundles import MadeOf
from app.promises.drift import PromiseDrift
from app.promises.refusals import PromiseRefusal
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import Channel, Money, Sku


class CartProblemCode(StrEnum):
    """What is wrong."""

    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    STOCK_UNKNOWN = "STOCK_UNKNOWN"
    PRICE_CHANGED = "PRICE_CHANGED"
    PRICE_UNKNOWN = "PRICE_UNKNOWN"
    NOT_SOLD = "NOT_SOLD"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    PROMISE_DRIFTED = "PROMISE_DRIFTED"
    DISCOUNT_CHANGED = "DISCOUNT_CHANGED"
    DISCOUNT_CODE_NOT_MET = "DISCOUNT_CODE_NOT_MET"
    DISCOUNT_CODE_REFUSED = "DISCOUNT_CODE_REFUSED"


class Severity(StrEnum):
    """What it means for buying."""

    BLOCKING = "BLOCKING"
    REVIEW = "REVIEW"
    TEMPORARY = "TEMPORARY"


@dataclass(frozen=True, slots=True, kw_only=True)
class CartProblem:
    """One thing that is wrong, with the line it is wrong with; None: with all of the cart.

    A `discount_code` takes nothing off, for a `reason`; `total` is what a line costs by now.
    `available` units could be bought; `price` is what a unit costs now; `drift` is why a promise of
    the line does not hold any more, where there is still one to be asked for.
    """

    code: CartProblemCode
    severity: Severity
    message: str
    line: Line | None
    available: int | None = None
    price: Money | None = None
    drift: PromiseDrift | None = None
    total: Money | None = None
    discount_code: str | None = None
    reason: CodeFate | None = None


class CartChecks:
    """Compares carts with what is true now."""

    def __init__(
        self,
        acts: CartActs,
        *,
        prices: PricingService,
        availability: AvailabilityService,
        promises: CartPromises,
    ) -> None:
        self._acts = acts
        self._promises = promises
        self._prices = prices
        self._availability = availability

    async def problems(self, cart: Cart, request: Request) -> list[CartProblem]:
        """Everything that is wrong, in the order of the lines."""
        if cart.status is not CartStatus.OPEN:
            return []
        if not cart.lines:
            return await self._discounts(cart, request)
        try:
            channel, rules = self._acts.channel(cart.channel)
        except InvalidCartInput:  # the retailer has closed it
            return [_not_sold(line) for line in cart.lines]
        places = self._availability.selling(rules, to=None, report=request.inquiry.report)
        made_of = await self._availability.made_of(cart.skus, request.inquiry)
        standing = await self._acts.discounts.standing(cart, request.inquiry)
        prices, stock = await asyncio.gather(
            self._prices.prices(
                cart.skus, channel=channel, inquiry=request.inquiry, standing=standing
            ),
            self._availability.together(
                dict.fromkeys([*cart.skus, *with_components(cart.skus, made_of)]),
                places,
                request.inquiry,
                global_buffer=rules.global_buffer,
                holder=holder_of(cart.id),
            ),
        )
        drifted = await self._drifted(cart, request)
        left = _left(cart, stock, made_of)
        off = await self._discounts(replace(cart, standing=standing), request)
        return [*_problems(cart, channel, prices, left), *off, *drifted]

    async def _discounts(self, cart: Cart, request: Request) -> list[CartProblem]:
        found = await self._acts.discounts.look(cart, self._acts.store, request.now)
        if found is None:
            return []
        lines = [_discount_changed(line, total) for line, total in changed(cart, found)]
        return [*lines, *(_code_refused(code, fate) for code, fate in refused(found))]

    async def _drifted(self, cart: Cart, request: Request) -> list[CartProblem]:
        try:
            drifts = await self._promises.drifts(cart, request)
        except PromiseRefusal:  # it cannot even be asked for any more
            first = cart.numbered([cart.promises[0].units[0].line])[0]
            return [_promise_gone(first, None)]
        return [_promise_gone(line, drift) for line, drift in drifts]


def _discount_changed(line: Line, total: Money) -> CartProblem:
    return CartProblem(
        code=CartProblemCode.DISCOUNT_CHANGED,
        severity=Severity.REVIEW,
        message="Something else is taken off it by now: set the codes again to take it.",
        line=line,
        total=total,
    )


def _code_refused(code: str, fate: CodeFate) -> CartProblem:
    """Whether there is such a code, or was, is only told to whom it is for."""
    not_met = fate is CodeFate.NOT_MET
    good = "The code takes nothing off what is in the cart."
    return CartProblem(
        code=CartProblemCode.DISCOUNT_CODE_NOT_MET
        if not_met
        else CartProblemCode.DISCOUNT_CODE_REFUSED,
        severity=Severity.REVIEW,
        message=good if not_met else "The code is not valid, or not any more.",
        line=None,
        discount_code=code,
        reason=fate,
    )


def _promise_gone(line: Line, drift: PromiseDrift | None) -> CartProblem:
    return CartProblem(
        code=CartProblemCode.PROMISE_DRIFTED,
        severity=Severity.REVIEW,
        message="What was promised does not hold any more: choose another promise.",
        line=line,
        drift=drift,
    )


def _left(cart: Cart, stock: Mapping[Sku, Aggregate], made_of: MadeOf) -> dict[Sku, Aggregate]:
    """What there is for each line; lines that share a component share what there is of it."""
    pool = {sku: one.available_to_sell or 0 for sku, one in stock.items() if sku not in made_of}
    found = {}
    for line in cart.lines:
        needs = {one.sku: one.quantity for one in made_of.get(line.sku, ())} or {line.sku: 1}
        most = min(pool[sku] // count for sku, count in needs.items())
        found[line.sku] = stock[line.sku].at_most(most)
        for sku, count in needs.items():
            pool[sku] -= count * min(most, line.quantity)
    return found


def _problems(
    cart: Cart,
    channel: Channel,
    prices: Mapping[Sku, Reading[Price]],
    stock: Mapping[Sku, Aggregate],
) -> Iterator[CartProblem]:
    for line in cart.lines:
        found = _of_price(line, cart, channel, prices[line.sku])
        if found is not None:
            yield found
        if (short := _of_stock(line, stock[line.sku])) is not None:
            yield short


def _of_price(
    line: Line, cart: Cart, channel: Channel, reading: Reading[Price]
) -> CartProblem | None:
    price = reading.value
    if price is None and reading.freshness is Freshness.UNKNOWN:
        return CartProblem(
            code=CartProblemCode.PRICE_UNKNOWN,
            severity=Severity.TEMPORARY,
            message="What it costs is not known at the moment.",
            line=line,
        )
    if price is None:
        return _not_sold(line)
    if {channel.currency, price.amount.currency} != {cart.currency}:
        return CartProblem(
            code=CartProblemCode.CURRENCY_MISMATCH,
            severity=Severity.BLOCKING,
            message="The channel sells in another currency now.",
            line=line,
            price=price.amount,
        )
    if price.amount != line.price.amount:
        return CartProblem(
            code=CartProblemCode.PRICE_CHANGED,
            severity=Severity.REVIEW,
            message="It costs something else than when it was put in.",
            line=line,
            price=price.amount,
        )
    return None


def _not_sold(line: Line) -> CartProblem:
    return CartProblem(
        code=CartProblemCode.NOT_SOLD,
        severity=Severity.BLOCKING,
        message="It is not sold through this channel any more.",
        line=line,
    )


def _of_stock(line: Line, stock: Aggregate) -> CartProblem | None:
    available = stock.available_to_sell
    if available is not None and available >= line.quantity:
        return None
    if available is None or stock.unknown:
        return CartProblem(
            code=CartProblemCode.STOCK_UNKNOWN,
            severity=Severity.TEMPORARY,
            message="Whether there is enough of it is not known at the moment.",
            line=line,
            available=available,
        )
    return CartProblem(
        code=CartProblemCode.INSUFFICIENT_STOCK,
        severity=Severity.BLOCKING,
        message="There is not enough of it.",
        line=line,
        available=available,
    )
