"""Which groups of the retailer is somebody in, and who says so?

Staff says it on our own record, and systems that know the person in groups of their own, which the
settings name. Of a system's nothing is written here: it is asked again, and goes by who is linked.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, select

from app.customers import events, repository
from app.customers.directories import Directories, Directory
from app.customers.linking import locked
from app.customers.model import Customer
from app.customers.privacy import OURS
from app.customers.refusals import CustomerVersionConflict, InvalidCustomerInput
from app.customers.tables import customer_groups, customers, identities
from app.ports import CustomerKey
from app.settings import CustomerGroup, unknown
from app.store import Store, Work
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader
from app.upstream.report import Freshness
from app.values import CustomerId

Names = AbstractSet[str]
Told = Reader[CustomerKey, tuple[str, ...]]
"""What a system calls the groups of each of its customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Somebody is in a group, as `source` says: a connection, or, from `since` on, our staff."""

    group: str
    source: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Memberships:
    """All that is said of one person. `silent` are connections that do not tell now."""

    said: tuple[Membership, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups, each once."""
        return tuple(sorted({one.group for one in self.said}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Who is in which of the groups that are `known`; `readers` ask those who have their own."""

    store: Store
    known: Mapping[str, CustomerGroup]
    readers: Mapping[str, Told]
    now: Callable[[], datetime]

    async def of(self, customer: CustomerId, inquiry: Inquiry) -> Memberships:
        """What is said of a person: one question to the store, and to each system what it forgot.

        A group that is not known any more is left out.
        """
        if not self.known:
            return Memberships()
        own, keys = await self.store.read(partial(_kept, customer=customer, of=set(self.readers)))
        told = await asyncio.gather(*(self._told(name, keys[name], inquiry) for name in keys))
        said = [one for one in own if one.group in self.known]
        said += [one for memberships in told for one in memberships.said]
        silent = (name for memberships in told for name in memberships.silent)
        return Memberships(tuple(said), tuple(sorted(silent)))

    async def set(self, customer: CustomerId, version: int, groups: Sequence[str]) -> Customer:
        """The person in these groups by our own word, in the place of those they were in by it.

        Raises:
            InvalidCustomerInput: there is no such group.
            CustomerNotFound: there is no such person.
            CustomerVersionConflict: it has another version.
        """
        for place, name in enumerate(groups):
            if name not in self.known:
                wrong = unknown(name[:100], self.known, what="group").capitalize()
                raise InvalidCustomerInput(wrong, path=("groups", str(place)))
        change = partial(_set, customer=customer, version=version, groups=set(groups))
        return await self.store.act(change, now=self.now())

    async def _told(
        self, source: str, keys: Collection[CustomerKey], inquiry: Inquiry
    ) -> Memberships:
        readings = await self.readers[source].read(keys, inquiry)
        words = {word for one in readings.values() for word in one.value or ()}
        quiet = any(one.freshness is Freshness.UNKNOWN for one in readings.values())
        return Memberships(
            tuple(
                Membership(group=name, source=source)
                for name, group in self.known.items()
                if not words.isdisjoint(group.named.get(source, ()))
            ),
            (source,) if quiet else (),
        )


def readers_over(
    directories: Directories,
    known: Mapping[str, CustomerGroup],
    healths: Mapping[str, Health],
    policy: FreshnessPolicy,
) -> Mapping[str, Told]:
    """What asks the connections that have a group of their own for one of ours."""
    telling = {name for group in known.values() for name in group.named}
    return {
        name: _reader(one, healths[name], policy)
        for name, one in directories.known.items()
        if name in telling
    }


def said_of(connection: Connection, selves: Collection[CustomerId]) -> list[Membership]:
    """What our staff has said of a person, by any of their records."""
    columns = customer_groups.c
    asked = select(columns.group, columns.since).where(columns.customer.in_(sorted(selves)))
    return _ours(connection.execute(asked.order_by(columns.group, columns.since)))


def _reader(directory: Directory, health: Health, policy: FreshnessPolicy) -> Told:
    async def fetch(keys: Collection[CustomerKey]) -> Fetched[CustomerKey, tuple[str, ...]]:
        answer = await directory.port.customers(list(keys))
        values = {row.key: (row.groups, answer.as_of) for row in answer.rows}
        return Fetched(values, answer.as_of, answer.rejected)

    return Reader(
        port="CustomerDirectory",
        fetch=fetch,
        policy=policy,
        health=health,
        timeout=directory.timeout,
    )


def _kept(
    connection: Connection, customer: CustomerId, of: Names
) -> tuple[list[Membership], dict[str, list[CustomerKey]]]:
    """What our own word is, and what systems call the person."""
    person = select(customers.c.person).where(customers.c.id == customer).scalar_subquery()
    selves = select(customers.c.id).where(customers.c.person == person)
    columns = customer_groups.c
    mine = select(columns.group, columns.since).where(columns.customer.in_(selves))
    own = _ours(connection.execute(mine.order_by(columns.group, columns.since)))
    keys: dict[str, list[CustomerKey]] = {}
    if of:
        named = and_(identities.c.customer.in_(selves), identities.c.system.in_(sorted(of)))
        for row in connection.execute(select(identities).where(named)):
            keys.setdefault(row.system, []).append(CustomerKey(row.external))
    return own, keys


def _ours(rows: Iterable[Row[Any]]) -> list[Membership]:
    """One for each group: since it was first said."""
    since: dict[str, datetime] = {}
    for row in rows:
        since.setdefault(row.group, row.since)
    return [Membership(group=group, source=OURS, since=at) for group, at in since.items()]


def _set(work: Work, customer: CustomerId, version: int, groups: Names) -> Customer:
    """Only what is different is written: what merged records had stays theirs."""
    person = locked(work.connection, customer)
    if person.version != version:
        raise CustomerVersionConflict(person.version)
    had = {one.group for one in said_of(work.connection, person.selves)}
    if had == set(groups):
        return person
    columns = customer_groups.c
    gone = and_(columns.customer.in_(person.selves), columns.group.not_in(sorted(groups)))
    work.connection.execute(delete(customer_groups).where(gone))
    rows = [
        {"customer": person.id, "group": one, "since": work.now} for one in sorted(groups - had)
    ]
    if rows:
        work.connection.execute(insert(customer_groups), rows)
    after = replace(person, version=person.version + 1, updated_at=work.now)
    repository.put(work.connection, after)
    work.tell(events.groups_set(person.id, sorted(groups)))
    return after
