"""What may be bought of a cart, and on which terms? The rules before an order is placed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.carts.model import Cart, CartPromise
from app.carts.promising import fees_of
from app.carts.refusals import InvalidCartInput
from app.carts.repository import holder_of
from app.loyalty.ordered import OrderPoints
from app.orders.refusals import OrderNotHeld, PaymentNeeded
from app.orders.service import Purchase
from app.ports import Address, Buyer, Promised, SoldLine
from app.pricing.amounts import placed
from app.promises.model import Destination
from app.store.keys import Once
from app.values import FulfilmentMethod, LocationCode

LONGEST_TOKEN = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the buyer says: who they are, how it reaches them, and by what `token` it is paid.

    None of a `token` is said where nothing is left to pay.
    """

    once: Once
    buyer: Buyer
    method: FulfilmentMethod
    address: Address | None
    token: str | None

    @property
    def destination(self) -> Destination | None:
        """Where it is sent, as promises tell places apart; None where it is fetched."""
        to, home = self.address, FulfilmentMethod.SHIP_TO_HOME
        if to is None or to.country is None or self.method is not home:
            return None
        return Destination(to.country, to.postal_code)


def sound(terms: Terms) -> Terms:
    """The terms, if they can be.

    Raises:
        InvalidCartInput: they cannot.
    """
    if terms.method is FulfilmentMethod.SHIP_TO_HOME and terms.address is None:
        raise InvalidCartInput("An order that is sent has an address.", path=("address",))
    return terms


def payable(purchase: Purchase, *, charged: bool) -> Purchase:
    """The purchase, if it can be paid; `charged`: the money is moved by us.

    Where we move none, be it that points pay everything, a means of payment is ignored.

    Raises:
        PaymentNeeded: there is something to pay, and no means of payment.
        InvalidCartInput: there is, and it cannot be one.
    """
    if not charged or not purchase.charged.amount:
        return replace(purchase, token=None)
    if purchase.token is None:
        raise PaymentNeeded(purchase.charged)
    if not 1 <= len(purchase.token) <= LONGEST_TOKEN:
        message = f"paymentToken has 1 to {LONGEST_TOKEN} characters."
        raise InvalidCartInput(message, path=("paymentToken",))
    return purchase


def purchase(
    cart: Cart,
    promises: Sequence[CartPromise],
    terms: Terms,
    points: OrderPoints | None = None,
) -> Purchase:
    """What is bought: the units that are held, at the prices of the cart, as it was promised.

    Raises:
        Refusal: it cannot be bought like this.
    """
    if cart.hold is None:
        raise OrderNotHeld
    if any(one.method is not terms.method for one in promises):
        raise InvalidCartInput("method is that of the cart's promises.", path=("method",))
    return Purchase(
        once=terms.once,
        holder=holder_of(cart.id),
        fence=cart.hold.fence,
        cart=cart.id,
        customer=cart.customer,
        version=cart.version,
        channel=cart.channel,
        lines=_lines(cart),
        buyer=terms.buyer,
        address=terms.address,
        method=terms.method,
        store=_store(promises),
        promised=_window(promises),
        promise_token=" ".join(one.choice.token for one in promises) or None,
        delivery=fees_of(promises, cart.currency),
        token=terms.token,
        points=points,
    )


def _store(promises: Sequence[CartPromise]) -> LocationCode | None:
    """Where it is fetched; an order that is fetched in several stores has no one place."""
    stores = {one.store for one in promises}
    return stores.pop() if len(stores) == 1 else None


def _window(promises: Sequence[CartPromise]) -> Promised | None:
    """From when the first of it is there until all of it is."""
    if not promises:
        return None
    return Promised(
        earliest=min(one.earliest for one in promises), latest=max(one.latest for one in promises)
    )


def _lines(cart: Cart) -> tuple[SoldLine, ...]:
    units = () if cart.hold is None else cart.hold.units
    held: dict[str, int] = {}
    for one in units:
        held[one.sku] = held.get(one.sku, 0) + one.quantity
    if held != {line.sku: line.quantity for line in cart.lines}:
        raise OrderNotHeld
    lines = {line.sku: line for line in cart.lines}
    off = placed(units, {sku: line.discounts for sku, line in lines.items()})
    return tuple(
        SoldLine(
            sku=one.sku,
            quantity=one.quantity,
            unit_price=lines[one.sku].price.amount,
            location=one.location,
            components=one.components,
            discounts=taken,
            price_list=lines[one.sku].price.price_list,
        )
        for one, taken in zip(units, off, strict=True)
    )
