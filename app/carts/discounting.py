"""What do rules take off a cart? Taken down with its lines, and looked at before it counts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from app.carts.model import Cart, Line
from app.carts.refusals import CartPriceChanged
from app.pricing.evaluation import evaluate
from app.pricing.model import ANYBODY, Basket, BasketLine, CodeFate, PricedBasket, Standing
from app.pricing.redeeming import Redemption, used_up, who
from app.pricing.rules import RuleBook
from app.settings import Pricing, Promotion
from app.store import Store
from app.upstream.readings import Inquiry
from app.values import CustomerId, Money


class Shoppers(Protocol):
    """Knows what customers are to the retailer."""

    async def standing(
        self, customer: CustomerId, inquiry: Inquiry, before: Standing, /
    ) -> Standing:
        """Their groups and their tier, as of now; what nobody tells is as it was `before`."""
        ...


class Discounts:
    """The rules, as carts see them. Without `shoppers` a cart's standing stays as it is."""

    def __init__(self, book: RuleBook, shoppers: Shoppers | None = None) -> None:
        self._book = book
        self._shoppers = shoppers

    async def standing(self, cart: Cart, inquiry: Inquiry) -> Standing:
        """What the customer of a cart is now, or was when that was last known."""
        return await self.standing_of(cart.customer, inquiry, cart.standing)

    async def standing_of(
        self, customer: CustomerId | None, inquiry: Inquiry, before: Standing = ANYBODY
    ) -> Standing:
        """What a customer is now, or, as far as nobody tells, was `before`."""
        if customer is None:
            return ANYBODY
        if self._shoppers is None:
            return before
        return await self._shoppers.standing(customer, inquiry, before)

    def applied(self, cart: Cart, connection: Connection, now: datetime) -> Cart:
        """The cart with what its lines have taken off now."""
        if not self._matters(cart):
            return cart
        found = self._priced(cart, self._used_up(cart, connection), now)
        return replace(
            cart,
            lines=tuple(
                replace(one, discounts=found.lines[one.sku].discounts) for one in cart.lines
            ),
        )

    async def look(self, cart: Cart, store: Store, now: datetime) -> PricedBasket | None:
        """What it costs now, at the prices it has; None where no rule can make a difference."""
        if not self._matters(cart):
            return None
        used: frozenset[str] = frozenset()
        if self._coupons(cart):
            used = await store.read(lambda connection: self._used_up(cart, connection))
        return self._priced(cart, used, now)

    async def checked(self, cart: Cart, store: Store, inquiry: Inquiry, now: datetime) -> None:
        """Refuse to go on with a cart that costs something else by the rules of now.

        Raises:
            CartPriceChanged: it does.
        """
        standing = await self.standing(cart, inquiry)
        if self._relisted(cart, standing, now):
            raise CartPriceChanged(cart.total, None)
        found = await self.look(replace(cart, standing=standing), store, now)
        if found is None:
            return
        if any(found.lines[one.sku].discounts != one.discounts for one in cart.lines):
            raise CartPriceChanged(cart.total, found.total)

    def redemptions(self, cart: Cart, email: str) -> tuple[Redemption, ...]:
        """The coupons that are used up by whoever buys the cart and has this address."""
        taken = {one.rule for line in cart.lines for one in line.discounts}
        buyer = who(cart.customer, email) or ""
        return tuple(
            Redemption(
                promotion=name,
                coupon=rule.coupon or "",
                who=buyer,
                limit=rule.limit,
                limit_each=rule.limit_each,
            )
            for name, rule in self._coupons(cart).items()
            if name in taken
        )

    def _matters(self, cart: Cart) -> bool:
        if self._book or cart.codes:
            return bool(cart.lines) or bool(cart.codes)
        return any(line.discounts for line in cart.lines)

    def _coupons(self, cart: Cart) -> Mapping[str, Promotion]:
        names = (self._book.coupons.get(code) for code in cart.codes)
        return {name: self._book.told.promotions[name] for name in names if name is not None}

    def _used_up(self, cart: Cart, connection: Connection) -> frozenset[str]:
        email = None if cart.buyer is None else cart.buyer.email
        return used_up(connection, self._coupons(cart), who(cart.customer, email))

    def _priced(self, cart: Cart, used: frozenset[str], now: datetime) -> PricedBasket:
        basket = basket_of(cart, now, used)
        return evaluate(self._book.at(cart.channel, now), basket, self._book)

    def _relisted(self, cart: Cart, standing: Standing, now: datetime) -> bool:
        """Whether a line was priced by a list that does not say so any more, or not to them."""
        active = self._book.at(cart.channel, now)
        for line in cart.lines:
            if (name := line.price.price_list) is None:
                continue
            said = {one.rule: one.amount for one in active.prices(line.sku, standing)}
            if said.get(name) != line.price.amount:
                return True
        return False


NO_DISCOUNTS = Discounts(RuleBook(Pricing(), {}))


def basket_of(cart: Cart, now: datetime, used_up: frozenset[str] = frozenset()) -> Basket:
    """A cart, as it is priced."""
    return Basket(
        channel=cart.channel,
        currency=cart.currency,
        at=now,
        lines=tuple(map(_line, cart.lines)),
        standing=cart.standing,
        codes=cart.codes,
        used_up=used_up,
    )


def changed(cart: Cart, found: PricedBasket) -> Iterator[tuple[Line, Money]]:
    """The lines that have something else taken off now, with what they cost then."""
    for line in cart.lines:
        if (now := found.lines[line.sku]).discounts != line.discounts:
            yield line, now.total


def refused(found: PricedBasket) -> Iterator[tuple[str, CodeFate]]:
    """The codes that make no difference, and why."""
    return ((code, fate) for code, fate in found.codes.items() if fate is not CodeFate.APPLIED)


def _line(line: Line) -> BasketLine:
    return BasketLine(
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.price.amount,
        tax_included=line.price.tax_included,
        categories=frozenset(line.price.categories),
    )
