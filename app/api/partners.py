"""GraphQL face of partners: who they are, and how far they have come."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from app.api.cart_problems import InvalidInput
from app.api.carts import NOBODY_KEEPS
from app.api.context import Info
from app.errors import InvalidInputError, Refusal
from app.events.model import Cursor, Seq
from app.partners import model
from app.partners.model import PartnerUnknown


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
