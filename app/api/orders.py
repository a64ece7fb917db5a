"""GraphQL face of orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.auditing import looked_at
from app.api.carts import NOBODY_KEEPS
from app.api.context import Context, Info
from app.api.locations import Location, location_by_key
from app.api.nodes import key_of
from app.api.paging import (
    PageInfo,
    bounded,
    decode_cursor,
    encode_cursor,
    moment_in,
    page_size,
)
from app.api.pricing import Discount, Money
from app.loyalty import ordered
from app.orders import model
from app.orders.model import CancelReason, HandingState, OrderNumber, OrderState
from app.orders.refusals import OrderNotFound
from app.ports import PaymentStatus, Promised, SoldLine
from app.values import ChannelCode, CustomerId, FulfilmentMethod, LocationCode, Sku, rounded


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
    total: Money = strawberry.field(description="All the buyer pays, in money and in points.")
    points: OrderPoints | None = strawberry.field(
        description="Points that pay for it and that it earns; null where it was no member's."
    )
    payment: OrderPayment | None = strawberry.field(
        description="How it is paid; null where it is paid elsewhere."
    )
    partner: str | None = strawberry.field(
        description="The partner that sold it, and settles it on account; null where none did."
    )
    reference: str | None = strawberry.field(
        description="What that partner calls it; null where none sold it."
    )
    parts: list[OrderPart] = strawberry.field(
        description="Who carries it out, and who should have before them."
    )

    @classmethod
    def of(cls, order: model.Order) -> Self:
        """Dress an order."""
        looked_at(order.number)
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
            points=None if order.points is None else OrderPoints.of(order.points),
            payment=None if order.charge is None else OrderPayment.of(order.charge),
            partner=order.partner,
            reference=order.reference,
            parts=[OrderPart.of(handing) for handing in order.handings],
        )


@strawberry.type(description="An order in a list.", directives=NOBODY_KEEPS)
class OrderEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: Order = strawberry.field(description="The order.")


@strawberry.type(description="A page of orders, the latest first.", directives=NOBODY_KEEPS)
class OrderConnection:
    """See the Relay cursor connections specification."""

    edges: list[OrderEdge] = strawberry.field(description="The orders of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @classmethod
    def of(cls, orders: Sequence[model.Order], *, first: int, follows: bool) -> Self:
        """Dress a page of at most `first` orders; one more says that more follow."""
        edges = [OrderEdge(cursor=_cursor(one), node=Order.of(one)) for one in orders[:first]]
        info = PageInfo(
            has_next_page=len(orders) > first,
            has_previous_page=follows,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return cls(edges=edges, page_info=info)


async def _selves(context: Context, named: str | None) -> frozenset[CustomerId]:
    """All records of whose orders are looked for; nobody's where it is not the caller's business.

    Raises:
        InvalidInputError: it is no id of a customer.
    """
    viewer = await context.viewer()
    if named is None:
        return viewer.selves
    asked = CustomerId(key_of(named, "Customer"))
    if not viewer.house:
        return viewer.selves & {asked} and viewer.selves
    found = (await context.services.customers.find([asked])).get(asked)
    return frozenset() if found is None else found.selves


def _cursor(order: model.Order) -> str:
    return encode_cursor(order.placed_at.isoformat(), order.number)


def place_in_list(after: str | None) -> tuple[datetime, OrderNumber] | None:
    """The place in the list that a cursor is of.

    Raises:
        InvalidInputError: it is not a cursor of this list.
    """
    key = decode_cursor(after, str, str)
    return None if key is None else (moment_in(key[0]), OrderNumber(key[1]))


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
            str | None,
            strawberry.argument(
                description=(
                    "The token that orderPlace gave; its buyer, signed in, and staff need none."
                )
            ),
        ] = None,
    ) -> Order | None:
        """One order."""
        try:
            viewer = info.context.looking()
            found = await info.context.services.orders.find(number, access=access_token, by=viewer)
        except OrderNotFound:
            return None
        return Order.of(found)

    @strawberry.field(
        description=(
            "Orders, the latest first; null when the store could not be asked. They are the"
            " caller's own, if they have signed in, and those whose access tokens are given; for"
            " staff, those of a customer."
        )
    )
    async def orders(
        self,
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="Page size, 1 to 100; 20 if not given.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="An endCursor of this list.")
        ] = None,
        access_tokens: Annotated[
            list[str] | None,
            strawberry.argument(
                description="At most 100 tokens that orderPlace gave; others' are left out."
            ),
        ] = None,
        states: Annotated[
            list[OrderState] | None,
            strawberry.argument(description="Only orders that are so far; all if not given."),
        ] = None,
        customer: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="A customer, for staff; others have only themselves."),
        ] = None,
    ) -> OrderConnection | None:
        """A page of orders, in one question to the store."""
        tokens = access_tokens or []
        bounded(tokens, argument="accessTokens")
        bounded(states or [], argument="states")
        size, place = page_size(first), place_in_list(after)
        found = await info.context.services.orders.page(
            tokens,
            customers=await _selves(info.context, customer),
            first=size + 1,
            after=place,
            states=states or (),
        )
        return OrderConnection.of(found, first=size, follows=place is not None)
