"""GraphQL face of customers: one person, and what is known of them."""

from typing import Annotated, Self

import strawberry

from app.api.appointments import Appointment, appointments_of
from app.api.auditing import looked_at
from app.api.carts import Cart
from app.api.context import Context, Info
from app.api.customer_parts import (
    CustomerAddress,
    CustomerConsent,
    CustomerContact,
    CustomerGroup,
    CustomerSize,
    CustomerWish,
)
from app.api.hints import NOBODY_KEEPS
from app.api.identities import CustomerCandidates, CustomerIdentity
from app.api.loyalty import LoyaltyAccount, account_of
from app.api.nodes import Node, global_id, key_of
from app.api.privacy import PrivacyRequest
from app.api.purchases import PurchaseConnection, page_of
from app.customers import model
from app.customers.consents import in_force
from app.customers.refusals import CustomerNotFound, InvalidCustomerInput
from app.errors import InvalidInputError
from app.values import CustomerId, Locale, PrincipalKind

MOST_CARTS = 20
Selves = strawberry.Private[model.Customer]


@strawberry.type(
    description="One person, whatever systems know of them. Only they and staff may see it.",
    directives=NOBODY_KEEPS,
)
class Customer(Node):
    """Personal data."""

    id: strawberry.ID = strawberry.field(description="Opaque; it stays when records are merged.")
    version: int = strawberry.field(description="One more with every change; changes name it.")
    given_name: str | None = strawberry.field(description="Given name; null if nobody told it.")
    family_name: str | None = strawberry.field(description="Family name; null if nobody told it.")
    locale: Locale | None = strawberry.field(description="The language they want to read.")
    contacts: list[CustomerContact] = strawberry.field(
        description="By what they are recognised; at most 50."
    )
    addresses: list[CustomerAddress] = strawberry.field(description="Addresses; at most 20.")
    sizes: list[CustomerSize] = strawberry.field(description="What fits; at most 50.")
    notes: str | None = strawberry.field(description="What staff has written down. For staff.")
    identities: list[CustomerIdentity] = strawberry.field(
        description="Who they are in other systems. For staff."
    )
    merged_ids: list[strawberry.ID] = strawberry.field(
        description="Records that were merged into this one; customerUnmerge takes them. For staff."
    )
    kept: Selves

    @strawberry.field(
        description=(
            "Groups of customers that they are in, by who says so. Those of a system that does not"
            " answer are not among them; errors names it."
        )
    )
    async def groups(self, info: Info) -> list[CustomerGroup]:
        """A question to the store, and to each system that has groups, as old as settings say."""
        groups = info.context.services.people.groups
        told = await groups.of(self.kept.id, info.context.inquiry)
        return [CustomerGroup.of(one, groups.known[one.group].label) for one in told.said]

    @strawberry.field(description="What they have agreed to, by purpose and channel.")
    async def consents(self, info: Info) -> list[CustomerConsent]:
        """What counts now."""
        said = await info.context.services.people.profiles.agreed(self.kept)
        return [CustomerConsent.of(one) for one in in_force(said)]

    @strawberry.field(description="What they wish for, the latest first; at most 200.")
    async def wishlist(self, info: Info) -> list[CustomerWish]:
        """One question to the store."""
        (wished,) = await info.context.services.people.profiles.wished([self.kept])
        return [CustomerWish.of(one) for one in wished]

    @strawberry.field(description="Their carts that may still be bought, the latest first.")
    async def carts(self, info: Info) -> list[Cart]:
        """At most twenty."""
        context = info.context
        found = await context.services.customer_carts.of(
            self.kept.selves, now=context.now, most=MOST_CARTS
        )
        return [Cart.of(one) for one in found]

    @strawberry.field(
        description="Everything they have bought online and in stores, the latest first."
    )
    async def purchases(
        self,
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="Page size, 1 to 50; 20 if not given.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="An endCursor of this list.")
        ] = None,
    ) -> PurchaseConnection:
        """A page, one question to each system that knows them."""
        return await page_of(self.kept, info.context, first, after)

    @strawberry.field(description="Who in other systems may be them, too. For staff.")
    async def suggestions(self, info: Info) -> CustomerCandidates:
        """One question to each system."""
        found = await info.context.services.people.linking.suggested(self.kept)
        return CustomerCandidates.of(found)

    @strawberry.field(
        description="Their points and tier; null where they take no part in the programme."
    )
    async def loyalty(self, info: Info) -> LoyaltyAccount | None:
        """One question to whoever keeps points."""
        return await account_of(info.context, self.kept.id)

    @strawberry.field(
        description="Their appointments that take place and are not over, the soonest first."
    )
    async def appointments(self, info: Info) -> list[Appointment]:
        """One question to the store."""
        return await appointments_of(self.kept, info.context)

    @strawberry.field(description="What they wanted of their data, the latest first.")
    async def privacy_requests(self, info: Info) -> list[PrivacyRequest]:
        """One question to the store."""
        found = await info.context.services.people.privacy.of(self.kept)
        return [PrivacyRequest.of(one, info.context.now) for one in found]

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
            contacts=[
                CustomerContact.of(one.contact, verified=one.verified) for one in customer.contacts
            ],
            addresses=[CustomerAddress.of(one) for one in profile.addresses],
            sizes=[CustomerSize(what=what, size=size) for what, size in profile.sizes.items()],
            notes=profile.notes,
            identities=[CustomerIdentity.of(one) for one in customer.identities],
            merged_ids=[global_id("Customer", one) for one in customer.merged],
            kept=customer,
        )


def customer_key(given: str) -> CustomerId:
    """The key of a customer's id.

    Raises:
        CustomerNotFound: it is none; one that nobody has looks the same.
    """
    try:
        return CustomerId(key_of(given, "Customer"))
    except InvalidInputError as error:
        raise CustomerNotFound from error


async def may_see(context: Context, owner: CustomerId) -> bool:
    """Whether the caller may see what is of a person: themselves, and staff."""
    if context.principal.kind is PrincipalKind.STAFF:
        return True
    return (await context.viewer()).owns(owner)


async def whose(context: Context, given: str | None) -> CustomerId:
    """The person whom something is about: whom staff names, or whoever has signed in.

    Raises:
        CustomerNotFound: there is none, or it is another than the caller.
        InvalidCustomerInput: staff has to say who it is about.
    """
    customers = context.services.customers
    if context.principal.kind is PrincipalKind.STAFF:
        if given is None:
            raise InvalidCustomerInput("customerId is needed.", path=("customerId",))
        return customer_key(given)
    own = await customers.of(context.principal)
    if own is None or (given is not None and customer_key(given) != own):
        raise CustomerNotFound
    return own
