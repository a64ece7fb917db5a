"""Which customers of other systems are this person? Found, linked, unlinked and merged.

What is certain is linked by itself, everything else by staff; all of it can be taken back.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from app.customers import events, repository, searching
from app.customers.directories import Directories
from app.customers.matching import Candidate, Sought, candidates
from app.customers.model import SIGN_IN, Confidence, Customer, Evidence, Identity
from app.customers.refusals import (
    CustomerNotFound,
    CustomerNotMerged,
    CustomersNotMergeable,
    IdentityLinked,
    IdentityNotFound,
)
from app.errors import UpstreamError
from app.ports import Contact, CustomerKey
from app.store import Store, Work
from app.values import CustomerId


@dataclass(frozen=True, slots=True)
class Found:
    """Who somebody may be. `ours` are people of ours, by what a system calls the candidates."""

    candidates: tuple[Candidate, ...]
    ours: dict[searching.Name, CustomerId]
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joiner:
    """What another noun does in the act that merges two records, or takes that back."""

    join: Callable[[Work, CustomerId, CustomerId], None]
    part: Callable[[Work, CustomerId], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """People of ours, and whom other systems know."""

    store: Store
    directories: Directories
    now: Callable[[], datetime]
    joiners: Sequence[Joiner] = ()

    async def sought(self, sought: Sought) -> Found:
        """Everybody in the other systems who is, or may be, the one who is looked for."""
        contacts = list(sought.contacts)
        if not contacts:
            return Found((), {}, ())
        told = await self.directories.everywhere(lambda one: one.port.find(contacts))
        found = candidates(sought, told.rows)
        names = [_name(one) for one in found]
        ours = await self.store.read(partial(searching.people_of, names=names))
        return Found(found, ours, tuple(sorted(told.silent)))

    async def suggested(self, customer: Customer) -> Found:
        """Whom staff may link to a person: neither linked to anybody, nor said to be another."""
        found = await self.sought(sought_of(customer))
        others = await self.store.read(partial(searching.refused, ids=customer.selves))
        known = others | {(one.system, one.external) for one in customer.identities}
        left = tuple(one for one in found.candidates if _name(one) not in known)
        return Found(left, found.ours, found.silent)

    async def matched(self, customer: Customer) -> tuple[str, ...]:
        """Link whom nobody has to be asked about; the systems that could not be asked."""
        found = await self.suggested(customer)
        certain = [one for one in found.candidates if one.certain and _name(one) not in found.ours]
        if certain:
            link = partial(_linked, customer=customer.id, found=certain)
            await self.store.act(link, now=self.now())
        return found.silent

    async def having(self, contacts: Collection[Contact]) -> dict[CustomerId, bool]:
        """People of ours who have one of these contacts, and whether it was proved."""
        return await self.store.read(partial(searching.having, contacts=contacts))

    async def looking_like(self, contacts: Collection[Contact]) -> list[CustomerId]:
        """People of ours with an address that can be taken for one of these, and is another."""
        found = await self.store.read(partial(searching.looking_like, contacts=contacts))
        return sorted(found)

    async def link(self, customer: CustomerId, system: str, key: CustomerKey) -> Customer:
        """Somebody in a system is this person: staff says so.

        Raises:
            IdentityNotFound: the system does not know them, or cannot be asked.
            IdentityLinked: they are somebody else.
            CustomerNotFound: there is no such person.
        """
        directory = self.directories.known.get(system)
        if directory is None:
            raise IdentityNotFound
        try:
            told = await directory.asked(lambda: directory.port.customers([key]))
        except UpstreamError as error:
            message = "The system cannot be asked now: try again later."
            raise IdentityNotFound(message) from error
        if not any(row.key == key for row in told.rows):
            raise IdentityNotFound
        by_staff = partial(_by_staff, customer=customer, name=(system, str(key)))
        return await self.store.act(by_staff, now=self.now())

    async def unlink(self, customer: CustomerId, system: str, external: str) -> Customer:
        """Somebody in a system is not this person: they are not linked again by themselves.

        Raises:
            CustomerNotFound, IdentityNotFound: there is nothing to be undone.
        """
        undone = partial(_unlinked, customer=customer, name=(system, external))
        return await self.store.act(undone, now=self.now())

    async def merge(self, source: CustomerId, into: CustomerId) -> Customer:
        """Two of our people are one, who goes on as the second.

        Raises:
            CustomerNotFound: one of them is not there.
            CustomersNotMergeable: they are one, or one was merged before.
        """

        def change(work: Work) -> Customer:
            merged = _merged(work, source, into)
            for one in self.joiners:
                one.join(work, source, into)
            return merged

        return await self.store.act(change, now=self.now())

    async def unmerge(self, source: CustomerId) -> Customer:
        """A merger is taken back; everything is whose it was, the person is told as they are.

        Raises:
            CustomerNotFound: there is no such record.
            CustomerNotMerged: it speaks for itself.
        """

        def change(work: Work) -> Customer:
            person = _unmerged(work, source)
            for one in self.joiners:
                one.part(work, source)
            return person

        return await self.store.act(change, now=self.now())


def sought_of(customer: Customer) -> Sought:
    """By what other systems are asked for a person."""
    profile = customer.profile
    return Sought.of(customer.contacts, profile.given_name, profile.family_name)


def _name(one: Candidate) -> searching.Name:
    return one.system, str(one.customer.key)


def _linked(work: Work, customer: CustomerId, found: Collection[Candidate]) -> None:
    for one in found:
        identity = Identity(
            system=one.system,
            external=str(one.customer.key),
            evidence=one.evidence,
            confidence=one.confidence,
            linked_at=work.now,
        )
        if repository.link(work.connection, customer, identity):
            work.tell(events.identity_linked(customer, one.system, one.evidence))


def _by_staff(work: Work, customer: CustomerId, name: searching.Name) -> Customer:
    person = locked(work.connection, customer)
    identity = Identity(
        system=name[0],
        external=name[1],
        evidence=Evidence.STAFF,
        confidence=Confidence.CERTAIN,
        linked_at=work.now,
    )
    if repository.link(work.connection, person.id, identity):
        searching.allow(work.connection, person.selves, name)
        work.tell(events.identity_linked(person.id, name[0], Evidence.STAFF))
    elif searching.people_of(work.connection, [name]).get(name) != person.id:
        raise IdentityLinked
    return locked(work.connection, person.id)


def _unlinked(work: Work, customer: CustomerId, name: searching.Name) -> Customer:
    person = locked(work.connection, customer)
    known = (one for one in person.identities if (one.system, one.external) == name)
    identity = next(known, None)
    if identity is None or identity.system == SIGN_IN:
        raise IdentityNotFound("The customer is not linked to them.")
    searching.unlink(work.connection, identity)
    searching.refuse(work.connection, person.id, name)
    work.tell(events.identity_unlinked(person.id, name[0]))
    return locked(work.connection, person.id)


def _merged(work: Work, source: CustomerId, into: CustomerId) -> Customer:
    found = repository.find(work.connection, {source, into}, locked=True)
    if source not in found or into not in found:
        raise CustomerNotFound
    if source == into or found[source].id != source or found[into].id != into:
        raise CustomersNotMergeable
    searching.merge(work.connection, source, into)
    work.tell(events.customer_merged(source, into))
    return locked(work.connection, into)


def _unmerged(work: Work, source: CustomerId) -> Customer:
    person = locked(work.connection, source)
    if searching.merged_into(work.connection, source) is None:
        raise CustomerNotMerged
    searching.unmerge(work.connection, source, person.id)
    work.tell(events.customer_unmerged(source, person.id))
    return locked(work.connection, source)


def locked(connection: Connection, customer: CustomerId) -> Customer:
    """The person, whom nobody else changes until the transaction ends.

    Raises:
        CustomerNotFound: there is none.
    """
    found = repository.find(connection, {customer}, locked=True).get(customer)
    if found is None:
        raise CustomerNotFound
    return found
