"""What do all streams of events have in common? What they tell besides events, and their places."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self, TypeAlias

import strawberry

from app.api.context import Context
from app.api.hints import NOBODY_KEEPS
from app.events import model
from app.events.model import Cursor, Seq

After: TypeAlias = Annotated[
    Cursor | None,
    strawberry.argument(
        description=(
            "The last cursor that was told: all that happened since comes first. Without one, what"
            " there is comes first. Over server-sent events Last-Event-ID goes before it."
        )
    ),
]


def place_of(context: Context, after: Cursor | None) -> str | None:
    """Where a caller goes on: what it says as it comes back goes before what it said at first."""
    return context.last_event or after


@strawberry.enum(
    description="Why a cursor is good no more. Treat an unknown value like CURSOR_EXPIRED."
)
class GapCode(Enum):
    """See `app.events.model.LostCode`."""

    CURSOR_EXPIRED = strawberry.enum_value(
        "CURSOR_EXPIRED", description="What happened after it is not kept any more."
    )
    EPOCH_CHANGED = strawberry.enum_value(
        "EPOCH_CHANGED", description="The log began anew, or was set back: numbers do not go on."
    )


@strawberry.interface(description="One message of a stream.")
class StreamEvent:
    """Kinds that a client does not know implement it, too."""

    cursor: Cursor = strawberry.field(
        description="Give it as after to go on behind this message; keep it once that is processed."
    )


@strawberry.type(
    description=(
        "Some events cannot be told any more; the stream ends here. Events are kept for at least"
        " a week, unless the retailer decided otherwise."
    ),
    directives=NOBODY_KEEPS,
)
class Gap(StreamEvent):
    """Complete or refused, never partial."""

    code: GapCode = strawberry.field(description="Why.")
    from_: Seq = strawberry.field(
        name="from", description="The last event that the caller is known to have."
    )
    to: Seq = strawberry.field(description="The last event that cannot be told; 0 if unknown.")
    resync_from: Cursor = strawberry.field(
        description="Give it as after, and forget what you have: it begins with what there is."
    )

    @classmethod
    def of(cls, lost: model.Lost) -> Self:
        """Dress a loss."""
        cursor = Cursor(lost.cursor)
        return cls(
            cursor=cursor,
            code=GapCode(lost.code.value),
            from_=Seq(lost.after),
            to=Seq(lost.before),
            resync_from=cursor,
        )


@strawberry.type(
    description="Nothing has happened up to this place; the connection is alive.",
    directives=NOBODY_KEEPS,
)
class Heartbeat(StreamEvent):
    """It moves the cursor on where nothing else does."""

    @classmethod
    def of(cls, quiet: model.Quiet) -> Self:
        """Dress a silence."""
        return cls(cursor=Cursor(quiet.cursor))


@strawberry.type(
    description="Something is not the caller's to see any more: forget it.", directives=NOBODY_KEEPS
)
class Removed(StreamEvent):
    """It is said, never just silence."""

    seq: Seq = strawberry.field(description="The number of this event.")
    prev_seq: Seq = strawberry.field(
        description="The number of the event before it in this stream."
    )
    entity: strawberry.ID = strawberry.field(description="What it was called.")
    occurred_at: datetime = strawberry.field(description="When it happened.")

    @classmethod
    def of(cls, happened: model.Happened, *, entity: str | None = None) -> Self:
        """Dress the end of something, which is the fact's own entity if it is not another."""
        told = happened.told
        return cls(
            cursor=Cursor(happened.cursor),
            seq=Seq(told.seq),
            prev_seq=Seq(happened.prev),
            entity=strawberry.ID(entity or told.fact.entity),
            occurred_at=told.at,
        )
