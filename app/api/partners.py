"""GraphQL face of partners: who they are, and how far they have come."""

from datetime import datetime, timedelta
from typing import Annotated, Self

import strawberry

from app.api.cart_problems import InvalidInput
from app.api.context import Info
from app.api.hints import NOBODY_KEEPS
from app.api.orders import OrderConnection, place_in_list
from app.api.paging import AfterArgument, FirstArgument, bounded, page_size
from app.api.partner_usage import PartnerKey, PartnerUsage
from app.errors import InvalidInputError, Refusal
from app.events.model import Cursor, Seq
from app.orders.model import OrderState
from app.partners import model
from app.partners.limits import day_of
from app.partners.model import PartnerUnknown
from app.values import PrincipalKind


@strawberry.type(description="Somebody who sells what we have.", directives=NOBODY_KEEPS)
class Partner:
    """What it has been told, and how far it says it is."""

    name: str = strawberry.field(description="What it is called.")
    item_count: int = strawberry.field(description="SKUs of its assortment.")
    looked_at: datetime | None = strawberry.field(
        description="When all of its assortment was last looked at; null while it never was."
    )
    told_seq: Seq = strawberry.field(description="The last event of its assortment.")
    acknowledged_seq: Seq = strawberry.field(
        description="The last event that it said it has processed; 0 if it never did."
    )
    acknowledged_at: datetime | None = strawberry.field(description="When it last said so.")
    behind: int = strawberry.field(
        description="Events since then that are kept: what it has still to process."
    )

    oldest_at: strawberry.Private[datetime | None]

    @strawberry.field(
        description="How long ago the first of these happened; null where there are none."
    )
    def lag(self, info: Info) -> timedelta | None:
        """Behind, in time."""
        at = self.oldest_at
        return None if at is None else max(timedelta(), info.context.now - at)

    @strawberry.field(description="Orders that it placed, the latest first.")
    async def orders(
        self,
        info: Info,
        first: FirstArgument = None,
        after: AfterArgument = None,
        states: Annotated[
            list[OrderState] | None,
            strawberry.argument(description="Only orders that are so far; all if not given."),
        ] = None,
    ) -> OrderConnection:
        """A page of them."""
        bounded(states or [], argument="states")
        size, place = page_size(first), place_in_list(after)
        found = await info.context.services.partner_orders.page(
            self.name, first=size + 1, after=place, states=states or ()
        )
        return OrderConnection.of(found, first=size, follows=place is not None)

    @strawberry.field(description="What it has sold against its limits, and what it was told.")
    async def usage(self, info: Info) -> PartnerUsage:
        """As of now."""
        services, now = info.context.services, info.context.now
        told = await services.partners.told_since(self.name, day_of(now))
        return PartnerUsage.of(
            await services.partner_orders.sold(self.name),
            services.partners.partners[self.name].told.limits,
            events_today=told,
            now=now,
        )

    @strawberry.field(description="Its API keys, the latest first, at most 20.")
    async def keys(self, info: Info) -> list[PartnerKey]:
        """Never the keys themselves."""
        found = await info.context.services.keys.of(PrincipalKind.PARTNER, self.name)
        return [PartnerKey.of(one) for one in found]

    @classmethod
    def of(cls, standing: model.Standing) -> Self:
        """Dress how one is doing."""
        return cls(
            name=standing.name,
            item_count=standing.items,
            looked_at=standing.looked_at,
            told_seq=Seq(standing.told),
            acknowledged_seq=Seq(standing.acknowledged),
            acknowledged_at=standing.acknowledged_at,
            behind=standing.behind,
            oldest_at=standing.oldest_at,
        )


@strawberry.input(description="How far a partner is.")
class PartnerCursorAckInput:
    """A cursor."""

    cursor: Cursor = strawberry.field(description="Of the last event that is processed.")


@strawberry.type(description="It is known how far the partner is.", directives=NOBODY_KEEPS)
class PartnerCursorAcknowledged:
    """It never goes back."""

    partner: Partner = strawberry.field(description="The partner as it stands.")


PartnerCursorAckResult = Annotated[
    PartnerCursorAcknowledged | InvalidInput,
    strawberry.union("PartnerCursorAckResult", description="What came of partnerCursorAck."),
]


@strawberry.type
class PartnerRoot:
    """The root fields of partners."""

    @strawberry.field(
        description="The partner that asks; null where nobody decided what it is to see."
    )
    async def partner(self, info: Info) -> Partner | None:
        """The caller."""
        context = info.context
        try:
            standing = await context.services.partners.standing(context.principal.subject)
        except PartnerUnknown:
            return None
        return Partner.of(standing)

    @strawberry.field(description="All partners, by name.")
    async def partners(self, info: Info) -> list[Partner]:
        """For the house."""
        service = info.context.services.partners
        return [Partner.of(await service.standing(name)) for name in sorted(service.partners)]


@strawberry.type
class PartnerMutations:
    """The root fields of what partners say."""

    @strawberry.mutation(
        description="Say how far the caller has processed its assortment's events; it shows as lag."
    )
    async def partner_cursor_ack(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            PartnerCursorAckInput, strawberry.argument(description="All that it takes.")
        ],
    ) -> PartnerCursorAckResult:
        """Keep it."""
        context = info.context
        try:
            standing = await context.services.partners.acknowledge(
                context.principal.subject, input.cursor
            )
        except (InvalidInputError, Refusal) as refusal:
            return InvalidInput.told("INVALID_INPUT", refusal, ["input", "cursor"])
        return PartnerCursorAcknowledged(partner=Partner.of(standing))
