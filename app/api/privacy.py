"""GraphQL face of what people want of their data."""

from datetime import datetime
from typing import Self

import strawberry
from strawberry.scalars import JSON

from app.api.auditing import looked_at
from app.api.hints import NOBODY_KEEPS
from app.api.nodes import global_id
from app.customers import privacy
from app.customers.privacy import PrivacyKind, ReceiptState, Task
from app.ports import KeptRecord


@strawberry.type(
    description="What one system has done of a request about somebody's data.",
    directives=NOBODY_KEEPS,
)
class PrivacyReceipt:
    """One for every system, and one for every customer it knows them as."""

    source: str = strawberry.field(description="The connection; tessera for our own store.")
    task: Task = strawberry.field(description="What had to be done.")
    state: ReceiptState = strawberry.field(description="How far it is.")
    done_at: datetime | None = strawberry.field(description="When it was done; null until then.")
    reason: str | None = strawberry.field(
        description="Why it could not be done the last time, as a code; it is tried again."
    )
    kept: list[KeptRecord] = strawberry.field(
        description="Records that the system keeps, without anything that names the person."
    )
    documents: JSON | None = strawberry.field(
        description="What it knows of the person, by name; null until done, or after seven days."
    )

    @classmethod
    def of(cls, receipt: privacy.Receipt, *, told: bool) -> Self:
        """Dress a receipt; what is not to be `told` any more is left out."""
        return cls(
            source=receipt.system,
            task=receipt.task,
            state=receipt.state,
            done_at=receipt.done_at,
            reason=receipt.reason,
            kept=sorted(receipt.kept),
            documents=JSON(receipt.documents) if told and receipt.documents is not None else None,
        )


@strawberry.type(
    description="What somebody wants of their data: to be told all of it, or to be forgotten.",
    directives=NOBODY_KEEPS,
)
class PrivacyRequest:
    """It is worked on until every system has answered."""

    id: strawberry.ID = strawberry.field(description="Opaque and not to be guessed: keep it.")
    kind: PrivacyKind = strawberry.field(description="What is wanted.")
    asked_at: datetime = strawberry.field(description="When it was asked for.")
    done_at: datetime | None = strawberry.field(
        description="When every system had done it; null until then."
    )
    expires_at: datetime | None = strawberry.field(
        description="From then on nothing of an export is told; null where nothing expires."
    )
    unresolved: int = strawberry.field(
        description=(
            "How many customers of other systems may be the same person, and were left alone as"
            " nobody has said so: staff may link them and ask again."
        )
    )
    receipts: list[PrivacyReceipt] = strawberry.field(description="What each system has done.")

    @classmethod
    def of(cls, request: privacy.PrivacyRequest, now: datetime) -> Self:
        """Dress a request."""
        looked_at(request.customer)
        told = request.expires_at is None or now < request.expires_at
        return cls(
            id=global_id("PrivacyRequest", request.id),
            kind=request.kind,
            asked_at=request.asked_at,
            done_at=request.done_at,
            expires_at=request.expires_at,
            unresolved=request.unresolved,
            receipts=[PrivacyReceipt.of(one, told=told) for one in request.receipts],
        )
