"""GraphQL face of what somebody may ask to be done with all that is known of them."""

from typing import Annotated, Any

import strawberry

from app.api.context import Context, Info
from app.api.customer_problems import customer_problem
from app.api.customer_results import CustomerEraseResult, CustomerExportResult, PrivacyRequested
from app.api.customers import whose
from app.api.identity_inputs import ABOUT, sound_key
from app.api.privacy import PrivacyRequest
from app.customers.privacy import PrivacyKind
from app.errors import Refusal

Input = strawberry.argument(description="All that it takes.")


@strawberry.input(description="Somebody wants to know what is known of them.")
class CustomerExportInput:
    """See customerExport."""

    customer_id: strawberry.ID | None = strawberry.field(default=None, description=ABOUT)
    idempotency_key: str = strawberry.field(
        description="16 to 100 visible ASCII characters that are only this request's."
    )


@strawberry.input(description="Somebody wants to be forgotten.")
class CustomerEraseInput(CustomerExportInput):
    """See customerErase."""


async def _requested(context: Context, asked: CustomerExportInput, kind: PrivacyKind) -> Any:
    try:
        key = sound_key(asked.idempotency_key)
        by, privacy = context.principal.pseudonym, context.services.people.privacy
        request = await privacy.again(kind, by=by, key=key)
        if request is None:
            customer = await whose(context, asked.customer_id)
            request = await privacy.ask(customer, kind, by=by, key=key)
        return PrivacyRequested(request=PrivacyRequest.of(request, context.now))
    except Refusal as refusal:
        return customer_problem(refusal)


@strawberry.type
class PrivacyMutations:
    """The root fields that ask for it."""

    @strawberry.mutation(
        description="Ask every system for all it knows of a customer; see PrivacyRequest."
    )
    async def customer_export(
        self,
        info: Info,
        input: Annotated[CustomerExportInput, Input],  # noqa: A002
    ) -> CustomerExportResult:
        """Export."""
        done: CustomerExportResult = await _requested(info.context, input, PrivacyKind.EXPORT)
        return done

    @strawberry.mutation(
        description=(
            "Let every system forget a customer. It cannot be undone; what was bought stays bought,"
            " by nobody."
        )
    )
    async def customer_erase(
        self,
        info: Info,
        input: Annotated[CustomerEraseInput, Input],  # noqa: A002
    ) -> CustomerEraseResult:
        """Erase."""
        done: CustomerEraseResult = await _requested(info.context, input, PrivacyKind.ERASURE)
        return done
