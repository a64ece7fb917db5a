"""What is said of who customers are? Inputs of mutations."""

import strawberry

from app.carts.acting import KEY
from app.customers.refusals import InvalidCustomerInput

ABOUT = "Whom it is about; needed by staff. Whoever has signed in is meant otherwise."
MOST_GIVEN = 50


@strawberry.input(description="Somebody in another system is this customer, or is not.")
class CustomerLinkInput:
    """See customerLink and customerUnlink."""

    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    identity_id: strawberry.ID = strawberry.field(
        description="Who they are there, as candidates and identities tell it."
    )


@strawberry.input(description="Somebody in another system is not this customer.")
class CustomerUnlinkInput(CustomerLinkInput):
    """See customerUnlink."""


@strawberry.input(description="Two customers are one person.")
class CustomerMergeInput:
    """See customerMerge."""

    customer_id: strawberry.ID = strawberry.field(description="The one that is merged.")
    into_id: strawberry.ID = strawberry.field(description="The one that goes on.")


@strawberry.input(description="A merger that was none.")
class CustomerUnmergeInput:
    """See customerUnmerge."""

    customer_id: strawberry.ID = strawberry.field(description="The one that was merged.")


@strawberry.input(description="The groups that a customer is in by the word of staff.")
class CustomerGroupsSetInput:
    """See customerGroupsSet."""

    customer_id: strawberry.ID = strawberry.field(description="The customer.")
    version: int = strawberry.field(description="The version that the caller saw.")
    groups: list[str] = strawberry.field(
        description="Codes of all groups, in the place of those that staff has said before."
    )

    def wanted(self) -> list[str]:
        """As the domain has it.

        Raises:
            InvalidCustomerInput: there are too many.
        """
        if len(self.groups) > MOST_GIVEN:
            raise InvalidCustomerInput("groups has at most 50 items.", path=("groups",))
        return self.groups


def sound_key(key: str) -> str:
    """The idempotency key.

    Raises:
        InvalidCustomerInput: it is too short to be one's own, or too long.
    """
    if not KEY.fullmatch(key):
        message = "idempotencyKey has 16 to 100 visible ASCII characters, such as a UUID."
        raise InvalidCustomerInput(message, path=("idempotencyKey",))
    return key
