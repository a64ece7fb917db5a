"""Who has this contact, or is called so by that system? Questions to our own records."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, and_, delete, insert, or_, select, update

from app.customers.contacts import look_of
from app.customers.model import Identity
from app.customers.tables import customer_contacts, customers, identities, refused_identities
from app.ports import Contact, ContactKind
from app.values import CustomerId

Name = tuple[str, str]
"""A system, and what it calls somebody."""


def having(connection: Connection, contacts: Collection[Contact]) -> dict[CustomerId, bool]:
    """Everybody who has one of these contacts, and whether it was proved."""
    if not contacts:
        return {}
    columns = customer_contacts.c
    same = [and_(columns.kind == one.kind.value, columns.value == one.value) for one in contacts]
    return _people(connection, or_(*same))


def looking_like(connection: Connection, contacts: Collection[Contact]) -> set[CustomerId]:
    """Everybody who has an address that can be taken for one of these, and is another."""
    columns = customer_contacts.c
    addresses = [one for one in contacts if one.kind is ContactKind.EMAIL]
    if not addresses:
        return set()
    looks = columns.look.in_([look_of(one) for one in addresses])
    other = columns.value.not_in([one.value for one in addresses])
    return set(_people(connection, and_(columns.kind == ContactKind.EMAIL.value, looks, other)))


def people_of(connection: Connection, names: Collection[Name]) -> dict[Name, CustomerId]:
    """Who these are to us, as far as they are anybody yet."""
    found: dict[Name, CustomerId] = {}
    by_system: dict[str, list[str]] = {}
    for system, external in names:
        by_system.setdefault(system, []).append(external)
    for system, externals in by_system.items():
        asked = (
            select(identities.c.external, customers.c.person)
            .join(customers, customers.c.id == identities.c.customer)
            .where(identities.c.system == system, identities.c.external.in_(externals))
        )
        for row in connection.execute(asked):
            found[system, row.external] = row.person
    return found


def refused(connection: Connection, ids: Iterable[CustomerId]) -> set[Name]:
    """Who these were said not to be."""
    columns = refused_identities.c
    asked = select(columns.system, columns.external).where(columns.customer.in_(list(ids)))
    return {(row.system, row.external) for row in connection.execute(asked)}


def refuse(connection: Connection, customer: CustomerId, name: Name) -> None:
    """Write that somebody is not this person."""
    row = {"customer": customer, "system": name[0], "external": name[1]}
    connection.execute(insert(refused_identities), [row])


def allow(connection: Connection, ids: Iterable[CustomerId], name: Name) -> None:
    """Take that back."""
    columns = refused_identities.c
    said = and_(columns.system == name[0], columns.external == name[1])
    connection.execute(delete(refused_identities).where(columns.customer.in_(list(ids)), said))


def unlink(connection: Connection, identity: Identity) -> None:
    """Write that somebody in a system is nobody of ours."""
    columns = identities.c
    named = and_(columns.system == identity.system, columns.external == identity.external)
    connection.execute(delete(identities).where(named))


def merge(connection: Connection, source: CustomerId, into: CustomerId) -> None:
    """Let a record, and all that it speaks for, be spoken for by another."""
    columns = customers.c
    connection.execute(update(customers).where(columns.id == source).values(merged_into=into))
    connection.execute(update(customers).where(columns.person == source).values(person=into))


def merged_into(connection: Connection, customer: CustomerId) -> CustomerId | None:
    """The record that one was merged into; None where it was into none."""
    asked = select(customers.c.merged_into).where(customers.c.id == customer)
    return connection.execute(asked).scalar_one_or_none()


def unmerge(connection: Connection, source: CustomerId, person: CustomerId) -> None:
    """Let a record speak again for itself, and for all that had been merged into it before."""
    columns = customers.c
    asked = select(columns.id, columns.merged_into).where(columns.person == person)
    into = {row.id: row.merged_into for row in connection.execute(asked)}
    own = [one for one in into if source in _line(one, into)]
    connection.execute(update(customers).where(columns.id == source).values(merged_into=None))
    connection.execute(update(customers).where(columns.id.in_(own)).values(person=source))


def _line(customer: str, into: dict[str, str | None]) -> list[str]:
    """The record, the one it was merged into, and so on."""
    line: list[str] = []
    at: str | None = customer
    while at is not None and at not in line:
        line.append(at)
        at = into.get(at)
    return line


def _people(connection: Connection, which: object) -> dict[CustomerId, bool]:
    asked = (
        select(customers.c.person, customer_contacts.c.verified)
        .join(customers, customers.c.id == customer_contacts.c.customer)
        .where(which)  # type: ignore[arg-type]  # a condition
    )
    found: dict[CustomerId, bool] = {}
    for row in connection.execute(asked):
        found[row.person] = found.get(row.person, False) or row.verified
    return found
