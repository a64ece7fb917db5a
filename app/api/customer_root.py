"""Which customers may be asked for? Oneself, and, by staff, anybody."""

from typing import Annotated

import strawberry

from app.api.context import Context, Info
from app.api.customer_inputs import CONTACTS
from app.api.customer_parts import CustomerContact
from app.api.customers import Customer, customer_key
from app.api.identities import MOST_CANDIDATES, CustomerCandidate, CustomerCandidates
from app.api.nodes import global_id, key_of
from app.api.privacy import PrivacyRequest
from app.customers import model
from app.customers.linking import Found
from app.customers.matching import Sought
from app.customers.model import Confidence, Evidence
from app.customers.privacy import OURS, PrivacyId
from app.customers.refusals import CustomerNotFound, InvalidCustomerInput
from app.errors import InvalidInputError
from app.ports import Contact
from app.values import PrincipalKind

SEVERAL = "Several customers have it: ask for customerCandidates."
Email = Annotated[str | None, strawberry.argument(description="E-mail address.")]
Phone = Annotated[
    str | None, strawberry.argument(description="Telephone number, with its country's code.")
]
Card = Annotated[str | None, strawberry.argument(description="Number of a loyalty card.")]


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

    @strawberry.field(
        description=(
            "The customer with an id, or whom a contact certainly names, in our records or in any"
            " system that is linked; null if there is none. One argument. For staff."
        )
    )
    async def customer(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID | None, strawberry.argument(description="The id of a customer.")
        ] = None,
        email: Email = None,
        phone: Phone = None,
        loyalty_card: Card = None,
    ) -> Customer | None:
        """One of ours."""
        context = info.context
        if id is not None:
            found = await _by_id(context, id)
        else:
            contact = _one_contact(email, phone, loyalty_card)
            found = await _by_contact(context, contact)
        return None if found is None else Customer.of(found)

    @strawberry.field(
        description=(
            "Who somebody may be, by contacts and name: of our records and of all systems, also who"
            " only looks like them. For staff."
        )
    )
    async def customer_candidates(
        self,
        info: Info,
        email: Email = None,
        phone: Phone = None,
        loyalty_card: Card = None,
        name: Annotated[
            str | None, strawberry.argument(description="Their name; it makes others likelier.")
        ] = None,
    ) -> CustomerCandidates:
        """Everybody."""
        contacts = _contacts(email, phone, loyalty_card)
        if not contacts:
            raise InvalidInputError("Give a contact to look for.", argument="email")
        linking = info.context.services.people.linking
        sought = Sought(contacts=dict.fromkeys(contacts, True), name=(name or "")[:200])
        found = await linking.sought(sought)
        return await _candidates(info.context, contacts, found)

    @strawberry.field(
        description=(
            "A request about somebody's data, also when they are forgotten; null if there is none,"
            " or it is another's."
        )
    )
    async def privacy_request(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  the schema's name
            strawberry.ID, strawberry.argument(description="The id of a request.")
        ],
    ) -> PrivacyRequest | None:
        """One request."""
        context = info.context
        try:
            key = PrivacyId(key_of(id, "PrivacyRequest"))
        except InvalidInputError:
            return None
        found = await context.services.people.privacy.find(key)
        staff = context.principal.kind is PrincipalKind.STAFF
        if found is None or not (staff or found.by == context.principal.pseudonym):
            return None
        return PrivacyRequest.of(found, context.now)


async def _by_id(context: Context, given: str) -> model.Customer | None:
    try:
        key = customer_key(given)
    except CustomerNotFound:
        return None
    return (await context.services.customers.find([key])).get(key)


async def _by_contact(context: Context, contact: Contact) -> model.Customer | None:
    """Whom it certainly names: who has proved it, else the only one who says it is theirs.

    Raises:
        InvalidInputError: there are several.
    """
    people = context.services.people
    ours = await people.linking.having([contact])
    certain = [id_ for id_, verified in ours.items() if verified] or list(ours)
    if not certain:
        found = await people.linking.sought(Sought(contacts={contact: True}))
        certain = list(dict.fromkeys(found.ours.values()))
    if len(certain) > 1:
        raise InvalidInputError(SEVERAL, argument="id")
    known = await context.services.customers.find(certain)
    return next(iter(known.values()), None)


async def _candidates(
    context: Context, contacts: list[Contact], found: Found
) -> CustomerCandidates:
    """Those of our own records first."""
    linking = context.services.people.linking
    having, alike = await linking.having(contacts), await linking.looking_like(contacts)
    known = await context.services.customers.find([*having, *alike])
    told = CustomerCandidates.of(found)
    own = [_own(known[id_], having.get(id_)) for id_ in [*having, *alike] if id_ in known]
    candidates = [*own, *told.candidates][:MOST_CANDIDATES]
    return CustomerCandidates(candidates=candidates, silent=told.silent)


def _own(customer: model.Customer, verified: bool | None) -> CustomerCandidate:  # noqa: FBT001
    """`verified` is None where they only look like the one."""
    dressed = Customer.of(customer)
    evidence = Evidence.SIMILAR if verified is None else Evidence.UNVERIFIED_CONTACT
    return CustomerCandidate(
        identity_id=None,
        source=OURS,
        customer_id=global_id("Customer", customer.id),
        given_name=dressed.given_name,
        family_name=dressed.family_name,
        contacts=[
            CustomerContact.of(one.contact, verified=one.verified) for one in customer.contacts
        ],
        evidence=Evidence.VERIFIED_EMAIL if verified else evidence,
        confidence=Confidence.CERTAIN if verified else Confidence.POSSIBLE,
    )


def _one_contact(*given: str | None) -> Contact:
    contacts = _contacts(*given)
    if len(contacts) != 1:
        raise InvalidInputError("Give an id, or one contact.", argument="id")
    return contacts[0]


def _contacts(*given: str | None) -> list[Contact]:
    """The contacts that are given.

    Raises:
        InvalidInputError: one of them is none.
    """
    found = []
    for (name, read), said in zip(CONTACTS.items(), given, strict=True):
        if said is None:
            continue
        try:
            found.append(read(said))
        except InvalidCustomerInput as error:
            raise InvalidInputError(str(error), argument=name) from error
    return found
