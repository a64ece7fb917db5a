"""GraphQL face of what happens to orders."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Self, TypeAlias

import strawberry

from app.api.carts import NOBODY_KEEPS
from app.api.context import Context, Info
from app.api.orders import Order
from app.api.paging import page_size
from app.api.sharing import together
from app.api.streams import After, Gap, Heartbeat, Removed, StreamEvent, place_of
from app.errors import InvalidInputError
from app.events.model import Cursor, Event, Happened, Lost, Quiet, Seq, There
from app.orders import model
from app.orders.following import ORDERS
from app.orders.model import OrderState
from app.orders.refusals import OrderNotFound
from app.principals.model import THE_HOUSE, Viewer

OWNER, ORDER, DELTA = "owner", "order", "delta"  # what those who are told the same look up together
Number: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The number of an order; without one all orders, which is for the house."
    ),
]
Token: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="The token that orderPlace gave; the house and the buyer do without."
    ),
]


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
            occurred_at=told.at,
            happened=happened,
        )


OrderEvent = Annotated[
    OrderSnapshot | OrderDelta | Removed | Gap | Heartbeat,
    strawberry.union(
        "OrderEvent", description="A message of the stream of orders. More kinds may come."
    ),
]
Events: TypeAlias = AsyncGenerator[Event[model.Order], None]
Dressed: TypeAlias = OrderSnapshot | OrderDelta | Removed | Gap | Heartbeat


@strawberry.type(
    description="Events after a cursor, as far as a page goes.", directives=NOBODY_KEEPS
)
class OrderEventPage:
    """For whoever asks now and then."""

    events: list[OrderEvent] = strawberry.field(description="In order; the last may be a Gap.")
    cursor: Cursor = strawberry.field(description="Give it as after for the next page.")


@dataclass(frozen=True, slots=True)
class _View:
    """What one caller sees of one order, or of all."""

    context: Context
    number: str | None
    token: str | None

    async def check(self) -> None:
        """Whether it may follow.

        Raises:
            InvalidInputError: all orders, by somebody who is not of the house.
            OrderNotFound: an order that is not there, or not its to see.
        """
        if self.number is not None:
            await self._visible(self.number)
        elif not (await self._viewer()).house:
            raise InvalidInputError(
                "Name an order, with the access token that orderPlace gave.", argument="order"
            )

    async def told(
        self, events: AsyncGenerator[Event[model.Order], None]
    ) -> AsyncGenerator[Dressed, None]:
        """Dress events. Whether the caller may still see the order is asked anew at each."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Happened) and not await self._may_see(event):
                    yield Removed.of(event)
                    return
                yield dressed(event)

    async def _may_see(self, happened: Happened) -> bool:
        if self.number is None:
            return (await self._viewer()).house
        try:
            await self._visible(self.number, happened.shared)
        except OrderNotFound:
            return False
        return True

    async def _viewer(self) -> Viewer:
        """On whose behalf it follows, as of now."""
        return await self.context.services.customers.viewer(self.context.principal)

    async def _visible(self, number: str, shared: dict[Any, Any] | None = None) -> None:
        """Ask whose it is; once for all who are told the same."""
        ask = partial(self.context.services.order_holders.of, number)
        found = await (ask() if shared is None else together(shared, OWNER, ask))
        owner = found.shown(self.token)
        if self.token is None:
            viewer = await self._viewer()
            if not (viewer.house or viewer.owns(owner)):
                raise OrderNotFound


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


@strawberry.type
class OrderSubscriptions:
    """The root fields of subscriptions to orders."""

    @strawberry.subscription(
        description=(
            "What happens to orders: what there is, then every event in order, none missing and"
            " none twice. A cursor resumes it over any transport, as long as events are kept."
        )
    )
    async def order_events(
        self, info: Info, after: After = None, order: Number = None, access_token: Token = None
    ) -> AsyncGenerator[OrderEvent, None]:
        """Follow."""
        context = info.context
        view = _View(context, order, access_token)
        await view.check()
        place = place_of(context, after)
        events = context.services.events.followed(ORDERS, after=place, entity=order)
        async with aclosing(view.told(events)) as told:
            async for event in told:
                yield event


@strawberry.type
class OrderEventRoot:
    """The root fields of queries for what happened to orders."""

    @strawberry.field(
        description=(
            "What happened to orders after a cursor, without waiting: the same events as the"
            " subscription of this name tells, by the same cursors. Null where there is no such"
            " order, or it is not the caller's."
        )
    )
    async def order_events(
        self,
        info: Info,
        after: After = None,
        order: Number = None,
        access_token: Token = None,
        first: Annotated[
            int | None, strawberry.argument(description="Events of a page, 1 to 100; or else 20.")
        ] = None,
    ) -> OrderEventPage | None:
        """A page."""
        context, size = info.context, page_size(first)
        view = _View(context, order, access_token)
        try:
            await view.check()
        except OrderNotFound:
            return None
        found = await context.services.events.page(ORDERS, after=after, entity=order, most=size)
        told = [dressed(event) for event in found]
        events: list[Dressed] = [one for one in told if not isinstance(one, Heartbeat)]
        return OrderEventPage(events=events, cursor=told[-1].cursor)
