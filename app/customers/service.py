"""Answers: who is this person? And gets to know them when they are first needed."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from app.customers import events, repository, viewing
from app.customers.model import SIGN_IN, Confidence, Customer, Evidence, Identity, OwnContact
from app.ports import Contact, email_contact, phone_contact
from app.principals.model import ANYBODY, THE_HOUSE, Principal, Viewer
from app.store import Store, Work
from app.values import CustomerId, PrincipalKind


@dataclass(frozen=True, slots=True)
class CustomerService:
    """People of our own records."""

    store: Store

    async def of(self, principal: Principal) -> CustomerId | None:
        """Who a shopper that has signed in is; None for others, and for one nobody knows yet.

        It is the record that speaks for the person, whatever was merged into it.
        """
        if principal.kind is not PrincipalKind.CUSTOMER:
            return None
        return await self.store.read(
            lambda connection: repository.person_of(connection, SIGN_IN, principal.pseudonym)
        )

    async def enrolled(self, principal: Principal, *, now: datetime) -> CustomerId | None:
        """As `of`, and whoever nobody knows yet is known from now on; once, however many ask."""
        if principal.kind is not PrincipalKind.CUSTOMER:
            return None
        known = await self.of(principal)
        if known is not None:
            return known
        new_one = partial(enrol, external=principal.pseudonym, contacts=proved(principal))
        return await self.store.act(new_one, now=now)

    def looking(self, principal: Principal) -> Viewer:
        """On whose behalf somebody looks at things; whoever reads these asks who that is."""
        if principal.kind in {PrincipalKind.STAFF, PrincipalKind.OPERATOR}:
            return THE_HOUSE
        if principal.kind is PrincipalKind.PARTNER:
            return Viewer(partner=principal.subject)
        if principal.kind is not PrincipalKind.CUSTOMER:
            return ANYBODY
        return Viewer(sign_in=principal.pseudonym)

    async def known(self, viewer: Viewer) -> Viewer:
        """The same, once the store was asked."""
        if viewer.sign_in is None:
            return viewer
        return await self.store.read(partial(viewing.known, viewer=viewer))

    async def viewer(self, principal: Principal) -> Viewer:
        """On whose behalf somebody who has signed in looks at things, as of now."""
        return await self.known(self.looking(principal))

    async def named(
        self, principal: Principal, customer: CustomerId | None, *, now: datetime
    ) -> CustomerId | None:
        """The customer for whom somebody may act: whom they name, if it is they or the house asks.

        Who names nobody means themselves, and is known from now on. None: nobody whom they may
        name, which looks the same as nobody at all.
        """
        if customer is None:
            return await self.enrolled(principal, now=now)
        viewer = self.looking(principal)

        def there(connection: Connection) -> bool:
            theirs = viewer.house or viewing.owns(connection, viewer, customer)
            return theirs and bool(repository.find(connection, {customer}))

        return customer if await self.store.read(there) else None

    async def find(self, customers: Collection[CustomerId]) -> dict[CustomerId, Customer]:
        """The people behind these ids; one that nobody has is left out.

        An id of a record that was merged finds the person it turned out to be.
        """
        asked = set(customers)
        return await self.store.read(lambda connection: repository.find(connection, asked))


def proved(principal: Principal) -> tuple[OwnContact, ...]:
    """The contacts that whoever vouches for somebody has proved."""
    said = (
        principal.email and email_contact(principal.email),
        principal.phone and phone_contact(principal.phone),
    )
    return tuple(OwnContact(contact=one, verified=True) for one in said if isinstance(one, Contact))


def enrol(work: Work, external: str, contacts: Sequence[OwnContact] = ()) -> CustomerId:
    """The person of a sign-in, with a new record if there is none yet."""
    if (known := repository.person_of(work.connection, SIGN_IN, external)) is not None:
        return known
    customer = new(work, contacts)
    identity = Identity(
        system=SIGN_IN,
        external=external,
        evidence=Evidence.SIGN_IN,
        confidence=Confidence.CERTAIN,
        linked_at=work.now,
    )
    if not repository.link(work.connection, customer.id, identity):
        repository.drop(work.connection, customer.id)  # somebody else was faster
        return enrol(work, external, contacts)
    work.tell(events.customer_enrolled(customer.id))
    return customer.id


def new(work: Work, contacts: Sequence[OwnContact] = ()) -> Customer:
    """A record of somebody."""
    customer = Customer(
        id=CustomerId(secrets.token_urlsafe(18)),
        version=1,
        created_at=work.now,
        updated_at=work.now,
        contacts=tuple(contacts),
    )
    repository.add(work.connection, customer)
    return customer
