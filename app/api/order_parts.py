"""GraphQL face of what an order is made of."""

from datetime import datetime
from typing import Self

import strawberry

from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.locations import Location, location_by_key
from app.api.pricing import Discount, Money
from app.loyalty import ordered
from app.orders import model
from app.orders.model import HandingState
from app.ports import PaymentStatus, Promised, SoldLine
from app.values import LocationCode, Sku, rounded


@strawberry.type(description="Units of one variant that were bought.", directives=NOBODY_KEEPS)
class OrderLine:
    """As it was agreed."""

    sku: Sku = strawberry.field(description="The variant's key.")
    quantity: int = strawberry.field(description="Units.")
    unit_price: Money = strawberry.field(description="What one unit costs, before discounts.")
    subtotal: Money = strawberry.field(
        description="What its units cost together, before discounts."
    )
    discounts: list[Discount] = strawberry.field(
        description="What rules took off all its units, in the order in which they did."
    )
    total: Money = strawberry.field(description="What is paid for it, after discounts.")
    price_list: strawberry.ID | None = strawberry.field(
        description="The price list that the price is of; null where the owner of prices said it."
    )
    location_code: LocationCode = strawberry.field(description="Where the units come from.")

    @strawberry.field(description="The location; null when nobody tells of it now.")
    def location(self, info: Info) -> Location | None:
        """From memory."""
        context = info.context
        return location_by_key(context, self.location_code, context.languages(None)[0])

    @classmethod
    def of(cls, line: SoldLine) -> Self:
        """Dress a line."""
        listed = line.price_list
        return cls(
            sku=line.sku,
            quantity=line.quantity,
            unit_price=Money.of(line.unit_price),
            subtotal=Money.of(rounded(line.unit_price, line.quantity)),
            discounts=[Discount.of(one) for one in line.discounts],
            total=Money.of(line.total),
            price_list=None if listed is None else strawberry.ID(listed),
            location_code=line.location,
        )


@strawberry.type(description="How an order is paid.", directives=NOBODY_KEEPS)
class OrderPayment:
    """Amounts are facts."""

    status: PaymentStatus | None = strawberry.field(
        description="What the provider says; null while nobody knows."
    )
    amount: Money = strawberry.field(description="What is to be paid.")
    captured: Money = strawberry.field(description="What was taken.")
    refunded: Money = strawberry.field(description="What of it was given back.")

    @classmethod
    def of(cls, charge: model.Charge) -> Self:
        """Dress a payment."""
        return cls(
            status=charge.status,
            amount=Money.of(charge.amount),
            captured=Money.of(charge.captured),
            refunded=Money.of(charge.refunded),
        )


@strawberry.type(description="Points of an order, as it was agreed.", directives=NOBODY_KEEPS)
class OrderPoints:
    """What is charged and what points pay is the total."""

    spent: int = strawberry.field(description="Points that pay for it.")
    value: Money = strawberry.field(description="What they pay of the total.")
    earned: int = strawberry.field(
        description="Points that it earns once it is placed, if the customer takes part."
    )
    available_at: datetime = strawberry.field(description="From then on these can be spent.")

    @classmethod
    def of(cls, points: ordered.OrderPoints) -> Self:
        """Dress them."""
        return cls(
            spent=points.spent,
            value=Money.of(points.value),
            earned=points.earns,
            available_at=points.available_at,
        )


@strawberry.type(description="When goods are to be there.", directives=NOBODY_KEEPS)
class OrderWindow:
    """From when until when."""

    earliest: datetime = strawberry.field(description="When the first of it is there.")
    latest: datetime = strawberry.field(description="When all of it is there.")

    @classmethod
    def of(cls, promised: Promised | None) -> Self | None:
        """Dress a window."""
        if promised is None:
            return None
        return cls(earliest=promised.earliest, latest=promised.latest)


@strawberry.type(
    description="The part of an order that one system carries out.", directives=NOBODY_KEEPS
)
class OrderPart:
    """Which system that is, is told by name."""

    source: str = strawberry.field(description="The connection that carries it out.")
    state: HandingState = strawberry.field(description="Whether it has it, or is done with it.")
    reference: str | None = strawberry.field(
        description="What the system itself calls it; null while it does not say."
    )

    @classmethod
    def of(cls, handing: model.Handing) -> Self:
        """Dress a part."""
        return cls(source=handing.sink, state=handing.state, reference=handing.reference)
