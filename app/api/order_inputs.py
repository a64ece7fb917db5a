"""What is said to orders? The inputs of their mutations."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

import orjson
import strawberry

from app.api.carts import cart_key
from app.api.context import Context
from app.carts.acting import once_of
from app.carts.model import EMAIL, LONGEST_EMAIL, PHONE, Cart, CartPromise
from app.carts.promising import fees_of
from app.carts.refusals import InvalidCartInput
from app.carts.repository import holder_of
from app.orders.refusals import OrderNotHeld
from app.orders.service import Purchase
from app.ports import Address, Buyer, Promised, SoldLine
from app.store.keys import Once
from app.values import CountryCode, FulfilmentMethod, Money, Sku

LONGEST = 200  # characters of a name or a line of an address
MOST_LINES = 4
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")
LONGEST_TOKEN = 500


@strawberry.input(description="Who buys.")
class OrderBuyerInput:
    """Personal data: it is told to those who carry the order out, and to nobody else."""

    name: str = strawberry.field(description="Full name.")
    email: str = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(default=None, description="Telephone number.")

    def buyer(self) -> Buyer:
        """As the domain has it.

        Raises:
            InvalidCartInput: it cannot be.
        """
        _plain(self.name, "buyer", "name")
        if len(self.email) > LONGEST_EMAIL or not EMAIL.fullmatch(self.email):
            raise InvalidCartInput("email is not an address.", path=("buyer", "email"))
        if self.phone is not None and not PHONE.fullmatch(self.phone):
            raise InvalidCartInput("phone is not a number.", path=("buyer", "phone"))
        return Buyer(name=self.name, email=self.email, phone=self.phone)


@strawberry.input(description="Where it is to be sent.")
class OrderAddressInput:
    """A postal address."""

    lines: list[str] = strawberry.field(description="Street and number; 1 to 4 lines.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")
    city: str = strawberry.field(description="City.")
    region: str | None = strawberry.field(default=None, description="Region or province.")
    country: CountryCode = strawberry.field(description="Country, such as IT.")

    def address(self) -> Address:
        """As the domain has it.

        Raises:
            InvalidCartInput: it cannot be.
        """
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise InvalidCartInput("lines has 1 to 4 items.", path=("address", "lines"))
        for place, line in enumerate(self.lines):
            _plain(line, "address", "lines", str(place))
        said: Mapping[str, str | None] = {
            "postalCode": self.postal_code,
            "city": self.city,
            "region": self.region,
        }
        for name, value in said.items():
            if value is not None:
                _plain(value, "address", name)
        if not re.fullmatch("[A-Z]{2}", self.country):
            raise InvalidCartInput("country has two capital letters.", path=("address", "country"))
        return Address(
            lines=tuple(self.lines),
            postal_code=self.postal_code,
            city=self.city,
            region=self.region,
            country=self.country,
        )


@strawberry.input(description="An order for what a cart holds.")
class OrderPlaceInput:
    """See orderPlace."""

    cart_id: strawberry.ID = strawberry.field(
        description="The id of a cart whose units are all held."
    )
    version: int = strawberry.field(
        description="The version that the caller saw; if it has another now, nothing is done."
    )
    buyer: OrderBuyerInput = strawberry.field(description="Who buys.")
    method: FulfilmentMethod = strawberry.field(description="How the goods reach the buyer.")
    address: OrderAddressInput | None = strawberry.field(
        default=None, description="Where it is to be sent; needed where it is sent home."
    )
    payment_token: str | None = strawberry.field(
        default=None,
        description="Stands for the means of payment; needed where the gateway moves the money.",
    )
    idempotency_key: str = strawberry.field(
        description="16 to 100 characters that are only this request's and not to be guessed, such"
        " as a UUID: asked again with the same key, it is the same order."
    )

    def once(self) -> Once:
        """What makes it one order; another card is no other order.

        Raises:
            InvalidCartInput: the key is none.
        """
        said = [self.cart_id, self.version, self.buyer, self.method, self.address]
        digest = sha256(orjson.dumps(said)).hexdigest()
        once = once_of(f"order:{cart_key(self.cart_id)}", self.idempotency_key, digest)
        assert once is not None  # noqa: S101  there is a key
        return once

    def purchase(self, once: Once, cart: Cart, promises: Sequence[CartPromise]) -> Purchase:
        """What is bought: the units that are held, at the prices of the cart, as it was promised.

        Raises:
            Refusal: it cannot be bought like this.
        """
        if cart.hold is None:
            raise OrderNotHeld
        if any(one.method is not self.method for one in promises):
            message = "method is that of the cart's promises."
            raise InvalidCartInput(message, path=("method",))
        prices = {line.sku: line.price.amount for line in cart.lines}
        return Purchase(
            once=once,
            holder=holder_of(cart.id),
            fence=cart.hold.fence,
            cart=cart.id,
            channel=cart.channel,
            lines=_lines(cart, prices),
            buyer=self.buyer.buyer(),
            address=self.sent_to(),
            method=self.method,
            promised=_promised(promises),
            promise_token=" ".join(one.choice.token for one in promises) or None,
            delivery=fees_of(promises, cart.currency),
            token=self.payment_token,
        )

    def sent_to(self) -> Address | None:
        """The address, where there has to be one.

        Raises:
            InvalidCartInput: it is missing, or cannot be.
        """
        if self.method is FulfilmentMethod.SHIP_TO_HOME and self.address is None:
            raise InvalidCartInput("An order that is sent has an address.", path=("address",))
        return None if self.address is None else self.address.address()

    def checked(self, context: Context) -> None:
        """See whether it can be at all, before anybody is asked.

        Raises:
            InvalidCartInput: it cannot.
        """
        self.buyer.buyer()
        self.sent_to()
        token = self.payment_token
        if token is None and context.services.orders.charged:
            raise InvalidCartInput("paymentToken is needed.", path=("paymentToken",))
        if token is not None and not (1 <= len(token) <= LONGEST_TOKEN):
            raise InvalidCartInput("paymentToken is too long.", path=("paymentToken",))


@strawberry.input(description="An order that is not wanted any more.")
class OrderCancelInput:
    """See orderCancel."""

    number: strawberry.ID = strawberry.field(description="The number of an order.")
    access_token: str = strawberry.field(description="The token that orderPlace gave.")


def _promised(promises: Sequence[CartPromise]) -> Promised | None:
    """From when the first of it is there until all of it is."""
    if not promises:
        return None
    return Promised(
        earliest=min(one.earliest for one in promises), latest=max(one.latest for one in promises)
    )


def _lines(cart: Cart, prices: Mapping[Sku, Money]) -> tuple[SoldLine, ...]:
    units = () if cart.hold is None else cart.hold.units
    held: dict[Sku, int] = {}
    for one in units:
        held[one.sku] = held.get(one.sku, 0) + one.quantity
    if held != {line.sku: line.quantity for line in cart.lines}:
        raise OrderNotHeld
    return tuple(
        SoldLine(
            sku=one.sku,
            quantity=one.quantity,
            unit_price=prices[one.sku],
            location=one.location,
            components=one.components,
        )
        for one in units
    )


def _plain(text: str, *path: str) -> None:
    if not 1 <= len(text) <= LONGEST or not PLAIN.fullmatch(text) or not text.strip():
        raise InvalidCartInput(f"{path[-1]} has 1 to {LONGEST} characters.", path=path)
