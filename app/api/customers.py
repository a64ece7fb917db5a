"""GraphQL face of customers."""

from typing import Self

import strawberry

from app.api.auditing import looked_at
from app.api.carts import NOBODY_KEEPS
from app.api.context import Info
from app.api.nodes import global_id
from app.customers import model
from app.ports import ContactKind
from app.values import Locale


@strawberry.type(description="By what a customer is recognised.", directives=NOBODY_KEEPS)
class CustomerContact:
    """Personal data."""

    kind: ContactKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(
        description="An address in small letters, a number as E.164, or a card's number."
    )
    verified: bool = strawberry.field(description="Whether it was proved to be theirs.")

    @classmethod
    def of(cls, known: model.OwnContact) -> Self:
        """Dress a contact."""
        return cls(kind=known.contact.kind, value=known.contact.value, verified=known.verified)


@strawberry.type(
    description="One person, whatever systems know of them. Only they and staff may see it.",
    directives=NOBODY_KEEPS,
)
class Customer:
    """Personal data."""

    id: strawberry.ID = strawberry.field(description="Opaque; it stays when records are merged.")
    version: int = strawberry.field(description="One more with every change; changes name it.")
    given_name: str | None = strawberry.field(description="Given name; null if nobody told it.")
    family_name: str | None = strawberry.field(description="Family name; null if nobody told it.")
    locale: Locale | None = strawberry.field(description="The language they want to read.")
    contacts: list[CustomerContact] = strawberry.field(
        description="By what they are recognised; at most 50."
    )
    kept: strawberry.Private[model.Customer]

    @classmethod
    def of(cls, customer: model.Customer) -> Self:
        """Dress a customer."""
        looked_at(customer.id)
        profile = customer.profile
        return cls(
            id=global_id("Customer", customer.id),
            version=customer.version,
            given_name=profile.given_name,
            family_name=profile.family_name,
            locale=profile.locale,
            contacts=[CustomerContact.of(one) for one in customer.contacts],
            kept=customer,
        )


@strawberry.type
class CustomerRoot:
    """The root fields of customers."""

    @strawberry.field(
        description=(
            "The shopper who has signed in; null for everybody else, and for one who has not been"
            " registered: that is a mutation's business, as a query changes nothing."
        )
    )
    async def me(self, info: Info) -> Customer | None:
        """Oneself."""
        context = info.context
        customers = context.services.customers
        if (id_ := await customers.of(context.principal)) is None:
            return None
        found = (await customers.find([id_])).get(id_)
        return None if found is None else Customer.of(found)
