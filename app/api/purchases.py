"""GraphQL face of what somebody has bought, wherever it was."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

import strawberry

from app.api.context import Context
from app.api.hints import NOBODY_KEEPS
from app.api.orders import Order
from app.api.paging import PageInfo, decode_cursor, encode_cursor, not_of_this_list, page_size
from app.api.pricing import Money
from app.customers.history import Bought, BoughtPage, Place
from app.customers.model import Customer
from app.orders import model
from app.ports import PurchaseChannel, PurchasedLine, PurchaseStatus
from app.values import LocationCode, Sku

if TYPE_CHECKING:
    from app.ports import Purchase

MOST_PURCHASES = 50  # of a page


@strawberry.type(description="What was bought in one line.", directives=NOBODY_KEEPS)
class PurchaseLine:
    """Brought back, it has a negative quantity."""

    sku: Sku | None = strawberry.field(description="The variant's key; null where there is none.")
    name: str = strawberry.field(description="What it is called there.")
    quantity: int = strawberry.field(description="Units; below zero they were brought back.")
    total: Money | None = strawberry.field(
        description="What they cost together; null where it is not told."
    )

    @classmethod
    def of(cls, line: PurchasedLine) -> Self:
        """Dress a line."""
        total = None if line.total is None else Money.of(line.total)
        return cls(sku=line.sku, name=line.name, quantity=line.quantity, total=total)


@strawberry.type(description="One order or receipt.", directives=NOBODY_KEEPS)
class CustomerPurchase:
    """Of ours, or of another system's."""

    source: str = strawberry.field(description="The connection; tessera for an order of ours.")
    reference: str = strawberry.field(description="What it is called there.")
    placed_at: datetime = strawberry.field(description="When.")
    channel: PurchaseChannel = strawberry.field(description="Where.")
    status: PurchaseStatus = strawberry.field(description="What became of it.")
    location: LocationCode | None = strawberry.field(description="The store, where it was one.")
    total: Money | None = strawberry.field(
        description="What was paid; null where the system does not say."
    )
    lines: list[PurchaseLine] = strawberry.field(description="What was bought.")
    order: Order | None = strawberry.field(description="The order, where it is one of ours.")

    @classmethod
    def of(cls, bought: Bought) -> Self:
        """Dress a purchase."""
        if isinstance(bought.order, model.Order):
            return cls._ours(bought.source, bought.order)
        assert bought.purchase is not None  # noqa: S101  one of the two is there
        return cls._theirs(bought.source, bought.purchase)

    @classmethod
    def _theirs(cls, source: str, told: "Purchase") -> Self:
        return cls(
            source=source,
            reference=told.reference,
            placed_at=told.placed_at,
            channel=told.channel,
            status=told.status,
            location=told.location,
            total=None if told.total is None else Money.of(told.total),
            lines=[PurchaseLine.of(one) for one in told.lines],
            order=None,
        )

    @classmethod
    def _ours(cls, source: str, order: model.Order) -> Self:
        lines = [
            PurchaseLine(
                sku=one.sku, name=one.sku, quantity=one.quantity, total=Money.of(one.total)
            )
            for one in order.lines
        ]
        return cls(
            source=source,
            reference=order.number,
            placed_at=order.placed_at,
            channel=PurchaseChannel.ONLINE,
            status=STATUSES.get(order.state, PurchaseStatus.OPEN),
            location=order.store,
            total=Money.of(order.total),
            lines=lines,
            order=Order.of(order),
        )


STATUSES = {
    model.OrderState.COMPLETED: PurchaseStatus.COMPLETED,
    model.OrderState.CANCELLED: PurchaseStatus.CANCELLED,
    model.OrderState.CANCELLING: PurchaseStatus.CANCELLED,
    model.OrderState.REFUSED: PurchaseStatus.CANCELLED,
}


@strawberry.type(description="A purchase in a list.", directives=NOBODY_KEEPS)
class PurchaseEdge:
    """See the Relay cursor connections specification."""

    cursor: str = strawberry.field(description="Place in the list.")
    node: CustomerPurchase = strawberry.field(description="The purchase.")


@strawberry.type(description="A page of purchases, the latest first.", directives=NOBODY_KEEPS)
class PurchaseConnection:
    """See the Relay cursor connections specification."""

    edges: list[PurchaseEdge] = strawberry.field(description="The purchases of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    missing: list[str] = strawberry.field(
        description="Connections that did not tell all they know: what is not here is not absent."
    )

    @classmethod
    def of(cls, page: BoughtPage, *, follows: bool) -> Self:
        """Dress a page."""
        edges = [
            PurchaseEdge(cursor=_cursor(one.place), node=CustomerPurchase.of(one))
            for one in page.purchases
        ]
        info = PageInfo(
            has_next_page=page.more,
            has_previous_page=follows,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return cls(edges=edges, page_info=info, missing=list(page.missing))


async def page_of(
    customer: Customer, context: Context, first: int | None, after: str | None
) -> PurchaseConnection:
    """A page of what somebody has bought."""
    size, place = page_size(first, most=MOST_PURCHASES), _place(after)
    purchases = context.services.people.purchases
    page = await purchases.page(customer, first=size, after=place, now=context.now)
    return PurchaseConnection.of(page, follows=place is not None)


def _cursor(place: Place) -> str:
    at, source, reference = place
    return encode_cursor(at.isoformat(), source, reference)


def _place(after: str | None) -> Place | None:
    key = decode_cursor(after, str, str, str)
    if key is None:
        return None
    try:
        at = datetime.fromisoformat(key[0])
    except ValueError:
        raise not_of_this_list() from None
    if at.tzinfo is None:
        raise not_of_this_list()
    return at, key[1], key[2]
