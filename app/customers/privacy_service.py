"""Takes what somebody wants of their data, and tells how far it is."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

from app.customers import events, privacy_repository
from app.customers.directories import Directories
from app.customers.linking import locked
from app.customers.model import SIGN_IN, Customer
from app.customers.privacy import (
    OURS,
    PrivacyId,
    PrivacyKind,
    PrivacyRequest,
    Receipt,
    Subject,
    Task,
)
from app.customers.privacy_working import PrivacyWorker
from app.customers.refusals import CustomerNotFound
from app.store import Store, Work
from app.values import CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyService:
    """Requests, each done by the `worker` beside."""

    store: Store
    directories: Directories
    worker: PrivacyWorker
    now: Callable[[], datetime]

    async def ask(
        self, customer: CustomerId, kind: PrivacyKind, *, by: str, key: str
    ) -> PrivacyRequest:
        """What somebody wants, from now on done until it is; the same again under the same key.

        Raises:
            CustomerNotFound: there is no such person, and nothing was asked under the key.
        """
        asked = _asked_as(kind, by, key)
        change = partial(self._asked, customer=customer, kind=kind, by=by, asked=asked)
        request = await self.store.act(change, now=self.now())
        self.worker.wake()
        return request

    async def again(self, kind: PrivacyKind, *, by: str, key: str) -> PrivacyRequest | None:
        """What was asked under the key before: also by somebody who is forgotten since."""
        asked = _asked_as(kind, by, key)
        return await self.store.read(partial(privacy_repository.find_asked, asked=asked))

    async def find(self, id_: PrivacyId) -> PrivacyRequest | None:
        """A request as it stands."""
        return await self.store.read(partial(privacy_repository.find, id_=id_))

    async def of(self, customer: Customer) -> list[PrivacyRequest]:
        """What a person has wanted, the latest first."""
        return await self.store.read(partial(privacy_repository.of, customers=customer.selves))

    def _asked(
        self, work: Work, customer: CustomerId, kind: PrivacyKind, by: str, asked: str
    ) -> PrivacyRequest:
        if (before := privacy_repository.find_asked(work.connection, asked)) is not None:
            return before
        person = locked(work.connection, customer)
        request = PrivacyRequest(
            id=PrivacyId(secrets.token_urlsafe(18)),
            customer=person.id,
            kind=kind,
            by=by,
            subject=_subject(person),
            receipts=self._parts(person),
            asked_at=work.now,
        )
        if not privacy_repository.add(work.connection, request, asked):
            raise CustomerNotFound  # it was asked for at the same time: ask again
        work.tell(events.privacy_asked(person.id, kind, request.id))
        return request

    def _parts(self, person: Customer) -> tuple[Receipt, ...]:
        """Our own store, every system for whom it knows by the subject, and those we know of."""
        parts: list[tuple[str, Task, str | None]] = [(OURS, Task.OWN, None)]
        parts += [(name, Task.LOOK_UP, None) for name in sorted(self.directories.known)]
        parts += [
            (one.system, Task.ONE, one.external)
            for one in person.identities
            if one.system != SIGN_IN
        ]
        return tuple(
            Receipt(place=place, system=system, task=task, external=external)
            for place, (system, task, external) in enumerate(parts)
        )


def _asked_as(kind: PrivacyKind, by: str, key: str) -> str:
    return sha256(f"{kind}\0{by}\0{key}".encode()).hexdigest()


def _subject(person: Customer) -> Subject:
    profile = person.profile
    return Subject(
        contacts=person.contacts,
        name=" ".join(filter(None, (profile.given_name, profile.family_name))),
        selves=tuple(sorted(person.selves)),
    )
