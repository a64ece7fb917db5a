"""What is written of customers? Fetches and keeps; decides nothing."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from app.customers.contacts import look_of
from app.customers.model import Confidence, Customer, Evidence, Identity, OwnContact, Profile
from app.customers.tables import customer_contacts, customers, identities
from app.ports import Address, Contact, ContactKind
from app.store.statements import inserting
from app.values import CustomerId, Locale


def person_of(connection: Connection, system: str, external: str) -> CustomerId | None:
    """Who somebody in a system is to us: the record that speaks for the person."""
    found = (
        select(customers.c.person)
        .join(identities, identities.c.customer == customers.c.id)
        .where(identities.c.system == system, identities.c.external == external)
    )
    return connection.execute(found).scalar_one_or_none()


def selves_of(connection: Connection, system: str, external: str) -> frozenset[CustomerId]:
    """All records of the person whom a system calls this."""
    found = (
        select(customers.c.person)
        .join(identities, identities.c.customer == customers.c.id)
        .where(identities.c.system == system, identities.c.external == external)
    )
    every = select(customers.c.id).where(customers.c.person.in_(found))
    return frozenset(map(CustomerId, connection.execute(every).scalars()))


def find(
    connection: Connection, ids: Collection[CustomerId], *, locked: bool = False
) -> dict[CustomerId, Customer]:
    """The people that records are of, by the ids that were asked for; locked in one order."""
    asked = select(customers.c.id, customers.c.person).where(customers.c.id.in_(ids))
    people = {row.id: row.person for row in connection.execute(asked)}
    every = select(customers).where(customers.c.person.in_(set(people.values())))
    every = every.order_by(customers.c.id)
    rows = connection.execute(every.with_for_update() if locked else every).all()
    found = _people(connection, rows)
    return {id_: found[person] for id_, person in people.items() if person in found}


def add(connection: Connection, customer: Customer) -> None:
    """Write a new record."""
    row = _row(customer) | {"id": customer.id, "person": customer.id, "merged_into": None}
    connection.execute(insert(customers), [row])
    put_contacts(connection, customer)


def drop(connection: Connection, customer: CustomerId) -> None:
    """Forget a record that nothing else speaks of."""
    mine = customer_contacts.c.customer == customer
    connection.execute(delete(customer_contacts).where(mine))
    connection.execute(delete(customers).where(customers.c.id == customer))


def link(connection: Connection, customer: CustomerId, identity: Identity) -> bool:
    """Write that somebody in a system is this record's person, unless they are anybody already."""
    row = {
        "system": identity.system,
        "external": identity.external,
        "customer": customer,
        "evidence": identity.evidence.value,
        "confidence": identity.confidence.value,
        "linked_at": identity.linked_at,
    }
    statement = inserting(connection, identities).values(row).on_conflict_do_nothing()
    return connection.execute(statement.returning(identities.c.system)).one_or_none() is not None


def put_contacts(connection: Connection, customer: Customer) -> None:
    """Write the contacts of a record in the place of those it had."""
    connection.execute(delete(customer_contacts).where(customer_contacts.c.customer == customer.id))
    rows = [
        {
            "customer": customer.id,
            "kind": one.contact.kind.value,
            "value": one.contact.value,
            "look": look_of(one.contact),
            "verified": one.verified,
        }
        for one in customer.contacts
    ]
    if rows:
        connection.execute(insert(customer_contacts), rows)


def _people(connection: Connection, rows: Collection[Any]) -> dict[CustomerId, Customer]:
    ids = [row.id for row in rows]
    known = _contacts(connection, ids)
    linked = _identities(connection, ids)
    people: dict[CustomerId, Customer] = {}
    for row in rows:
        if row.id == row.person:
            merged = [one.id for one in rows if one.person == row.id and one.id != row.id]
            selves = [row.id, *merged]
            contacts = {one.contact: one for id_ in reversed(selves) for one in known.get(id_, ())}
            people[row.id] = Customer(
                id=CustomerId(row.id),
                version=row.version,
                created_at=row.created_at,
                updated_at=row.updated_at,
                profile=_profile(row),
                contacts=tuple(contacts[one] for one in sorted(contacts)),
                identities=tuple(one for id_ in selves for one in linked.get(id_, ())),
                merged=tuple(CustomerId(one) for one in merged),
            )
    return people


def _contacts(connection: Connection, ids: Collection[str]) -> dict[str, list[OwnContact]]:
    found: dict[str, list[OwnContact]] = {}
    asked = select(customer_contacts).where(customer_contacts.c.customer.in_(ids))
    for row in connection.execute(asked):
        contact = Contact(ContactKind(row.kind), row.value)
        found.setdefault(row.customer, []).append(
            OwnContact(contact=contact, verified=row.verified)
        )
    return found


def _identities(connection: Connection, ids: Collection[str]) -> dict[str, list[Identity]]:
    found: dict[str, list[Identity]] = {}
    asked = select(identities).where(identities.c.customer.in_(ids))
    asked = asked.order_by(identities.c.linked_at, identities.c.system, identities.c.external)
    for row in connection.execute(asked):
        found.setdefault(row.customer, []).append(
            Identity(
                system=row.system,
                external=row.external,
                evidence=Evidence(row.evidence),
                confidence=Confidence(row.confidence),
                linked_at=row.linked_at,
            )
        )
    return found


def _profile(row: Any) -> Profile:
    return Profile(
        given_name=row.given_name,
        family_name=row.family_name,
        locale=row.locale and Locale(row.locale),
        addresses=msgspec.convert(row.addresses, tuple[Address, ...]),
    )


def _row(customer: Customer) -> dict[str, Any]:
    profile = customer.profile
    return {
        "version": customer.version,
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "locale": profile.locale,
        "addresses": msgspec.to_builtins(profile.addresses),
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }
