"""GraphQL face of what followers of orders are told."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self, TypeAlias

import strawberry

from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.orders import Order
from app.api.sharing import together
from app.api.streams import Gap, Heartbeat, Removed, StreamEvent
from app.events.model import Cursor, Event, Happened, Lost, Quiet, Seq, There
from app.orders import model
from app.orders.model import OrderState
from app.orders.refusals import OrderNotFound
from app.principals.model import THE_HOUSE

ORDER, DELTA = "order", "delta"  # what those who are told the same have together


@strawberry.type(description="What there is, before what happens.", directives=NOBODY_KEEPS)
class OrderSnapshot(StreamEvent):
    """A page of it."""

    orders: list[Order] = strawberry.field(description="Orders as they are, at most 50.")
    seq: Seq = strawberry.field(
        description="Events up to this number are in these orders already: leave them out."
    )
    last_seq: Seq = strawberry.field(
        description="The prevSeq of the first event after the last page."
    )
    complete: bool = strawberry.field(description="Whether this is the last page.")

    @classmethod
    def of(cls, there: There[model.Order]) -> Self:
        """Dress a page."""
        return cls(
            cursor=Cursor(there.cursor),
            orders=[Order.of(one) for one in there.rows],
            seq=Seq(there.seq),
            last_seq=Seq(there.last),
            complete=there.complete,
        )


@strawberry.type(description="Something happened to an order.", directives=NOBODY_KEEPS)
class OrderDelta(StreamEvent):
    """A fact."""

    seq: Seq = strawberry.field(description="The number of this event.")
    prev_seq: Seq = strawberry.field(
        description="The number of the event before it in this stream: another one is a gap."
    )
    entity: strawberry.ID = strawberry.field(description="The number of the order.")
    version: Seq = strawberry.field(
        description="Grows with every event of the order: of two, the higher one is right."
    )
    change: str = strawberry.field(
        description=(
            "What happened, in the past tense, such as OrderPlaced, PaymentCaptured or"
            " HandingTaken. Treat an unknown value as news of the order."
        )
    )
    state: OrderState | None = strawberry.field(
        description="How far the order was then; null where the event does not tell."
    )
    reference: str | None = strawberry.field(
        description="What the partner that sold it calls the order; null where none did."
    )
    occurred_at: datetime = strawberry.field(description="When it happened.")
    happened: strawberry.Private[Happened]

    @property
    def shared(self) -> dict[Any, Any]:
        """What those who are told the same keep together."""
        return self.happened.shared

    @strawberry.field(description="The order as it is now, which may be later than this event.")
    async def order(self, info: Info) -> Order | None:
        """Read once for all who are told of this event."""
        orders, number = info.context.services.orders, self.happened.told.fact.entity
        find = partial(orders.find, number, by=THE_HOUSE)
        try:
            found = await together(self.happened.shared, ORDER, find)
        except OrderNotFound:
            return None
        return Order.of(found)

    @classmethod
    def of(cls, happened: Happened) -> Self:
        """Dress a fact."""
        told = happened.told
        state = told.fact.body.get("state")
        return cls(
            cursor=Cursor(happened.cursor),
            seq=Seq(told.seq),
            prev_seq=Seq(happened.prev),
            entity=strawberry.ID(told.fact.entity),
            version=Seq(told.seq),
            change=told.fact.kind,
            state=None if state is None else OrderState(state),
            reference=told.fact.body.get("called"),
            occurred_at=told.at,
            happened=happened,
        )


OrderEvent = Annotated[
    OrderSnapshot | OrderDelta | Removed | Gap | Heartbeat,
    strawberry.union(
        "OrderEvent", description="A message of the stream of orders. More kinds may come."
    ),
]
Dressed: TypeAlias = OrderSnapshot | OrderDelta | Removed | Gap | Heartbeat


@strawberry.type(
    description="Events after a cursor, as far as a page goes.", directives=NOBODY_KEEPS
)
class OrderEventPage:
    """For whoever asks now and then."""

    events: list[OrderEvent] = strawberry.field(description="In order; the last may be a Gap.")
    cursor: Cursor = strawberry.field(description="Give it as after for the next page.")


def dressed(event: Event[model.Order]) -> Dressed:
    """The type of the schema."""
    match event:
        case There():
            return OrderSnapshot.of(event)
        case Happened():
            return _delta(event)
        case Lost():
            return Gap.of(event)
        case Quiet():
            return Heartbeat.of(event)


def _delta(happened: Happened) -> OrderDelta:
    """Dressed once for all who are told the same."""
    delta: OrderDelta | None = happened.shared.get(DELTA)
    if delta is None:
        delta = happened.shared[DELTA] = OrderDelta.of(happened)
    return delta
