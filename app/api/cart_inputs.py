"""What is said to carts? The inputs of their mutations."""

from collections.abc import Sequence
from hashlib import sha256

import orjson
import strawberry

from app.api.availability import DestinationInput
from app.api.context import Context
from app.api.nodes import key_of
from app.carts.acting import NEW, Request, once_of
from app.carts.buyers import Buyer
from app.carts.holding import Part
from app.carts.model import CartId, PromiseChoice
from app.carts.refusals import InvalidCartInput
from app.errors import InvalidInputError
from app.values import ChannelCode, CountryCode, LocationCode, Sku

KEY = (
    "16 to 100 characters that are only this request's, such as a UUID: asked again with the same"
    " key, it is done once."
)
VERSION = "The version that the caller saw; if it has another now, nothing is done."


def once_only() -> str | None:
    """The field of what may be repeated without harm."""
    field: str | None = strawberry.field(default=None, description=KEY)
    return field


@strawberry.input(description="Units of a variant.")
class CartLineInput:
    """What is wanted."""

    sku: Sku = strawberry.field(description="The variant's key.")
    quantity: int = strawberry.field(description="Units, 1 to 9,999.")


@strawberry.input(description="What a line is to have.")
class CartLineUpdateInput:
    """A line and its new quantity."""

    line_id: strawberry.ID = strawberry.field(description="The id of a line.")
    quantity: int = strawberry.field(description="Units, 1 to 9,999; to have none, remove it.")


@strawberry.input(description="Who buys.")
class CartBuyerInput:
    """What is not given is not known any more."""

    email: str | None = strawberry.field(default=None, description="E-mail address.")
    phone: str | None = strawberry.field(default=None, description="Telephone number.")
    country: CountryCode | None = strawberry.field(
        default=None, description="Where it is to be sent."
    )
    postal_code: str | None = strawberry.field(default=None, description="Postal code there.")

    def buyer(self) -> Buyer:
        """As the domain has it."""
        return Buyer(
            email=self.email,
            phone=self.phone,
            country=self.country,
            postal_code=self.postal_code,
        )


@strawberry.input(description="Units of a line that are to be held at one location.")
class CartHoldPartInput:
    """The parts of a line are as many as its units."""

    line_id: strawberry.ID = strawberry.field(description="The id of a line.")
    location: LocationCode = strawberry.field(description="A location that the channel sells from.")
    quantity: int = strawberry.field(description="Units.")


@strawberry.input(description="A new cart.")
class CartCreateInput:
    """See cartCreate."""

    channel: ChannelCode | None = strawberry.field(
        default=None, description="The channel it buys through; the default one if not given."
    )
    lines: list[CartLineInput] = strawberry.field(
        default_factory=list, description="What is wanted already; at most 100 lines."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="More units for a cart.")
class CartLinesAddInput:
    """See cartLinesAdd."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    lines: list[CartLineInput] = strawberry.field(description="What is wanted; 1 to 100 lines.")
    idempotency_key: str | None = once_only()


@strawberry.input(description="Other quantities for lines of a cart.")
class CartLinesUpdateInput:
    """See cartLinesUpdate."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    lines: list[CartLineUpdateInput] = strawberry.field(
        description="Its lines and what they are to have; each once."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="Lines that go.")
class CartLinesRemoveInput:
    """See cartLinesRemove."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    line_ids: list[strawberry.ID] = strawberry.field(description="The ids of its lines.")
    idempotency_key: str | None = once_only()


@strawberry.input(description="Who buys a cart.")
class CartBuyerSetInput:
    """See cartBuyerSet."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    buyer: CartBuyerInput | None = strawberry.field(
        default=None, description="Who; null to take it back."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="Whose a cart is.")
class CartCustomerSetInput:
    """See cartCustomerSet."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    customer_id: strawberry.ID | None = strawberry.field(
        default=None, description="Whose it is, for staff to say; the caller's own if not given."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="The codes of coupons for a cart.")
class CartDiscountCodesSetInput:
    """See cartDiscountCodesSet."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    codes: list[str] = strawberry.field(
        description="At most 10, in capitals or not; those that it had before go."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="How lines of a cart are to reach the buyer.")
class CartPromiseSelectInput:
    """See cartPromiseSelect."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    token: str = strawberry.field(description="The token of an option of promiseOptions.")
    line_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The lines that the option was asked for; all if not given."
    )
    destination: DestinationInput | None = strawberry.field(
        default=None, description="The destination that it was asked for."
    )
    in_store: LocationCode | None = strawberry.field(
        default=None, description="The store in which the shopper stood, as it was asked for."
    )
    idempotency_key: str | None = once_only()

    def choice(self) -> PromiseChoice:
        """As the domain has it."""
        to = self.destination
        return PromiseChoice(
            token=self.token,
            country=None if to is None else to.country,
            postal_code=None if to is None else to.postal_code,
            in_store=self.in_store,
        )


@strawberry.input(description="Two carts that become one.")
class CartMergeInput:
    """See cartMerge."""

    from_: strawberry.ID = strawberry.field(
        name="from", description="The id of the cart that is closed, such as a guest's."
    )
    into: strawberry.ID = strawberry.field(description="The id of the cart that stays.")
    version: int = strawberry.field(
        description="The version of the cart that stays, as the caller saw it."
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="A cart for another device.")
class CartHandOverInput:
    """See cartHandOver."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")


@strawberry.input(description="A cart of another device.")
class CartTakeOverInput:
    """See cartTakeOver."""

    code: str = strawberry.field(description="The code that cartHandOver gave.")
    idempotency_key: str | None = once_only()


@strawberry.input(description="What is to be held for a cart.")
class CartHoldInput:
    """See cartHold."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    parts: list[CartHoldPartInput] | None = strawberry.field(
        default=None,
        description="Where all of it is to be held; chosen for the caller if not given.",
    )
    idempotency_key: str | None = once_only()


@strawberry.input(description="A cart for which nothing is to be held.")
class CartHoldReleaseInput:
    """See cartHoldRelease."""

    cart_id: strawberry.ID = strawberry.field(description="The id of a cart.")
    version: int = strawberry.field(description=VERSION)
    idempotency_key: str | None = once_only()


def items_of(lines: list[CartLineInput]) -> list[tuple[Sku, int]]:
    """What is wanted, as the domain has it."""
    return [(line.sku, line.quantity) for line in lines]


def parts_of(parts: list[CartHoldPartInput]) -> list[Part]:
    """Where it is to be held, as the domain has it."""
    return [
        Part(number_of(one.line_id, "parts", str(place), "lineId"), one.location, one.quantity)
        for place, one in enumerate(parts)
    ]


def numbers_of(line_ids: Sequence[strawberry.ID]) -> list[int]:
    """The numbers of the lines that a list of ids names.

    Raises:
        InvalidCartInput: one is not the id of a line.
    """
    return [number_of(line, "lineIds", str(place)) for place, line in enumerate(line_ids)]


def number_of(line: str, *path: str) -> int:
    """The number of a line's id.

    Raises:
        InvalidCartInput: it is none.
    """
    try:
        return int(key_of(line, "CartLine"))
    except (InvalidInputError, ValueError) as error:
        message = "The cart has no such line: pass an id of one of its lines."
        raise InvalidCartInput(message, path=path) from error


def request_of(context: Context, cart: CartId | None, given: object) -> Request:
    """On whose behalf the domain is to act; with a key, once.

    Raises:
        InvalidCartInput: the key is none.
    """
    said = orjson.dumps([type(given).__name__, given], option=orjson.OPT_SORT_KEYS)
    key: str | None = getattr(given, "idempotency_key", None)
    once = once_of(cart or NEW, key, sha256(said).hexdigest())
    by = context.looking()
    return Request(now=context.now, inquiry=context.inquiry, by=by, once=once)
