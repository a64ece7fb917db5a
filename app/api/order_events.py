"""GraphQL face of what happens to orders."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias

import strawberry

from app.api.context import Context, Info
from app.api.order_messages import Dressed, OrderEvent, OrderEventPage, dressed
from app.api.paging import page_size
from app.api.sharing import together
from app.api.streams import After, Heartbeat, Removed, place_of
from app.errors import InvalidInputError
from app.events.model import Event, Happened
from app.orders import model
from app.orders.following import ORDERS
from app.orders.refusals import OrderNotFound
from app.partners.model import PartnerUnknown
from app.principals.model import Viewer
from app.values import PrincipalKind

OWNER = "owner"  # what those who are told the same look up together
Number: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description=(
            "The number of an order; without one all orders, which is for the house, or all that"
            " the calling partner sold."
        )
    ),
]
Token: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description=(
            "The token that orderPlace gave; the house, the buyer and the partner do without."
        )
    ),
]


Events: TypeAlias = AsyncGenerator[Event[model.Order], None]


@dataclass(frozen=True, slots=True)
class _View:
    """What one caller sees of one order, or of all that are its to see."""

    context: Context
    number: str | None
    token: str | None

    @property
    def partner(self) -> str | None:
        """The partner that follows all it sold; it has no way to name another."""
        principal = self.context.principal
        partner = principal.subject if principal.kind is PrincipalKind.PARTNER else None
        return partner if self.number is None else None

    async def check(self) -> None:
        """Whether it may follow.

        Raises:
            InvalidInputError: all orders, by somebody who is not of the house.
            OrderNotFound: an order that is not there, or not its to see.
            PartnerUnknown: the caller is none of the partners.
        """
        if self.number is not None:
            await self._visible(self.number)
        elif self.partner is not None:
            self.context.services.partners.named(self.partner)
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

    async def page(self, events: Sequence[Event[model.Order]]) -> list[Dressed]:
        """Dress events of a page; a partner's up to the first that is its to see no more."""
        if self.partner is None:
            return [dressed(event) for event in events]
        return [event async for event in self.told(_each(events))]

    async def _may_see(self, happened: Happened) -> bool:
        number = self.number
        if number is None and self.partner is None:
            return (await self._viewer()).house
        try:
            await self._visible(number or happened.told.fact.entity, happened.shared)
            if self.partner is not None:
                self.context.services.partners.named(self.partner)
        except (OrderNotFound, PartnerUnknown):
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
            if not viewer.may_see(customer=owner.customer, partner=owner.partner):
                raise OrderNotFound


async def _each(events: Sequence[Event[model.Order]]) -> Events:
    for event in events:
        yield event


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
        events = context.services.events.followed(
            ORDERS, after=place, entity=order, party=view.partner
        )
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
        found = await context.services.events.page(
            ORDERS, after=after, entity=order, party=view.partner, most=size
        )
        told = await view.page(found)
        events: list[Dressed] = [one for one in told if not isinstance(one, Heartbeat)]
        return OrderEventPage(events=events, cursor=told[-1].cursor)
