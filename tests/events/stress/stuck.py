"""What becomes of a client that stops reading, and of those beside it?"""

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import monotonic
from typing import Any

import aiohttp
import orjson

from app.main import utc_now
from app.orders.events import KINDS
from app.principals.keys import ApiKeys
from app.store import Store, log, open_store
from app.store.opening import upgrade
from app.upkeep import beside
from app.values import PrincipalKind
from tests.events.chaos.clients import FOLLOW, Client, Seen
from tests.events.chaos.run import NOWHERE, SYSTEMS, answering
from tests.events.orders import an_order, place
from tests.orders.crash.servers import Servers, document, gone, serving
from tests.streams.deaf import Deaf

LONG_ID = "x" * 20_000  # stands in each message: what is told is soon more than all buffers hold
CUT_WITHIN, ENDS_WITHIN = 30.0, 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many others there are, and how much happens."""

    clients: int = 50
    rate: int = 50  # events a second
    seconds: float = 5.0  # before the client stops reading, and after it was cut


@dataclass
class Outcome:
    """What came of it. `p99` are milliseconds from commit to client: before, meanwhile, after."""

    code: int = 0
    reason: str = ""
    waited: int = 0  # bytes that the gateway grew by until then
    cut_after: float = 0.0  # seconds from the close to the end of the connection
    p99: tuple[float, ...] = ()
    ended_after: float = 0.0  # seconds from SIGTERM
    told_place: int = 0  # clients over sockets whose last word was where they were
    let_go: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Stage:
    """Two gateways over one store, clients of the first, and a pen."""

    store: Store
    servers: Servers
    lines: Path
    key: str
    clients: list[Client]
    written: dict[str, float] = field(default_factory=dict)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    last: list[int] = field(default_factory=lambda: [0])

    async def happening(self, rate: int, seconds: float) -> list[str]:
        """New orders, evenly; their numbers."""
        began, made = monotonic(), list[str]()
        while len(made) < rate * seconds:
            number = f"N{len(self.written):06}"
            await self.store.act(partial(place, order=an_order(number)), now=utc_now())
            self.written[number] = monotonic()
            made.append(number)
            await asyncio.sleep(max(0.0, began + len(made) / rate - monotonic()))
        return made

    async def heard(self, numbers: Sequence[str]) -> float:
        """Wait until all have heard of these; the 99th percentile of how long that took, in ms."""
        for client in self.clients:
            async with asyncio.timeout(60):
                while not client.seen.heard.keys() >= set(numbers):  # noqa: ASYNC110  tells nobody
                    await asyncio.sleep(0.02)
        took = [
            1_000 * max(0.0, client.seen.heard[one] - self.written[one])
            for client in self.clients
            for one in numbers
        ]
        return quantiles(took, n=100)[98]

    def cut(self) -> dict[str, Any] | None:
        """What the gateways logged of a client that they cut."""
        lines = map(orjson.loads, self.lines.read_text().splitlines())
        closed = (one for one in lines if one["event"] == "socket.closed")
        return next((one for one in closed if one["ours"]), None)

    def wrong(self) -> list[str]:
        """What went wrong at any of the clients."""
        return [one for client in self.clients for one in client.seen.wrong]


@asynccontextmanager
async def stage(url: str, plan: Plan, **streams: str) -> AsyncIterator[Stage]:
    """Everybody is there and has been told what there is; `streams` are settings."""
    await upgrade(url)
    patient = timedelta(seconds=30)
    with tempfile.TemporaryDirectory(prefix="stuck-") as folder:
        lines = Path(folder) / "log"
        lines.touch()
        settings = document(url, dict.fromkeys(SYSTEMS, NOWHERE))
        settings["events"] = {"poll_every": "PT0.05S"}
        settings["streams"] = streams
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            open_store(url, patience=patient) as store,
            aiohttp.ClientSession(connector=connector) as http,
        ):
            keys = ApiKeys(store, utc_now)
            key = await keys.create(PrincipalKind.STAFF, "stress", lasts=timedelta(days=1))
            with serving(settings, count=2, log=lines) as servers:
                for address in servers.addresses:
                    await answering(address.replace("graphql", "livez"))
                headers = {"authorization": f"Bearer {key.text}"}
                clients = [
                    Client(
                        [servers.addresses[0]],
                        http,
                        "socket" if number % 2 else "events",
                        headers,
                        random.Random(number),
                        restless=1_000_000,
                        lasts=600,
                    )
                    for number in range(plan.clients)
                ]
                there = Stage(store, servers, lines, key.text, clients)
                async with beside(*(one.run(there.over, there.last) for one in clients)):
                    async with asyncio.timeout(60):
                        while not all(one.seen.complete for one in clients):  # noqa: ASYNC110
                            await asyncio.sleep(0.02)
                    yield there


async def slow(url: str, plan: Plan) -> Outcome:
    """One client reads nothing any more, until it is cut; then it comes back."""
    outcome = Outcome()
    async with stage(url, plan) as there:
        pid = there.servers.pids[there.servers.ports[0]]
        before = await there.heard(await there.happening(plan.rate, plan.seconds))
        deaf, resident, meanwhile = await _deaf(there), _resident(pid), list[str]()
        async with asyncio.timeout(CUT_WITHIN + 60):
            while not (closed := there.cut()):
                meanwhile += await there.happening(plan.rate, 0.2)
            outcome.waited, at = _resident(pid) - resident, monotonic()
            while deaf.held:
                meanwhile += await there.happening(plan.rate, 0.2)
        outcome.cut_after = monotonic() - at
        outcome.code, outcome.reason = closed["code"], closed["reason"]
        p99 = before, await there.heard(meanwhile)
        outcome.p99 = (*p99, await there.heard(await there.happening(plan.rate, plan.seconds)))
        outcome.wrong += await _resumed(there, deaf)
        outcome.wrong += there.wrong()
    return outcome


async def leaving(url: str, plan: Plan) -> Outcome:
    """A gateway is asked to end while one of its clients reads nothing."""
    outcome = Outcome()
    async with stage(url, plan, patience="PT60S") as there:
        first, second = there.servers.ports[0], there.servers.addresses[1]
        deaf = await _deaf(there)
        await there.heard(await there.happening(plan.rate, 300 / plan.rate))
        assert deaf.held
        for client in there.clients:
            client.addresses = [second]
        began = monotonic()
        if not await asyncio.to_thread(gone, there.servers.leave(first), ENDS_WITHIN):
            outcome.wrong.append("it did not end")
        outcome.ended_after = monotonic() - began
        deaf.socket.close()
        await there.heard(await there.happening(plan.rate, 1))
        outcome.told_place = sum(one.seen.placed for one in there.clients)
        outcome.let_go = sum(len(one.seen.let_go) for one in there.clients)
        outcome.wrong += there.wrong()
    return outcome


async def _deaf(there: Stage) -> Deaf:
    """A client that asks for all that happens, and does not read it."""
    deaf = Deaf(there.servers.addresses[0].removesuffix("/graphql"))
    await deaf.shake_hands()
    init = {"authorization": f"Bearer {there.key}"}
    deaf.say(orjson.dumps({"type": "connection_init", "payload": init}).decode())
    asked = {"query": FOLLOW, "variables": {}}
    subscribe = {"type": "subscribe", "id": LONG_ID, "payload": asked}
    deaf.say(orjson.dumps(subscribe).decode())
    return deaf


async def _resumed(there: Stage, deaf: Deaf) -> list[str]:
    """What goes wrong when the client reads what was on its way, and comes back for the rest."""
    with suppress(ConnectionError):
        await deaf.hears_the_end()
    deaf.socket.close()
    back = replace(there.clients[0], addresses=[there.servers.addresses[1]], seen=Seen())
    for told in deaf.heard():
        if told["type"] == "next":
            back.seen.take(told["payload"]["data"]["orderEvents"])
    everything = await there.store.read(
        lambda db: [one.seq for one in log.since(db, back.seen.began, KINDS)]
    )
    done = asyncio.Event()
    done.set()
    async with asyncio.timeout(60):
        await back.run(done, [everything[-1]])
    return [*back.seen.wrong, *(["it missed something"] * (back.seen.seqs != everything))]


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1_000 * int(next(one for one in status.splitlines() if "VmRSS" in one).split()[1])
