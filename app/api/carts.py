"""GraphQL face of carts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.auditing import looked_at
from app.api.batching import batched
from app.api.context import Context, Info
from app.api.hints import CacheControl, Scope
from app.api.locations import Location, location_by_key
from app.api.nodes import global_id, key_of
from app.api.pricing import Discount, Money
from app.api.products import products_by_key
from app.api.promises import PromiseDrift, drifted, places
from app.api.variants import ProductVariant
from app.carts import checking, model
from app.carts.acting import Request
from app.carts.buyers import Buyer
from app.carts.checking import CartProblemCode, Severity
from app.carts.model import CartId, CartStatus, sound_id
from app.carts.refusals import CartNotFound
from app.errors import InvalidInputError
from app.loyalty.refusals import PointsNotUsable
from app.ports import ProductKey
from app.pricing.amounts import together
from app.pricing.model import CodeFate
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Sku,
)

NOBODY_KEEPS = (CacheControl(max_age=0, scope=Scope.PRIVATE),)


async def variant(lines: "Sequence[CartLine]", context: Context) -> Sequence[ProductVariant | None]:
    """The variant of each line, in one question to the catalogue."""
    keys = [ProductKey("sku", line.sku) for line in lines]
    asked = list(dict.fromkeys(keys))
    products = await products_by_key(context, asked, context.languages(None))
    found = dict(zip(asked, products, strict=True))
    return [
        None if (product := found[key]) is None else product.variant_of(key.value) for key in keys
    ]


@strawberry.type(description="Units of one variant in a cart.", directives=NOBODY_KEEPS)
class CartLine:
    """The price is the one it was put in with."""

    id: strawberry.ID = strawberry.field(description="Opaque, unique within its cart.")
    sku: Sku = strawberry.field(description="The variant's key.")
    quantity: int = strawberry.field(description="Units.")
    unit_price: Money = strawberry.field(
        description="What one unit cost when the line was last added to or updated."
    )
    subtotal: Money = strawberry.field(
        description="What its units cost together, before discounts."
    )
    discounts: list[Discount] = strawberry.field(
        description="What rules take off all its units, in the order in which they do."
    )
    total: Money = strawberry.field(description="What is paid for it, after discounts.")
    price_list: strawberry.ID | None = strawberry.field(
        description="The price list that the price is of; null where the owner of prices said it."
    )
    tax_included: bool = strawberry.field(description="Whether taxes are included.")
    price_as_of: datetime | None = strawberry.field(
        description="When the owner of the price said so, by its clock."
    )
    priced_at: datetime = strawberry.field(description="When we took the price down.")
    variant: ProductVariant | None = batched(
        variant, description="The variant; null when the catalogue does not tell of it now."
    )

    @classmethod
    def of(cls, line: model.Line) -> Self:
        """Dress a line."""
        price = line.price
        listed = price.price_list
        return cls(
            id=global_id("CartLine", str(line.number)),
            sku=line.sku,
            quantity=line.quantity,
            unit_price=Money.of(price.amount),
            subtotal=Money.of(line.subtotal),
            discounts=[Discount.of(one) for one in line.discounts],
            total=Money.of(line.total),
            price_list=None if listed is None else strawberry.ID(listed),
            tax_included=price.tax_included,
            price_as_of=price.as_of,
            priced_at=price.taken_at,
        )


@strawberry.type(description="Who buys, as far as they said.", directives=NOBODY_KEEPS)
class CartBuyer:
    """Personal data: nobody keeps it on the way."""

    email: str | None = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(description="Telephone number.")
    country: CountryCode | None = strawberry.field(description="Where it is to be sent.")
    postal_code: str | None = strawberry.field(description="Postal code there.")


@strawberry.type(description="Units that are held at one location.", directives=NOBODY_KEEPS)
class HeldUnits:
    """Nobody else can have them."""

    sku: Sku = strawberry.field(description="The variant's key.")
    location_code: LocationCode = strawberry.field(description="The location's code.")
    quantity: int = strawberry.field(description="Units.")

    @strawberry.field(description="The location; null when nobody tells of it now.")
    def location(self, info: Info) -> Location | None:
        """From memory."""
        context = info.context
        return location_by_key(context, self.location_code, context.languages(None)[0])


@strawberry.type(
    description="What is held for a cart, all of it or nothing.", directives=NOBODY_KEEPS
)
class CartHold:
    """It ends by itself."""

    id: strawberry.ID = strawberry.field(
        description="Opaque; another one for each hold, so that a late use of an old one fails."
    )
    expires_at: datetime = strawberry.field(description="From then on nothing is held.")
    points: int = strawberry.field(description="Points that are held with the units.")
    units: list[HeldUnits] = strawberry.field(description="What is held where.")

    @classmethod
    def of(cls, cart: CartId, hold: model.CartHold) -> Self:
        """Dress a hold."""
        id_ = global_id("CartHold", f"{cart}.{hold.fence}")
        return cls(
            id=id_,
            expires_at=hold.expires_at,
            points=hold.points,
            units=_units(hold.units),
        )


@strawberry.type(
    description="How and when some lines of a cart reach the buyer, as it was chosen.",
    directives=NOBODY_KEEPS,
)
class CartPromise:
    """It goes when the quantity of one of its lines changes."""

    token: str = strawberry.field(description="The promise as the buyer carries it.")
    line_ids: list[strawberry.ID] = strawberry.field(description="The lines it is for.")
    method: FulfilmentMethod = strawberry.field(description="How they reach the buyer.")
    store: LocationCode | None = strawberry.field(
        description="The store where they are handed over; null where they are sent."
    )
    earliest: datetime = strawberry.field(description="When they are there at the earliest.")
    latest: datetime = strawberry.field(description="When all of them are there.")
    cost_to_customer: Money = strawberry.field(description="What the buyer pays for the way.")
    units: list[HeldUnits] = strawberry.field(description="Where they come from.")

    @classmethod
    def of(cls, promise: model.CartPromise) -> Self:
        """Dress a promise."""
        return cls(
            token=promise.choice.token,
            line_ids=[global_id("CartLine", str(one.line)) for one in promise.units],
            method=promise.method,
            store=promise.store,
            earliest=promise.earliest,
            latest=promise.latest,
            cost_to_customer=Money.of(promise.fee),
            units=_units(promise.sources),
        )


def _units(units: Iterable[model.HeldUnits]) -> list[HeldUnits]:
    return [
        HeldUnits(sku=one.sku, location_code=one.location, quantity=one.quantity) for one in units
    ]


@strawberry.type(
    description="Something that stands in the way of buying a cart.", directives=NOBODY_KEEPS
)
class CartProblem:
    """It is read, never written."""

    code: CartProblemCode = strawberry.field(description="What is wrong.")
    severity: Severity = strawberry.field(description="What it means for buying.")
    message: str = strawberry.field(description="The same in words.")
    line: CartLine | None = strawberry.field(
        description="The line that it concerns; null where it is about the whole cart."
    )
    available: int | None = strawberry.field(
        description="Units that could be bought; null where it is not about stock, or unknown."
    )
    price: Money | None = strawberry.field(
        description="What one unit costs now; null where it is not about the price."
    )
    drift: PromiseDrift | None = strawberry.field(
        description="What has changed since a promise; null where it is not about one."
    )

    total: Money | None = strawberry.field(
        description="What the line costs by now; null where it is not about discounts."
    )
    discount_code: str | None = strawberry.field(
        description="The code that takes nothing off; null where it is not about one."
    )
    code_fate: CodeFate | None = strawberry.field(
        description="Why it takes nothing off; null where it is not about a code."
    )

    @classmethod
    def of(cls, problem: checking.CartProblem, context: Context) -> Self:
        """Dress a problem."""
        drift = problem.drift
        return cls(
            code=problem.code,
            severity=problem.severity,
            message=problem.message,
            line=None if problem.line is None else CartLine.of(problem.line),
            available=problem.available,
            price=None if problem.price is None else Money.of(problem.price),
            drift=None if drift is None else drifted(drift, places(context, None)),
            total=None if problem.total is None else Money.of(problem.total),
            discount_code=problem.discount_code,
            code_fate=problem.reason,
        )


@strawberry.type(
    description="What somebody means to buy. Who knows its id may use it.", directives=NOBODY_KEEPS
)
class Cart:
    """A cart at one version."""

    id: strawberry.ID = strawberry.field(description="Opaque and not to be guessed: keep it.")
    version: int = strawberry.field(description="One more with every change; changes name it.")
    status: CartStatus = strawberry.field(description="Whether it may still be changed.")
    order_number: strawberry.ID | None = strawberry.field(
        description="The order it became, if any."
    )
    channel: ChannelCode = strawberry.field(description="The channel it buys through.")
    currency: CurrencyCode = strawberry.field(description="The currency of its prices.")
    lines: list[CartLine] = strawberry.field(description="What is in it; at most 100 lines.")
    subtotal: Money = strawberry.field(
        description="What its lines cost together, before discounts."
    )
    discounts: list[Discount] = strawberry.field(
        description="What rules take off all its lines together."
    )
    total: Money = strawberry.field(description="What is paid for its lines, after discounts.")
    discount_codes: list[str] = strawberry.field(
        description="The codes it was told, also those that take nothing off: see its problems."
    )
    points: int = strawberry.field(description="Points of the customer that are to pay for it.")
    buyer: CartBuyer | None = strawberry.field(description="Who buys; null while nobody said so.")
    promises: list[CartPromise] = strawberry.field(
        description="How its lines reach the buyer, as far as it was chosen."
    )
    hold: CartHold | None = strawberry.field(description="What is held for it now, if anything.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    expires_at: datetime = strawberry.field(
        description="From then on it is gone, unless it is changed before."
    )
    kept: strawberry.Private[model.Cart]

    @strawberry.field(description="What stands in the way of buying it, as of now.")
    async def problems(self, info: Info) -> list[CartProblem]:
        """One question a source."""
        context = info.context
        request = Request(now=context.now, inquiry=context.inquiry)
        found = await context.services.cart_checks.problems(self.kept, request)
        return [CartProblem.of(one, context) for one in found]

    @strawberry.field(
        description="What its points pay of it as of now; null where it spends none, or cannot."
    )
    def points_value(self, info: Info) -> Money | None:
        """By the rules alone."""
        try:
            value = info.context.services.cart_points.worth(self.kept, info.context.now)
        except PointsNotUsable:
            return None
        return None if value is None else Money.of(value)

    @strawberry.field(
        description=(
            "Points that it would earn if it were bought now by somebody who takes part; guests are"
            " told too."
        )
    )
    def points_forecast(self, info: Info) -> int:
        """By the rules alone."""
        return info.context.services.cart_points.forecast(self.kept, info.context.now)

    @classmethod
    def of(cls, cart: model.Cart) -> Self:
        """Dress a cart."""
        looked_at(cart.id)
        buyer, hold = cart.buyer, cart.hold
        return cls(
            id=global_id("Cart", cart.id),
            version=cart.version,
            status=cart.status,
            order_number=None if cart.order is None else strawberry.ID(cart.order),
            channel=cart.channel,
            currency=cart.currency,
            lines=[CartLine.of(line) for line in cart.lines],
            subtotal=Money.of(cart.subtotal),
            points=cart.points,
            discounts=_off(cart),
            total=Money.of(cart.total),
            discount_codes=list(cart.codes),
            buyer=None if buyer is None else _buyer(buyer),
            promises=[CartPromise.of(one) for one in cart.promises],
            hold=None if hold is None else CartHold.of(cart.id, hold),
            created_at=cart.created_at,
            updated_at=cart.updated_at,
            expires_at=cart.expires_at,
            kept=cart,
        )


def _off(cart: model.Cart) -> list[Discount]:
    off = together(one for line in cart.lines for one in line.discounts)
    return [Discount.of(one) for one in off]


def _buyer(buyer: Buyer) -> CartBuyer:
    return CartBuyer(
        email=buyer.email,
        phone=buyer.phone,
        country=buyer.country,
        postal_code=buyer.postal_code,
    )


def cart_key(given: str) -> CartId:
    """The key of a cart's id.

    Raises:
        CartNotFound: it is none; one that nobody has looks the same.
    """
    try:
        return sound_id(key_of(given, "Cart"))
    except InvalidInputError as error:
        raise CartNotFound from error


@strawberry.type
class CartRoot:
    """The root fields of carts."""

    @strawberry.field(
        description=(
            "The cart with an id; null if there is none, it has expired, or it is somebody else's."
        )
    )
    async def cart(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID, strawberry.argument(description="The id of a cart.")
        ],
    ) -> Cart | None:
        """One cart."""
        context = info.context
        try:
            by = context.looking()
            found = await context.services.carts.find(cart_key(id), now=context.now, by=by)
        except CartNotFound:
            return None
        return Cart.of(found)
