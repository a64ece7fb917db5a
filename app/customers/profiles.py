"""What does somebody say of themselves, wish for, and agree to?"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from app.customers import events, repository
from app.customers.consents import Consent, ConsentChannel, ConsentPurpose, SaidBy
from app.customers.linking import locked
from app.customers.model import Customer, OwnContact, Profile
from app.customers.refusals import CustomerVersionConflict, InvalidCustomerInput
from app.customers.service import enrol, new
from app.customers.tables import consents, wishes
from app.ports import Contact
from app.store import Store, Work
from app.store.keys import Once, claim, settle
from app.store.statements import inserting
from app.values import CustomerId, Sku

KEPT = timedelta(days=7)  # what a key of a repeated request did
MOST_CONTACTS, MOST_ADDRESSES, MOST_SIZES, MOST_WISHES = 50, 20, 50, 200
Changes = Mapping[str, Any]
"""Fields of a `Profile` that are said anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChange:
    """What is to be different: fields said anew, contacts that come and go."""

    fields: Changes = field(default_factory=dict, repr=False)
    contacts: tuple[OwnContact, ...] = ()
    without: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Something that is wished for, since when."""

    sku: Sku
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Changes of what is known of people. Each is one transaction, with the fact it tells."""

    store: Store
    now: Callable[[], datetime]

    async def register(self, sign_in: str, change: ProfileChange) -> Customer:
        """The person of a sign-in, known from now on if they were not; with what they say."""

        def registered(work: Work) -> Customer:
            return _changed(work, locked(work.connection, enrol(work, sign_in)), change)

        return await self.store.act(registered, now=self.now())

    async def add(self, change: ProfileChange, once: Once) -> Customer:
        """A new person, whom staff has met; asked again under the same key, the same one.

        Raises:
            KeyReused: the key stands for another.
        """

        def added(work: Work) -> Customer:
            if (told := claim(work, once, kept_for=KEPT)) is not None:
                return locked(work.connection, CustomerId(told))
            customer = new(work)
            work.tell(events.customer_enrolled(customer.id))
            settle(work, once, customer.id)
            return _changed(work, customer, change)

        return await self.store.act(added, now=self.now())

    async def update(self, customer: CustomerId, version: int, change: ProfileChange) -> Customer:
        """The person with what has changed.

        Raises:
            CustomerNotFound: there is none.
            CustomerVersionConflict: it has another version.
        """

        def updated(work: Work) -> Customer:
            person = locked(work.connection, customer)
            if person.version != version:
                raise CustomerVersionConflict(person.version)
            return _changed(work, person, change)

        return await self.store.act(updated, now=self.now())

    async def agree(self, customer: CustomerId, consent: Consent) -> None:
        """Write a consent, or that it is taken back, beside all that was said before.

        Raises:
            CustomerNotFound: there is none.
        """
        await self.store.act(partial(_agreed, customer=customer, consent=consent), now=self.now())

    async def agreed(self, customer: Customer) -> list[Consent]:
        """All that was ever said, the latest last."""
        return await self.store.read(partial(consents_of, selves=customer.selves))

    async def wish(self, customer: CustomerId, sku: Sku, *, wanted: bool) -> None:
        """Wish for something, or not any more; either may be said twice.

        Raises:
            CustomerNotFound: there is none.
            InvalidCustomerInput: so much cannot be wished for.
        """
        wished = partial(_wished, customer=customer, sku=sku, wanted=wanted)
        await self.store.act(wished, now=self.now())

    async def wished(self, customers: Sequence[Customer]) -> list[list[Wish]]:
        """What each wishes for, the latest first."""
        selves = [one.selves for one in customers]
        return await self.store.read(lambda db: [wishes_of(db, one) for one in selves])


def consents_of(connection: Connection, selves: Collection[CustomerId]) -> list[Consent]:
    """All that a person has ever said, the latest last."""
    asked = select(consents).where(consents.c.customer.in_(selves))
    rows = connection.execute(asked.order_by(consents.c.at, consents.c.number))
    return [
        Consent(
            purpose=ConsentPurpose(row.purpose),
            channel=ConsentChannel(row.channel),
            granted=row.granted,
            by=SaidBy(row.by),
            source=row.source,
            wording=row.wording,
            at=row.at,
        )
        for row in rows
    ]


def wishes_of(connection: Connection, selves: Collection[CustomerId]) -> list[Wish]:
    """What a person wishes for, the latest first."""
    asked = select(wishes).where(wishes.c.customer.in_(selves))
    rows = connection.execute(asked.order_by(wishes.c.wished_at.desc(), wishes.c.sku))
    found = {row.sku: Wish(sku=Sku(row.sku), at=row.wished_at) for row in reversed(rows.all())}
    return list(reversed(found.values()))


def _changed(work: Work, person: Customer, change: ProfileChange) -> Customer:
    profile = replace(person.profile, **change.fields)
    contacts = _contacts(person, change)
    if profile == person.profile and contacts == person.contacts:
        return person
    sound(profile, contacts)
    version = person.version + 1
    after = replace(
        person, profile=profile, contacts=contacts, version=version, updated_at=work.now
    )
    repository.put(work.connection, after)
    repository.put_contacts(work.connection, after)
    changed = [*change.fields, *(["contacts"] if contacts != person.contacts else [])]
    work.tell(events.customer_updated(person.id, sorted(changed)))
    return locked(work.connection, person.id)


def _contacts(person: Customer, change: ProfileChange) -> tuple[OwnContact, ...]:
    """What was proved stays proved when it is only said again."""
    known = {one.contact: one for one in person.contacts if one.contact not in change.without}
    for one in change.contacts:
        if one.verified or one.contact not in known:
            known[one.contact] = one
    return tuple(known[contact] for contact in sorted(known))


def sound(profile: Profile, contacts: Collection[OwnContact]) -> None:
    """Refuse what is too much of one person.

    Raises:
        InvalidCustomerInput: it is.
    """
    for what, count, most in (
        ("contacts", len(contacts), MOST_CONTACTS),
        ("addresses", len(profile.addresses), MOST_ADDRESSES),
        ("sizes", len(profile.sizes), MOST_SIZES),
    ):
        if count > most:
            raise InvalidCustomerInput(f"{what} has at most {most} items.", path=(what,))


def _agreed(work: Work, customer: CustomerId, consent: Consent) -> None:
    person = locked(work.connection, customer)
    which = (
        consents.c.customer == person.id,
        consents.c.purpose == consent.purpose.value,
        consents.c.channel == consent.channel.value,
    )
    last = work.connection.scalar(select(func.max(consents.c.number)).where(*which))
    row = {
        "customer": person.id,
        "purpose": consent.purpose.value,
        "channel": consent.channel.value,
        "number": (last or 0) + 1,
        "granted": consent.granted,
        "by": consent.by.value,
        "source": consent.source,
        "wording": consent.wording,
        "at": work.now,
    }
    work.connection.execute(insert(consents), [row])
    told = events.consent_set(person.id, consent.purpose, consent.channel, granted=consent.granted)
    work.tell(told)


def _wished(work: Work, customer: CustomerId, sku: Sku, *, wanted: bool) -> None:
    person = locked(work.connection, customer)
    if not wanted:
        own = wishes.c.customer.in_(person.selves)
        work.connection.execute(delete(wishes).where(own, wishes.c.sku == sku))
        return
    if len(wishes_of(work.connection, person.selves)) >= MOST_WISHES:
        message = f"At most {MOST_WISHES} things can be wished for."
        raise InvalidCustomerInput(message, path=("sku",))
    row = {"customer": person.id, "sku": sku, "wished_at": work.now}
    work.connection.execute(inserting(work.connection, wishes).values(row).on_conflict_do_nothing())
