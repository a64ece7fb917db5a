"""What is said to orders? The inputs of their mutations."""

import re
from collections.abc import Mapping
from hashlib import sha256

import orjson
import strawberry

from app.api.carts import cart_key
from app.carts.acting import once_of
from app.carts.buyers import EMAIL, LONGEST_EMAIL, PHONE
from app.carts.refusals import InvalidCartInput
from app.orders.buying import Terms
from app.ports import Address, Buyer
from app.store.keys import Once
from app.values import CountryCode, FulfilmentMethod

LONGEST = 200  # characters of a name or a line of an address
MOST_LINES = 4
PLAIN = re.compile(r"[^\x00-\x1f\x7f]+")


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
        plain(self.name, "buyer", "name")
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
            plain(line, "address", "lines", str(place))
        said: Mapping[str, str | None] = {
            "postalCode": self.postal_code,
            "city": self.city,
            "region": self.region,
        }
        for name, value in said.items():
            if value is not None:
                plain(value, "address", name)
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
        description="Stands for the means of payment. Needed where the gateway moves the money and"
        " something is left to pay; ignored where points pay everything, or others move the money.",
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
        return keyed(f"order:{cart_key(self.cart_id)}", self.idempotency_key, digest)

    def terms(self, once: Once) -> Terms:
        """As the domain has it.

        Raises:
            InvalidCartInput: it cannot be.
        """
        return Terms(
            once=once,
            buyer=self.buyer.buyer(),
            method=self.method,
            address=None if self.address is None else self.address.address(),
            token=self.payment_token,
        )


@strawberry.input(description="An order that is not wanted any more.")
class OrderCancelInput:
    """See orderCancel."""

    number: strawberry.ID = strawberry.field(description="The number of an order.")
    access_token: str | None = strawberry.field(
        default=None,
        description="The token that orderPlace gave; its buyer, signed in, and staff need none.",
    )


def plain(text: str, *path: str, most: int = LONGEST) -> None:
    """See that a text is one line of at most so many characters, and not empty.

    Raises:
        InvalidCartInput: it is not.
    """
    if not 1 <= len(text) <= most or not PLAIN.fullmatch(text) or not text.strip():
        raise InvalidCartInput(f"{path[-1]} has 1 to {most} characters.", path=path)


def keyed(scope: str, key: str, digest: str) -> Once:
    """What makes a request one that has one effect.

    Raises:
        InvalidCartInput: the key is none.
    """
    once = once_of(scope, key, digest)
    assert once is not None  # noqa: S101  there is a key
    return once
