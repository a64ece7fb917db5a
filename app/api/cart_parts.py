"""GraphQL face of what a cart is made of, and of what stands in its way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Self

import strawberry

from app.api.batching import batched
from app.api.context import Context, Info
from app.api.hints import NOBODY_KEEPS
from app.api.locations import Location, location_by_key
from app.api.nodes import global_id
from app.api.pricing import Discount, Money
from app.api.product_root import products_by_key
from app.api.promises import PromiseDrift, drifted, places
from app.api.variants import ProductVariant
from app.carts import checking, model
from app.carts.buyers import Buyer
from app.carts.checking import CartProblemCode, Severity
from app.carts.model import CartId
from app.ports import ProductKey
from app.pricing.model import CodeFate
from app.values import (
    CountryCode,
    FulfilmentMethod,
    LocationCode,
    Sku,
)


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

    @classmethod
    def of(cls, buyer: Buyer) -> Self:
        """Dress a buyer."""
        return cls(
            email=buyer.email,
            phone=buyer.phone,
            country=buyer.country,
            postal_code=buyer.postal_code,
        )


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
