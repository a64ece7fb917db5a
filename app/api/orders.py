"""GraphQL face of orders."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.carts import NOBODY_KEEPS
from app.api.context import Info
from app.api.locations import Location, location_by_key
from app.api.pricing import Money
from app.orders import model
from app.orders.model import CancelReason, HandingState, OrderState
from app.orders.refusals import OrderNotFound
from app.ports import PaymentStatus, Promised, SoldLine
from app.values import ChannelCode, FulfilmentMethod, LocationCode, Sku


@strawberry.type(description="Units of one variant that were bought.", directives=NOBODY_KEEPS)
class OrderLine:
    """As it was agreed."""

    sku: Sku = strawberry.field(description="The variant's key.")
    quantity: int = strawberry.field(description="Units.")
    unit_price: Money = strawberry.field(description="What one unit costs.")
    total: Money = strawberry.field(description="What its units cost together.")
    location_code: LocationCode = strawberry.field(description="Where the units come from.")

    @strawberry.field(description="The location; null when nobody tells of it now.")
    def location(self, info: Info) -> Location | None:
        """From memory."""
        context = info.context
        return location_by_key(context, self.location_code, context.languages(None)[0])

    @classmethod
    def of(cls, line: SoldLine) -> Self:
        """Dress a line."""
        price = line.unit_price
        total = price.amount * line.quantity
        return cls(
            sku=line.sku,
            quantity=line.quantity,
            unit_price=Money.of(price),
            total=Money(amount=total, currency=price.currency),
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
    state: HandingState = strawberry.field(description="Whether it has it.")
    reference: str | None = strawberry.field(
        description="What the system itself calls it; null while it does not say."
    )

    @classmethod
    def of(cls, handing: model.Handing) -> Self:
        """Dress a part."""
        return cls(source=handing.sink, state=handing.state, reference=handing.reference)


@strawberry.type(
    description="What was bought. Who has its number and its access token may see it.",
    directives=NOBODY_KEEPS,
)
class Order:
    """It stays what was agreed; only its state goes on."""

    number: strawberry.ID = strawberry.field(description="What it is called.")
    state: OrderState = strawberry.field(description="How far it is.")
    reason: CancelReason | None = strawberry.field(
        description="Why it was refused or cancelled; null while it is neither."
    )
    channel: ChannelCode = strawberry.field(description="The channel it was bought through.")
    placed_at: datetime = strawberry.field(description="When it was asked for.")
    method: FulfilmentMethod = strawberry.field(description="How the goods reach the buyer.")
    store: LocationCode | None = strawberry.field(
        description="The store where it is fetched; null where it is sent, or none was promised."
    )
    promised: OrderWindow | None = strawberry.field(
        description="When it was promised to be there; null where nothing was promised."
    )
    expected: OrderWindow | None = strawberry.field(
        description="When it is there as of now: as promised, or later where it is late."
    )
    late: bool = strawberry.field(
        description="Whether it is there after it was promised, as nobody can carry it out in time."
    )
    lines: list[OrderLine] = strawberry.field(description="What was bought; at most 200 lines.")
    delivery: Money = strawberry.field(description="What the buyer pays for the way.")
    total: Money = strawberry.field(description="All the buyer pays.")
    payment: OrderPayment | None = strawberry.field(
        description="How it is paid; null where it is paid elsewhere."
    )
    parts: list[OrderPart] = strawberry.field(
        description="Who carries it out, and who should have before them."
    )

    @classmethod
    def of(cls, order: model.Order) -> Self:
        """Dress an order."""
        return cls(
            number=strawberry.ID(order.number),
            state=order.state,
            reason=order.reason,
            channel=order.channel,
            placed_at=order.placed_at,
            method=order.method,
            store=order.store,
            promised=OrderWindow.of(order.promised),
            expected=OrderWindow.of(order.expected),
            late=order.late,
            lines=[OrderLine.of(line) for line in order.lines],
            delivery=Money.of(order.delivery),
            total=Money.of(order.total),
            payment=None if order.charge is None else OrderPayment.of(order.charge),
            parts=[OrderPart.of(handing) for handing in order.handings],
        )


@strawberry.type
class OrderRoot:
    """The root fields of orders."""

    @strawberry.field(
        description="The order with a number; null if there is none, or the token is of another."
    )
    async def order(
        self,
        info: Info,
        number: Annotated[
            strawberry.ID, strawberry.argument(description="The number of an order.")
        ],
        access_token: Annotated[
            str, strawberry.argument(description="The token that orderPlace gave.")
        ],
    ) -> Order | None:
        """One order."""
        try:
            found = await info.context.services.orders.find(number, access=access_token)
        except OrderNotFound:
            return None
        return Order.of(found)
