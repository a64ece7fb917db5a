"""How soon is a thousand told what happened, and what does it cost to keep them connected?

One gateway process over PostgreSQL and Redis, and a process with all clients and the writer, on one
machine. Every client holds a WebSocket of its own. `apart`: each follows an order of its own, as
shoppers do, with its token, so that rights are looked up at each event; `together`: all follow
everything, as staff does. Latency is from the return of the commit to the client's reading it.

The storm: all sockets are cut, and all clients come back within three seconds, each with its
cursor; it is over when each was told that it has everything.

Time of the processor is the gateway's own, all threads of it: unlike all that the clock says, it is
much the same on a machine that is busy with something else. `python -m benchmarks.streams 200`
measures with fewer sockets.
"""

import asyncio
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import monotonic
from typing import Any

import aiohttp
import orjson
from redis.asyncio import Redis

from app.events.tail import Tail
from app.events.waking import Waking
from app.main import utc_now
from app.orders import events as order_events
from app.principals.keys import ApiKeys
from app.store import Store, Work, open_store
from app.store.opening import upgrade
from app.store.work import conclude
from app.upkeep import beside
from app.values import PrincipalKind
from tests.events.orders import an_order, place, token_of
from tests.orders.crash.servers import document, serving
from tests.postgres import running_postgres
from tests.redis import running_redis

SOCKETS, STORM = 1_000, 3.0
APART, TOGETHER = (200, 10.0), (5, 10.0)  # events a second, seconds
FOLLOW = """subscription Follow($after: Cursor, $order: ID, $accessToken: String) {
  orderEvents(after: $after, order: $order, accessToken: $accessToken) {
    __typename ... on StreamEvent { cursor } ... on OrderDelta { seq entity state } } }"""
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Client:
    """One socket, for as long as it lasts."""

    url: str
    headers: dict[str, str]
    order: str | None
    heard: Callable[[int, float], None]
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    cursor: str | None = None
    refused: int = 0

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Follow until cut off."""
        token = None if self.order is None else token_of(self.order)
        variables = {"after": self.cursor, "order": self.order, "accessToken": token}
        payload = {"query": FOLLOW, "variables": variables}
        async with http.ws_connect(self.url, protocols=("graphql-transport-ws",)) as socket:
            await socket.send_json({"type": "connection_init", "payload": self.headers})
            await socket.receive()
            await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
            async for message in socket:
                at, told = monotonic(), orjson.loads(message.data)
                if told["type"] == "ping":
                    await socket.send_json({"type": "pong"})
                    continue
                if told["type"] != "next":
                    self.refused += 1  # it comes again, in a while
                    return
                event = told["payload"]["data"]["orderEvents"]
                self.cursor = event["cursor"]
                self.ready.set()
                if event["__typename"] == "OrderDelta":
                    self.heard(event["seq"], at)


@dataclass
class Crowd:
    """All clients, and when they heard what."""

    http: aiohttp.ClientSession
    clients: list[Client] = field(default_factory=list)
    arrived: list[tuple[int, float]] = field(default_factory=list)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def hear(self, seq: int, at: float) -> None:
        """An event came."""
        self.arrived.append((seq, at))

    async def come(self, within: float) -> float:
        """All of them, at moments of the time given; seconds until the last is ready."""
        began, dice = monotonic(), random.Random(7)

        async def one(client: Client) -> None:
            client.ready.clear()
            await asyncio.sleep(dice.uniform(0, within))
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    await client.run(self.http)
                await asyncio.sleep(dice.uniform(0.1, 0.5))

        self.tasks = [asyncio.create_task(one(client)) for client in self.clients]
        await asyncio.gather(*(client.ready.wait() for client in self.clients))
        return monotonic() - began

    async def go(self) -> None:
        """All at once, without a word."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()


@dataclass(frozen=True, slots=True)
class Bench:
    """One gateway, and what is done to it."""

    sockets: int
    store: Store
    waking: Waking
    http: aiohttp.ClientSession
    address: str
    pid: int

    @contextmanager
    def costing(self, what: str, times: Callable[[], int]) -> Iterator[None]:
        """Print what the block costs the gateway each of so many times."""
        before = _processor(self.pid)
        yield
        each = (_processor(self.pid) - before) / max(1, times())
        print(f"    processor of the gateway: {each * 1_000:.3f} ms {what}")


async def main(sockets: int = SOCKETS) -> None:
    """Measure and print."""
    print(
        f"Streams: one gateway, PostgreSQL and Redis, {sockets:,} WebSockets; load average "
        f"{os.getloadavg()[0]:.1f}"
    )
    async with AsyncExitStack() as stack:
        url = stack.enter_context(running_postgres()).database()
        redis = stack.enter_context(running_redis())
        await upgrade(url)
        store = await stack.enter_async_context(open_store(url, patience=timedelta(seconds=30)))
        where = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "redis"
        where.write_text(redis.url)
        settings = document(url, dict.fromkeys(("shop", "warehouse", "payments"), NOWHERE))
        settings["streams"] = {"max_open": 2 * sockets, "max_open_per_caller": 2 * sockets}
        settings["redis"] = {"url": {"file": str(where)}}
        servers = stack.enter_context(serving(settings, count=1))
        timeout = aiohttp.ClientTimeout(total=None)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout)
        )
        await _answers(http, servers.addresses[0])
        client = await stack.enter_async_context(Redis.from_url(redis.url))
        waking = Waking(Tail(store, (), every=timedelta(seconds=1)), client)
        await stack.enter_async_context(beside(waking.run()))
        key = await ApiKeys(store, utc_now).create(
            PrincipalKind.STAFF, "bench", lasts=timedelta(days=1)
        )
        [pid] = servers.pids.values()
        bench = Bench(sockets, store, waking, http, servers.addresses[0], pid)
        await _orders(bench)
        await _apart(bench)
        await _together(bench, {"authorization": f"Bearer {key.text}"})


async def _answers(http: aiohttp.ClientSession, address: str) -> None:
    while True:
        with suppress(aiohttp.ClientError):
            async with http.post(address, json={"query": "{ __typename }"}) as answer:
                if answer.status == 200:  # noqa: PLR2004  an HTTP status
                    return
        await asyncio.sleep(0.1)


async def _orders(bench: Bench) -> None:
    def change(work: Work) -> None:
        for number in range(bench.sockets):
            place(work, an_order(_number(number)))

    await bench.store.act(change, now=utc_now())


def _number(number: int) -> str:
    return f"B{number:05}"


async def _apart(bench: Bench) -> None:
    before, crowd = _resident(bench.pid), Crowd(bench.http)
    crowd.clients = [
        Client(bench.address, {}, _number(number), crowd.hear) for number in range(bench.sockets)
    ]
    with bench.costing("a newcomer", lambda: bench.sockets):
        took = await crowd.come(STORM)
    each = (_resident(bench.pid) - before) / bench.sockets
    print(
        f"  first come within {STORM:.0f} s: all ready after {took:.1f} s;"
        f" resident memory {each:.0f} kB a socket"
    )
    with bench.costing("an event told", lambda: len(crowd.arrived)):
        committed = await _happening(bench, *APART)
        await _settled(crowd, len(committed))
    _tell("apart", crowd, committed, len(committed))
    await crowd.go()
    with bench.costing("a socket that is back", lambda: bench.sockets):
        took = await crowd.come(STORM)
    print(
        f"  storm: all cut, back within {STORM:.0f} s: all resumed after {took:.1f} s,"
        f" {sum(one.refused for one in crowd.clients)} times told to come later"
    )
    await crowd.go()


async def _together(bench: Bench, staff: dict[str, str]) -> None:
    crowd = Crowd(bench.http)
    start = await _present(bench.http, bench.address, staff)
    crowd.clients = [
        Client(bench.address, staff, None, crowd.hear, cursor=start) for _ in range(bench.sockets)
    ]
    await crowd.come(STORM)
    with bench.costing("an event told", lambda: len(crowd.arrived)):
        committed = await _happening(bench, *TOGETHER)
        await _settled(crowd, bench.sockets * len(committed))
    _tell("together", crowd, committed, bench.sockets * len(committed))
    await crowd.go()


async def _present(http: aiohttp.ClientSession, address: str, staff: dict[str, str]) -> str:
    """A cursor of now."""
    cursor, query = (
        None,
        "query($after: Cursor) { orderEvents(after: $after, first: 100) { cursor } }",
    )
    while True:
        body = {"query": query, "variables": {"after": cursor}}
        async with http.post(address, json=body, headers=staff) as answer:
            told = (await answer.json())["data"]["orderEvents"]["cursor"]
        if told == cursor:
            return str(told)
        cursor = told


async def _happening(bench: Bench, rate: int, seconds: float) -> dict[int, float]:
    """So many events a second; when each was committed, by its number."""
    dice, committed = random.Random(7), dict[int, float]()
    began, due = monotonic(), 0
    pending: set[asyncio.Task[None]] = set()

    async def one() -> None:
        order = an_order(_number(dice.randrange(bench.sockets)))
        seq = await bench.store.act(partial(_told, order=order), now=utc_now(), queue="bench")
        committed[seq] = monotonic()
        bench.waking.told()

    while due < rate * seconds:
        await asyncio.sleep(max(0.0, began + due / rate - monotonic()))
        task = asyncio.create_task(one())
        pending.add(task)
        task.add_done_callback(pending.discard)
        due += 1
    await asyncio.gather(*pending)
    return committed


def _told(work: Work, order: Any) -> int:
    work.tell(order_events.state_changed(order))
    conclude(work.connection, [work])
    work.told.clear()
    seq: int = work.connection.exec_driver_sql("select last from log_head").scalar_one()
    return seq


async def _settled(crowd: Crowd, due: int) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(crowd.arrived) < due:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.05)


def _tell(name: str, crowd: Crowd, committed: dict[int, float], due: int) -> None:
    took: Sequence[float] = sorted(
        max(0.0, at - committed[seq]) * 1_000 for seq, at in crowd.arrived if seq in committed
    )
    cuts = quantiles(took, n=100)
    print(
        f"  {name}: {len(committed)} events, {len(took)} of {due} told;"
        f" commit to client p50 {median(took):.0f} ms, p99 {cuts[98]:.0f} ms,"
        f" most {took[-1]:.0f} ms"
    )


def _resident(pid: int) -> int:
    """Resident memory of a process, in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _processor(pid: int) -> float:
    """Seconds that all threads of a process have run."""
    spent = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            spent += int((task / "schedstat").read_text().split()[0])
    return spent / 1e9


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
