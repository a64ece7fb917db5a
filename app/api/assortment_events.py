"""GraphQL face of what changes in a partner's assortment."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Self, TypeAlias

import strawberry

from app.api.context import Context, Info
from app.api.hints import NOBODY_KEEPS
from app.api.paging import page_size
from app.api.pricing import Money
from app.api.streams import After, Gap, Heartbeat, Removed, StreamEvent, place_of
from app.availability.model import AvailabilityStatus
from app.events.model import Cursor, Event, Happened, Lost, Quiet, Seq, There
from app.partners import model
from app.partners.events import ENTERED, LEFT, PRICED, read
from app.partners.following import ASSORTMENTS
from app.values import Sku


@strawberry.enum(description="What happened to an item. Treat an unknown value like CHANGED.")
class AssortmentChange(Enum):
    """That it left is told by `Removed`."""

    ENTERED = strawberry.enum_value("ENTERED", description="It is in the assortment from now on.")
    CHANGED = strawberry.enum_value(
        "CHANGED", description="There is more or less of it, or nobody knows any more."
    )
    PRICED = strawberry.enum_value(
        "PRICED", description="A unit costs something else; there may be more or less of it, too."
    )


CHANGES = {ENTERED: AssortmentChange.ENTERED, PRICED: AssortmentChange.PRICED}


@strawberry.type(description="A SKU of an assortment.", directives=NOBODY_KEEPS)
class AssortmentItem:
    """As it was when it was told."""

    sku: Sku = strawberry.field(description="The variant's key.")
    status: AvailabilityStatus = strawberry.field(description="Whether it can be sold.")
    available_to_sell: int | None = strawberry.field(
        description="Units that the partner may sell, within its limits; null while nobody knows."
    )
    prices: list[Money] = strawberry.field(
        description="What the partner pays for a unit, in each currency that there is a price in."
    )
    version: int = strawberry.field(description="One more with every change of the item.")

    @classmethod
    def of(cls, item: model.Item) -> Self:
        """Dress what is kept."""
        return cls(
            sku=item.sku,
            status=AvailabilityStatus(item.stock.status),
            available_to_sell=item.stock.available,
            prices=[Money.of(one) for one in item.stock.prices],
            version=item.version,
        )


@strawberry.type(description="What there is, before what happens.", directives=NOBODY_KEEPS)
class AssortmentSnapshot(StreamEvent):
    """A page of it."""

    items: list[AssortmentItem] = strawberry.field(description="At most 100, by SKU.")
    seq: Seq = strawberry.field(
        description="Events up to this number are in these items already: leave them out."
    )
    last_seq: Seq = strawberry.field(
        description="The prevSeq of the first event after the last page."
    )
    complete: bool = strawberry.field(description="Whether this is the last page.")

    @classmethod
    def of(cls, there: There[model.Item]) -> Self:
        """Dress a page."""
        return cls(
            cursor=Cursor(there.cursor),
            items=[AssortmentItem.of(one) for one in there.rows],
            seq=Seq(there.seq),
            last_seq=Seq(there.last),
            complete=there.complete,
        )


@strawberry.type(description="An item came or changed.", directives=NOBODY_KEEPS)
class AssortmentDelta(StreamEvent):
    """A fact, whole: the item as it was then."""

    seq: Seq = strawberry.field(description="The number of this event.")
    prev_seq: Seq = strawberry.field(
        description="The number of the event before it in this stream: another one is a gap."
    )
    entity: strawberry.ID = strawberry.field(description="The SKU.")
    version: int = strawberry.field(description="The version of the item.")
    change: AssortmentChange = strawberry.field(description="What happened.")
    item: AssortmentItem = strawberry.field(description="The item since then.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    shared: strawberry.Private[dict[Any, Any]]

    @classmethod
    def of(cls, happened: Happened) -> Self:
        """Dress a fact."""
        told, body = happened.told, happened.told.fact.body
        return cls(
            cursor=Cursor(happened.cursor),
            seq=Seq(told.seq),
            prev_seq=Seq(happened.prev),
            entity=strawberry.ID(body["sku"]),
            version=body["version"],
            change=CHANGES.get(told.fact.kind, AssortmentChange.CHANGED),
            item=AssortmentItem(
                sku=Sku(body["sku"]),
                status=AvailabilityStatus(body["status"]),
                available_to_sell=body["available"],
                prices=[Money.of(one) for one in read(body.get("prices", ()))],
                version=body["version"],
            ),
            occurred_at=told.at,
            shared=happened.shared,
        )


AssortmentEvent = Annotated[
    AssortmentSnapshot | AssortmentDelta | Removed | Gap | Heartbeat,
    strawberry.union(
        "AssortmentEvent",
        description="A message of the stream of an assortment. More kinds may come.",
    ),
]
Dressed: TypeAlias = AssortmentSnapshot | AssortmentDelta | Removed | Gap | Heartbeat


@strawberry.type(
    description="Events after a cursor, as far as a page goes.", directives=NOBODY_KEEPS
)
class AssortmentEventPage:
    """For whoever asks now and then."""

    events: list[AssortmentEvent] = strawberry.field(description="In order; the last may be a Gap.")
    cursor: Cursor = strawberry.field(description="Give it as after for the next page.")


def dressed(event: Event[model.Item]) -> Dressed:
    """The type of the schema."""
    match event:
        case There():
            return AssortmentSnapshot.of(event)
        case Happened() if event.told.fact.kind == LEFT:
            return Removed.of(event, entity=event.told.fact.body["sku"])
        case Happened():
            return AssortmentDelta.of(event)
        case Lost():
            return Gap.of(event)
        case Quiet():
            return Heartbeat.of(event)


def _partner(context: Context) -> str:
    """The partner that asks; it sees its own assortment, and there is no way to name another."""
    return context.services.partners.named(context.principal.subject)


@strawberry.type
class AssortmentSubscriptions:
    """The root fields of subscriptions to assortments."""

    @strawberry.subscription(
        description=(
            "What changes in the caller's assortment: what there is, then every change in order,"
            " none missing and none twice. A cursor resumes it over any transport."
        )
    )
    async def assortment_events(
        self, info: Info, after: After = None
    ) -> AsyncGenerator[AssortmentEvent, None]:
        """Follow."""
        context = info.context
        place, entity = place_of(context, after), _partner(context)
        events = context.services.events.followed(ASSORTMENTS, after=place, entity=entity)
        async with aclosing(events) as told:
            async for event in told:
                yield dressed(event)


@strawberry.type
class AssortmentEventRoot:
    """The root fields of queries for what changed in assortments."""

    @strawberry.field(
        description=(
            "What changed in the caller's assortment after a cursor, without waiting: the same"
            " events as the subscription of this name tells, by the same cursors."
        )
    )
    async def assortment_events(
        self,
        info: Info,
        after: After = None,
        first: Annotated[
            int | None, strawberry.argument(description="Events of a page, 1 to 100; or else 20.")
        ] = None,
    ) -> AssortmentEventPage | None:
        """A page."""
        context, size = info.context, page_size(first)
        found = await context.services.events.page(
            ASSORTMENTS, after=after, entity=_partner(context), most=size
        )
        told = [dressed(event) for event in found]
        events: list[Dressed] = [one for one in told if not isinstance(one, Heartbeat)]
        return AssortmentEventPage(events=events, cursor=told[-1].cursor)
