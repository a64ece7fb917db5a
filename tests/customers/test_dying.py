"""Whoever dies while somebody is being forgotten, the next one goes on, and nothing is left."""

import asyncio
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from app.customers.directories import Directories, Directory
from app.customers.model import OwnContact
from app.customers.privacy import PrivacyKind, PrivacyRequest
from app.customers.privacy_repository import claim
from app.customers.privacy_service import PrivacyService
from app.customers.privacy_working import PrivacyWorker
from app.customers.profiles import ProfileChange, Profiles
from app.ports import (
    Answer,
    Contact,
    ContactKind,
    CustomerDirectory,
    CustomerKey,
    CustomerRecords,
    Erasure,
    KnownContact,
    UpstreamCustomer,
)
from app.store import Store, Work
from app.store.tables import metadata
from tests.builders import NOON

T = TypeVar("T")
CANARY = "zz-canary@example.com"
MAIL = Contact(ContactKind.EMAIL, CANARY)


class DiedError(BaseException):
    """The process is no more."""


@dataclass
class System:
    """Knows one customer; `dies` when it is asked to forget, before or after it did."""

    key: str
    dies: str | None = None
    known: bool = True
    asked: int = 0

    def _told(self) -> tuple[UpstreamCustomer, ...]:
        contact = KnownContact(contact=MAIL, verified=True)
        one = UpstreamCustomer(key=CustomerKey(self.key), contacts=(contact,))
        return (one,) if self.known else ()

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        return Answer(rows=self._told() if MAIL in contacts else (), as_of=NOON)

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        return Answer(rows=self._told() if self.key in keys else (), as_of=NOON)

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        records = CustomerRecords(key=CustomerKey(self.key), documents={"mail": CANARY})
        return Answer(rows=(records,) if self.known and self.key in keys else (), as_of=NOON)

    async def erase(self, key: CustomerKey) -> Erasure:
        self.asked += 1
        if self.dies == "before":
            raise DiedError
        self.known = False
        if self.dies == "after":
            raise DiedError
        return Erasure(key=key)


@dataclass
class Dying:
    """A store whose process dies at one act, before it is committed or after."""

    store: Store
    at: int
    committed: bool
    acts: int = 0

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        self.acts += 1
        dies = self.acts == self.at
        if dies and not self.committed:
            raise DiedError
        done = await self.store.act(change, now=now, queue=queue)
        if dies:
            raise DiedError
        return done

    async def read(self, question: Callable[[Connection], T]) -> T:
        return await self.store.read(question)


@dataclass
class Place:
    store: Store
    systems: list[System] = field(default_factory=lambda: [System("1"), System("2")])
    now: datetime = NOON

    def worker(self, store: Store | None = None) -> PrivacyWorker:
        directories = Directories(
            {
                f"system-{system.key}": Directory(
                    connection=f"system-{system.key}",
                    port=_port(system),
                    history=None,
                    timeout=timedelta(seconds=30),
                )
                for system in self.systems
            }
        )
        kept = store or self.store
        return PrivacyWorker(store=kept, directories=directories, keepers=(), now=lambda: self.now)

    async def asked(self, kind: PrivacyKind) -> PrivacyRequest:
        profiles = Profiles(store=self.store, now=lambda: self.now)
        known = OwnContact(contact=MAIL, verified=True)
        person = await profiles.register("somebody", ProfileChange(contacts=(known,)))
        worker = self.worker()
        service = PrivacyService(
            store=self.store,
            directories=worker.directories,
            worker=worker,
            now=lambda: self.now,
        )
        return await service.ask(person.id, kind, by="somebody", key="a-key")

    async def done(self, request: PrivacyRequest) -> PrivacyRequest:
        """What another process makes of it, once the lease of the first is over."""
        worker = self.worker()
        for _ in range(5):
            self.now += timedelta(minutes=2)
            await worker.round()
        service = PrivacyService(
            store=self.store, directories=worker.directories, worker=worker, now=lambda: self.now
        )
        found = await service.find(request.id)
        assert found is not None
        return found

    async def named(self) -> bool:
        def rows(connection: Connection) -> str:
            return repr([list(connection.execute(select(one))) for one in metadata.sorted_tables])

        return CANARY in await self.store.read(rows)


def _port(system: Any) -> CustomerDirectory:
    assert isinstance(system, CustomerDirectory)
    return system


async def _dies(worker: PrivacyWorker) -> bool:
    """Whether it did; what it had under way beside comes to an end, which frees what it locked."""
    before = asyncio.all_tasks()
    try:
        await worker.round()
    except DiedError:
        if under_way := asyncio.all_tasks() - before:
            await asyncio.wait(under_way)
        return True
    return False


@pytest.mark.parametrize("committed", [False, True])
async def test_at_whatever_act_it_dies_the_next_one_goes_on(
    store: Store, *, committed: bool
) -> None:
    at = 0
    while True:
        at += 1
        place = Place(store)
        request = await place.asked(PrivacyKind.ERASURE)
        died = await _dies(place.worker(Dying(store, at, committed)))
        done = await place.done(request)
        assert done.done_at is not None
        assert not done.waiting
        assert not any(system.known for system in place.systems)
        assert not await place.named()
        await store.act(_forgotten, now=place.now)
        if not died:
            break
    assert at > 6  # takes the lease, five parts, the end


def _forgotten(work: Work) -> None:
    """Begin anew."""
    for table in reversed(metadata.sorted_tables):
        if table.name.startswith(("privacy", "customer", "identities", "refused", "consent")):
            work.connection.execute(table.delete())


@pytest.mark.parametrize("when", ["before", "after"])
async def test_if_it_dies_while_a_system_is_asked_the_system_is_asked_again(
    store: Store, when: str
) -> None:
    place = Place(store)
    place.systems[0].dies = when
    request = await place.asked(PrivacyKind.ERASURE)
    assert await _dies(place.worker())
    place.systems[0].dies = None
    done = await place.done(request)
    assert not done.waiting
    assert place.systems[0].asked == 2
    assert not any(system.known for system in place.systems)
    assert not await place.named()


async def test_who_is_at_it_is_left_alone(store: Store) -> None:
    place = Place(store)
    await place.asked(PrivacyKind.ERASURE)
    first, second = place.worker(), place.worker()
    until = place.now + timedelta(minutes=1)
    await store.act(lambda work: claim(work.connection, place.now, until, 10), now=place.now)
    assert await first.round() == 0
    assert await second.round() == 0
    assert all(system.asked == 0 for system in place.systems)


async def test_an_export_that_is_overtaken_by_an_erasure_tells_nothing(store: Store) -> None:
    place = Place(store)
    export = await place.asked(PrivacyKind.EXPORT)
    erasure = await place.asked(PrivacyKind.ERASURE)
    done = await place.done(erasure)
    assert not done.waiting
    told = await place.done(export)
    assert told.done_at is not None
    assert all(receipt.documents is None for receipt in told.receipts)
    assert not await place.named()
