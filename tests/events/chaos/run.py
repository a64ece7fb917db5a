"""What comes of following orders while everything is cut, killed and emptied?"""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection

from app.engine.caching.shared import EVENTS
from app.events.tail import Tail
from app.events.waking import Waking
from app.main import utc_now
from app.orders.events import KINDS
from app.principals.keys import ApiKeys
from app.store import Store, StoreUnavailable, log, open_store
from app.store.opening import upgrade
from app.upkeep import beside
from app.values import PrincipalKind
from tests.events.chaos.clients import Client
from tests.events.orders import WAY, an_order, go_on, place, states
from tests.orders.crash.servers import Servers, document, gone, serving
from tests.redis import RedisServer

NOWHERE = "http://127.0.0.1:9"
SYSTEMS = ("shop", "warehouse", "payments")
PATIENCE = timedelta(seconds=30)  # of the writer with the database
LEAVES = 30.0  # seconds that a gateway has to end
STAND = 60.0  # seconds after the last event without anything told to anybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done, and for how long; a `redis` is killed, emptied and trimmed.

    Gateways are killed, or asked to end where it is done `gently`.
    """

    clients: int = 100
    seconds: float = 60
    events: int = 2_000
    kill_every: float = 5
    servers: int = 1
    restless: int = 400
    seed: int = 7
    redis: RedisServer | None = None
    gently: bool = False


@dataclass
class Outcome:
    """What came of it."""

    events: int = 0
    kills: int = 0
    connections: int = 0
    redis: int = 0
    told: int = 0
    gaps: int = 0
    duplicates: int = 0
    reorders: int = 0
    mirrors: int = 0
    unknown: int = 0  # acts of the writer that the database did not answer in time
    settled: float = 0.0  # seconds from the last event until everybody had everything
    let_go: list[float] = field(default_factory=list)
    placed: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def crowd(self) -> int:
        """How many clients at most were let go within a tenth of a second."""
        return max(Counter(int(one / 0.1) for one in self.let_go).values(), default=0)


async def chaos(url: str, plan: Plan) -> Outcome:
    """Write, kill, follow; then compare what each client has with the database."""
    await upgrade(url)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(url, patience=PATIENCE))
        key = await ApiKeys(store, utc_now).create(
            PrincipalKind.STAFF, "chaos", lasts=timedelta(days=1)
        )
        for number in range(60):  # what there is before
            order = an_order(f"OLD{number:03}")
            await store.act(partial(place, order=order), now=utc_now())
        settings = stack.enter_context(_settings(url, plan))
        servers = stack.enter_context(serving(settings, seed=plan.seed, count=plan.servers))
        http = await stack.enter_async_context(_http())
        clients = _clients(servers, http, {"authorization": f"Bearer {key.text}"}, plan)
        outcome = await _through(store, servers, clients, plan)
        truth = await store.read(partial(_truth))
    return _compared(outcome, clients, *truth)


def _settings(url: str, plan: Plan) -> Any:
    return _Settings(url, plan)


class _Settings(tempfile.TemporaryDirectory[str]):
    """The settings of the gateways, with a file that says where Redis is."""

    def __init__(self, url: str, plan: Plan) -> None:
        super().__init__(prefix="chaos-")
        self._url, self._plan = url, plan

    def __enter__(self) -> Any:
        folder = super().__enter__()
        settings = document(self._url, dict.fromkeys(SYSTEMS, NOWHERE))
        settings["streams"] = {"burst": 1_000, "max_open": 1_000}
        settings["events"] = {"heartbeat_every": "PT5S"}
        if self._plan.redis is not None:
            where = Path(folder) / "redis"
            where.write_text(self._plan.redis.url)
            settings["redis"] = {"url": {"file": str(where)}}
        return settings


@asynccontextmanager
async def _http() -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None, connect=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        yield http


def _clients(
    servers: Servers, http: aiohttp.ClientSession, headers: dict[str, str], plan: Plan
) -> list[Client]:
    return [
        Client(
            servers.addresses,
            http,
            "socket" if number % 2 else "events",
            headers,
            random.Random(plan.seed * 1_000 + number),
            plan.restless,
        )
        for number in range(plan.clients)
    ]


async def _through(
    store: Store, servers: Servers, clients: Sequence[Client], plan: Plan
) -> Outcome:
    outcome, over, last = Outcome(), asyncio.Event(), [0]
    running = [asyncio.create_task(one.run(over, last)) for one in clients]
    async with _writer(store, plan) as waking:
        ending = _rolling if plan.gently else _killing
        async with beside(ending(servers, plan, outcome), _harming(plan, outcome)):
            await _writing(store, waking, plan, outcome)
        ended = monotonic()
        last[0] = await store.read(partial(log.last_of, kinds=KINDS))
        over.set()
        done, late = await _settled(running, clients)
        outcome.settled = monotonic() - ended
    for task in done:
        task.result()
    for task in late:
        task.cancel()
    outcome.wrong += [f"{len(late)} clients never had everything"] * bool(late)
    outcome.kills = servers.kills
    return outcome


async def _settled(
    running: Sequence["asyncio.Task[None]"], clients: Sequence[Client]
) -> tuple[set["asyncio.Task[None]"], set["asyncio.Task[None]"]]:
    """Who has everything, and who has not though nobody was told anything for long.

    How long it takes is a matter of the machine; that it comes to a stand is one of ours.
    """
    while True:
        before = sum(len(one.seen.seqs) for one in clients)
        done, late = await asyncio.wait(running, timeout=STAND)
        if not late or sum(len(one.seen.seqs) for one in clients) == before:
            return done, late


@asynccontextmanager
async def _writer(store: Store, plan: Plan) -> AsyncIterator[Waking]:
    """What wakes the gateways when something was written here, as another gateway would."""
    client = None if plan.redis is None else Redis.from_url(plan.redis.url)
    waking = Waking(Tail(store, KINDS, every=timedelta(seconds=1)), client)
    async with beside(waking.run()):
        yield waking
    if client is not None:
        await client.aclose()


async def _writing(store: Store, waking: Waking, plan: Plan, outcome: Outcome) -> None:
    """Events, evenly, by several writers at once."""
    dice, began = random.Random(plan.seed), monotonic()
    open_, made = {f"OLD{number:03}": 1 for number in range(60)}, 0
    while outcome.events < plan.events or monotonic() - began < plan.seconds:
        jobs = []
        for number in dice.sample(sorted(open_), k=min(5, len(open_))):
            open_[number] += 1
            if open_[number] == len(WAY):
                del open_[number]
            jobs.append(store.act(partial(go_on, number=number), now=utc_now()))
        made += 1
        order = an_order(f"NEW{made:05}", at=utc_now())
        jobs.append(store.act(partial(place, order=order), now=utc_now()))
        *_, placed = done = await asyncio.gather(*jobs, return_exceptions=True)
        if placed is None:
            open_[order.number] = 1
        waking.told()
        outcome.events += len(done) - _unknown(done, outcome)
        due = began + plan.seconds * outcome.events / plan.events
        await asyncio.sleep(max(0.0, due - monotonic()))


def _unknown(done: Sequence[BaseException | None], outcome: Outcome) -> int:
    """How many acts of some may have taken place, or not: the database was too slow to say.

    What is true is read from there at the end, so that is no harm.
    """
    failures = [one for one in done if one is not None]
    for failure in failures:
        if not isinstance(failure, StoreUnavailable):
            raise failure
    outcome.unknown += len(failures)
    return len(failures)


async def _killing(servers: Servers, plan: Plan, _outcome: Outcome) -> None:
    while True:
        await asyncio.sleep(plan.kill_every)
        await asyncio.to_thread(servers.kill_one)


async def _rolling(servers: Servers, plan: Plan, outcome: Outcome) -> None:
    """One gateway after another ends as it should, and another takes its place."""
    while True:
        for port in servers.ports:
            await asyncio.sleep(plan.kill_every)
            ended = False
            try:
                ended = await asyncio.to_thread(gone, servers.leave(port), LEAVES)
            finally:  # whenever this is over, all are there
                servers.start(port)
            outcome.wrong += ["a gateway did not end"] * (not ended)
            servers.kills += 1
            await answering(f"http://127.0.0.1:{port}/livez")


async def answering(address: str) -> None:
    """Return when a gateway answers."""
    async with aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(address) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)


async def _harming(plan: Plan, outcome: Outcome) -> None:
    """Redis is killed, and empty when it is back; flushed; trimmed of everything it has."""
    if plan.redis is None or plan.gently:
        return
    every = plan.kill_every * 0.7
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(plan.redis.kill)
        await asyncio.sleep(every / 2)
        await asyncio.to_thread(plan.redis.start_again)
        outcome.redis += 1
        for trim in (False, True):
            await asyncio.sleep(every / 2)
            with suppress(RedisError, OSError):
                async with Redis.from_url(plan.redis.url) as client:
                    await (client.xtrim(EVENTS, maxlen=0) if trim else client.flushall())
                    outcome.redis += 1


def _truth(connection: Connection) -> tuple[list[int], dict[str, str]]:
    return [one.seq for one in log.since(connection, 0, KINDS)], states(connection)


def _compared(
    outcome: Outcome, clients: Sequence[Client], told: list[int], orders: dict[str, str]
) -> Outcome:
    for client in clients:
        seen = client.seen
        due = [seq for seq in told if seq > seen.began]
        outcome.told += len(seen.seqs)
        outcome.connections += seen.connections
        outcome.gaps += len(set(due) - set(seen.seqs))
        outcome.duplicates += len(seen.seqs) - len(set(seen.seqs))
        outcome.reorders += sum(b < a for a, b in zip(seen.seqs, seen.seqs[1:], strict=False))
        outcome.mirrors += seen.orders == orders
        outcome.ends += seen.ends
        outcome.let_go += seen.let_go
        outcome.placed += seen.placed
        outcome.wrong += seen.wrong
    return outcome
