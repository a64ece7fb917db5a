"""Who asks every system to tell or to forget somebody, until all have?

A request is worked on under a lease, as orders are: a process that dies loses it, the next one goes
on with the parts that wait. Every part may be done again, so nothing is lost and nothing is done
wrongly twice. A part that fails is tried again, ever more rarely, and never given up.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, null

from app.customers import events, privacy_repository, searching
from app.customers.directories import Directories, Directory
from app.customers.forgetting import Keeper, Whose, forgotten, told
from app.customers.matching import Candidate, Sought, candidates
from app.customers.privacy import (
    KEPT_FOR,
    PrivacyKind,
    PrivacyRequest,
    Receipt,
    Subject,
    Task,
)
from app.customers.privacy_repository import Lease
from app.customers.tables import privacy_requests
from app.errors import UpstreamBroken, UpstreamError, UpstreamUnavailable
from app.ports import Answer, ContactKind, CustomerKey, Purchase
from app.store import Scrubbing, Store, StoreUnavailable, Work
from app.store.rounds import Rounds

log = structlog.get_logger(__name__)
MOST = 10  # requests taken at once
MOST_PURCHASES = 100  # of one customer, told in an export
LEASE = timedelta(seconds=30)
POLL = timedelta(seconds=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)
OPEN_ORDERS = "ORDERS_OPEN"


@dataclass(slots=True, kw_only=True)
class PrivacyWorker:
    """Does what is due, until it is cancelled. Any number may run, in any number of processes."""

    store: Store
    directories: Directories
    keepers: Sequence[Keeper]
    now: Callable[[], datetime]
    lasting: timedelta = LEASE
    rounds: Rounds = field(default_factory=partial(Rounds, "privacy", every=POLL))

    def wake(self) -> None:
        """Something is due at once."""
        self.rounds.wake()

    async def run(self) -> None:
        """Work; a store that does not answer is asked again."""

        async def once() -> bool:
            return await self.round() >= MOST

        await self.rounds.run(once)

    async def round(self) -> int:
        """Take what is due and do it; of how many requests that was."""
        now = self.now()
        await self._forget_exports(now)
        if not await self.store.read(partial(privacy_repository.any_due, now=now)):
            return 0
        until = now + self.lasting
        take = partial(_claimed, now=now, until=until)
        leases = await self.store.act(take, now=now)
        await asyncio.gather(*(self.taken(lease) for lease in leases))
        return len(leases)

    async def taken(self, lease: Lease) -> None:
        """Do all parts of a request that can be done now."""
        try:
            await self._done(lease)
        except StoreUnavailable:
            log.warning("privacy.left", request=lease.id, why="the store does not answer")
        except Exception as bug:  # noqa: BLE001  one request must not stop the work on others
            log.error("privacy.bug", request=lease.id, kind=type(bug).__name__)  # noqa: TRY400  its text may hold personal data

    async def _done(self, lease: Lease) -> None:
        request = await self.store.read(partial(privacy_repository.find, id_=lease.id))
        if request is None:
            return
        # Who is known by the subject comes first: it makes further parts.
        for task in (Task.LOOK_UP, Task.OWN, Task.ONE):
            waiting = [one for one in request.waiting if one.task is task]
            await asyncio.gather(*(self._part(lease, request, one) for one in waiting))
            again = await self.store.read(partial(privacy_repository.find, id_=lease.id))
            if again is None:
                return
            request = again
        if await self.store.act(partial(_ended, lease=lease), now=self.now()):
            if request.kind is PrivacyKind.ERASURE and isinstance(self.store, Scrubbing):
                await self.store.scrub()
            await self.store.act(partial(_over, lease=lease), now=self.now())

    async def _part(self, lease: Lease, request: PrivacyRequest, part: Receipt) -> None:
        try:
            keep = await self._answered(request, part)
        except UpstreamError as error:
            keep = partial(_failed, reason=error.code)
        await self.store.act(partial(_kept, lease=lease, part=part, keep=keep), now=self.now())

    async def _answered(self, request: PrivacyRequest, part: Receipt) -> "Keep":
        """What is to be written once a system has answered.

        Raises:
            UpstreamError: it has not.
        """
        if part.task is Task.OWN:
            return partial(_own, keepers=self.keepers)
        directory = self.directories.known.get(part.system)
        if directory is None:
            raise UpstreamUnavailable("is not bound any more")
        if part.task is Task.LOOK_UP:
            return partial(_looked_up, found=await _known(directory, request.subject or Subject()))
        key = CustomerKey(part.external or "")
        if request.kind is PrivacyKind.ERASURE:
            erasure = await directory.asked(lambda: directory.port.erase(key))
            return partial(_erased, kept=erasure.kept)
        return partial(_exported, documents=await _everything(directory, key, self.now()))

    async def _forget_exports(self, now: datetime) -> None:
        expired = privacy_requests.c.expires_at <= now

        def change(work: Work) -> None:
            privacy_repository.drop_documents(work.connection, expired)
            privacy_repository.put_where(work.connection, expired, expires_at=None)

        if await self.store.read(partial(privacy_repository.any_where, which=expired)):
            await self.store.act(change, now=now)


Keep = Callable[[Work, PrivacyRequest, Receipt], Receipt]
"""Writes what came of a part; the part as it is then."""


async def _known(directory: Directory, subject: Subject) -> tuple[Candidate, ...]:
    """Who the subject is, or may be, in a system."""
    sought = Sought(
        contacts={one.contact: one.verified for one in subject.contacts}, name=subject.name
    )
    if not sought.contacts:
        return ()
    answer = await directory.asked(lambda: directory.port.find(list(sought.contacts)))
    if answer.rejected:
        raise UpstreamBroken("somebody may be there, and could not be read")
    return candidates(sought, [(directory.connection, row) for row in answer.rows])


async def _everything(directory: Directory, key: CustomerKey, now: datetime) -> dict[str, Any]:
    """All that one system tells of a customer."""
    records = await directory.asked(lambda: directory.port.export([key]))
    if records.rejected:
        raise UpstreamBroken("some of it could not be read")
    documents: dict[str, Any] = {}
    for row in records.rows:
        documents |= row.documents
    if (history := directory.history) is not None:
        bought: Answer[Purchase] = await directory.asked(
            lambda: history.purchases([key], until=now, most=MOST_PURCHASES)
        )
        documents["purchases"] = msgspec.to_builtins(bought.rows)
    return documents


def _claimed(work: Work, now: datetime, until: datetime) -> list[Lease]:
    return privacy_repository.claim(work.connection, now, until, MOST)


def _kept(work: Work, lease: Lease, part: Receipt, keep: Keep) -> None:
    request = privacy_repository.lock(work.connection, lease)
    if request is None:
        return  # somebody else is at it by now
    after = keep(work, request, part)
    privacy_repository.put_receipt(work.connection, request.id, after)
    if after.done_at is not None:
        work.tell(events.part_done(request.customer, request.kind, request.id, part.system))


def _failed(_work: Work, _request: PrivacyRequest, part: Receipt, reason: str) -> Receipt:
    return replace(part, reason=reason)


def _own(work: Work, request: PrivacyRequest, part: Receipt, keepers: Sequence[Keeper]) -> Receipt:
    whose = _whose(request.subject or Subject())
    if request.kind is PrivacyKind.EXPORT:
        documents = told(work.connection, whose, keepers)
        return replace(part, done_at=work.now, reason=None, documents=documents)
    if not forgotten(work, whose, keepers):
        return replace(part, reason=OPEN_ORDERS)
    return replace(part, done_at=work.now, reason=None)


def _whose(subject: Subject) -> Whose:
    """By what the subject's things are found in our own store."""
    emails = (
        one.contact.value
        for one in subject.contacts
        if one.verified and one.contact.kind is ContactKind.EMAIL
    )
    return Whose(selves=frozenset(subject.selves), emails=frozenset(emails))


def _looked_up(
    work: Work, request: PrivacyRequest, part: Receipt, found: Sequence[Candidate]
) -> Receipt:
    """Parts of their own for those who are certain; the others are counted, and left alone."""
    known = {(one.system, one.external) for one in request.receipts}
    names = [(one.system, str(one.customer.key)) for one in found]
    ours = _others(work.connection, names, request)
    new = [name for name, one in zip(names, found, strict=True) if one.certain and name not in ours]
    new = [name for name in new if name not in known]
    unsure = sum(
        not one.certain and name not in known for name, one in zip(names, found, strict=True)
    )
    first = 1 + max(one.place for one in request.receipts)
    parts = [
        Receipt(place=first + at, system=system, task=Task.ONE, external=external)
        for at, (system, external) in enumerate(new)
    ]
    privacy_repository.add_receipts(work.connection, request.id, parts)
    if unsure:
        unresolved = request.unresolved + unsure
        privacy_repository.put(work.connection, request.id, unresolved=unresolved)
    return replace(part, done_at=work.now, reason=None)


def _others(
    connection: Connection, names: Sequence[searching.Name], request: PrivacyRequest
) -> set[searching.Name]:
    """Those who are somebody else to us."""
    selves = (request.subject or Subject()).selves
    people = searching.people_of(connection, names)
    return {name for name, person in people.items() if person not in selves}


def _erased(work: Work, _request: PrivacyRequest, part: Receipt, kept: frozenset[Any]) -> Receipt:
    return replace(part, done_at=work.now, reason=None, kept=kept, external=None)


def _exported(
    work: Work, _request: PrivacyRequest, part: Receipt, documents: dict[str, Any]
) -> Receipt:
    return replace(part, done_at=work.now, reason=None, documents=documents, external=None)


def _ended(work: Work, lease: Lease) -> bool:
    """Forget the subject once all is done; what is left is due again later."""
    request = privacy_repository.lock(work.connection, lease)
    if request is None:
        return False
    if request.waiting:
        wait = min(FIRST_WAIT * 2 ** min(lease.attempts, 16), LONGEST_WAIT)
        privacy_repository.put(
            work.connection,
            request.id,
            leased_until=None,
            due_at=work.now + wait,
            attempts=lease.attempts + 1,
        )
        return False
    privacy_repository.put(work.connection, request.id, subject=null())
    return True


def _over(work: Work, lease: Lease) -> None:
    request = privacy_repository.lock(work.connection, lease)
    if request is None:
        return
    export = request.kind is PrivacyKind.EXPORT
    privacy_repository.put(
        work.connection,
        request.id,
        leased_until=None,
        due_at=None,
        done_at=work.now,
        expires_at=work.now + KEPT_FOR if export else None,
    )
    work.tell(events.privacy_done(request.customer, request.kind, request.id))
