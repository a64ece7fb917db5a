"""What does our own store know of somebody, and how does it forget them?

Each noun tells and forgets its own: carts and orders bring their part in (`Keeper`). What has to
stay, such as an order, stays without anybody's name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, update

from app.customers import privacy_repository, repository
from app.customers.groups import said_of
from app.customers.profiles import consents_of, wishes_of
from app.customers.tables import (
    consents,
    customer_contacts,
    customer_groups,
    customers,
    identities,
    refused_identities,
    wishes,
)
from app.store import Work
from app.values import CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """By what a person's things are found: our ids of them, and addresses that are proved theirs.

    What was done as a guest under such an address is theirs, too; what another customer did with it
    is that customer's. Addresses are in the form that is compared.
    """

    selves: frozenset[CustomerId]
    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What one noun keeps of people.

    `forget` takes the names out; False where some of it is still needed, to be asked again. `tell`
    gives all there is, as JSON.
    """

    name: str
    forget: Callable[[Work, Whose], bool]
    tell: Callable[[Connection, Whose], Any]


def forgotten(work: Work, whose: Whose, keepers: Sequence[Keeper]) -> bool:
    """Take a person out of our store; whether nothing that names them is left in it."""
    done = [keeper.forget(work, whose) for keeper in keepers]
    ids = sorted(whose.selves)
    for column in (
        *(customer_contacts.c.customer, identities.c.customer, refused_identities.c.customer),
        *(consents.c.customer, wishes.c.customer, customer_groups.c.customer),
    ):
        work.connection.execute(delete(column.table).where(column.in_(ids)))
    privacy_repository.end_exports(work.connection, ids, now=work.now)
    work.connection.execute(
        update(customers).where(customers.c.id.in_(ids)).values(merged_into=None)
    )
    work.connection.execute(delete(customers).where(customers.c.id.in_(ids)))
    return all(done)


def told(connection: Connection, whose: Whose, keepers: Sequence[Keeper]) -> Mapping[str, Any]:
    """Everything our store knows of a person, by what it is."""
    selves = whose.selves
    found = repository.find(connection, selves)
    people = {one.id: one for one in found.values()}.values()
    documents = {
        "records": sorted(selves),
        "customers": [_plain(one) for one in people],
        "groups": [_plain(one) for one in said_of(connection, selves)],
        "consents": [_plain(one) for one in consents_of(connection, selves)],
        "wishes": [_plain(one) for one in wishes_of(connection, selves)],
    }
    return {**documents, **{one.name: one.tell(connection, whose) for one in keepers}}


def _plain(thing: Any) -> Any:
    return msgspec.to_builtins(asdict(thing))
