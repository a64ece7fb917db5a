"""Do orders survive the deaths of the processes that place them?

Two processes place orders and hand them over while one of them is killed every moment, cards
decline and lose answers, and upstreams lose answers after they have acted. Clients ask again with
their key until they get a definite answer. Afterwards everything must add up.
"""

import asyncio
import json
import multiprocessing
import random
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy import Connection, func, select

from app.availability import ledger
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.orders.tables import orders
from app.ports import StockLevel
from app.store import Store, Work, open_store
from app.store.opening import upgrade
from app.values import LocationCode, Sku
from connectors.kit.faults import cuts_unlogged
from connectors.kit.serve import serve
from connectors.sandbox.faults import Fault, FaultyUpstream
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.places import DEPOT, WAREHOUSE
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.specimen import SEED
from tests.orders.crash.sums import Sums, added_up
from tests.orders.crash.worker import Place, work
from tests.orders.world import NOON

SYSTEMS = {"shop": "shop", "dc": "warehouse", "payments": "payments"}
PLACES = (DEPOT, WAREHOUSE)
ON_HAND = 2  # of everything, so that the last pieces are fought for
FLASH = 12  # buyers of the same thing
CLIENTS = 32
TWICE = 0.15  # of keys are sent by two clients at once
BETWEEN = (0.1, 0.6)  # seconds between two kills
DEFINITE = {"PLACED", "SOURCED", "REFUSED", "CANCELLING", "CANCELLED"}
SETTLED_WITHIN = 10.0  # seconds


@dataclass
class Outcome:
    """What came of a run."""

    kills: int
    keys: int
    answers: Counter[str]
    slowest: float
    settled_after: float
    sums: Sums

    @property
    def violations(self) -> list[str]:
        late = [f"settled after {self.settled_after:.1f} s"] * (self.settled_after > SETTLED_WITHIN)
        return [*self.sums.violations, *late]


@dataclass
class Crew:
    """Two processes that are killed and started again."""

    store: str
    urls: tuple[tuple[str, Any, str], ...]
    ports: tuple[int, ...]
    dice: random.Random
    kills: int = 0
    running: list[BaseProcess] = field(default_factory=list)

    def start(self) -> None:
        self.running = [self._started(port) for port in self.ports]

    def kill_one(self) -> None:
        victim = self.dice.randrange(len(self.running))
        self._end(self.running[victim])
        self.running[victim] = self._started(self.ports[victim])
        self.kills += 1

    def end(self) -> None:
        for process in self.running:
            self._end(process)

    def _started(self, port: int) -> BaseProcess:
        process = CONTEXT.Process(target=work, args=(Place(self.store, port, self.urls),))
        process.start()
        return process

    def _end(self, process: BaseProcess) -> None:
        process.kill()
        process.join()


CONTEXT = multiprocessing.get_context("forkserver")  # forks what has imported everything
CONTEXT.set_forkserver_preload(["tests.orders.crash.worker"])


async def crash(url: str, *, kills: int, keys: int, seed: int = 7) -> Outcome:
    """Run until there were so many keys and so many kills."""
    await upgrade(url)
    dice = random.Random(seed)
    async with AsyncExitStack() as stack:
        stack.enter_context(cuts_unlogged())
        store = await stack.enter_async_context(open_store(url, patience=timedelta(seconds=30)))
        systems, urls = await stack.enter_async_context(_served())
        crew = Crew(url, urls, (_free_port(), _free_port()), dice)
        stack.callback(crew.end)
        crew.start()
        spots = await _stocked(store, keys)
        clients = Clients(store, crew.ports, dice, spots, keys)
        trouble = asyncio.ensure_future(_trouble(systems, dice))
        asking = asyncio.ensure_future(clients.run())
        while crew.kills < kills:
            await asyncio.sleep(dice.uniform(*BETWEEN))
            await asyncio.to_thread(crew.kill_one)
        await asking
        trouble.cancel()
        settled_after = await _settled(store, systems)
        sums = await store.read(partial(added_up, systems=systems, on_hand=ON_HAND))
        sums.acknowledged(clients.told)
        return Outcome(
            kills=crew.kills,
            keys=keys,
            answers=Counter(answer["state"] for answer in clients.told.values()),
            slowest=clients.slowest,
            settled_after=settled_after,
            sums=sums,
        )


@dataclass
class Clients:
    """Buyers: each holds something, and asks until it is told what became of it."""

    store: Store
    ports: Sequence[int]
    dice: random.Random
    spots: Sequence[Spot]
    keys: int
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    slowest: float = 0.0

    async def run(self) -> None:
        waiting = list(range(self.keys))[::-1]

        async def buyer() -> None:
            while waiting:
                await self._buy(waiting.pop())

        await asyncio.gather(*(buyer() for _ in range(CLIENTS)))

    async def _buy(self, number: int) -> None:
        key, spots = f"k{number}", self._wanted(number)
        until = datetime.now(UTC) + timedelta(minutes=15)

        def hold(work: Work) -> ledger.Hold:
            return ledger.place(work, f"cart:{key}", dict.fromkeys(spots, 1), until=until)

        try:
            held = await self.store.act(hold, now=datetime.now(UTC))
        except InsufficientStock:
            self.told[key] = {"state": "SOLD_OUT"}
            return
        told = {
            "key": key,
            "holder": held.holder,
            "fence": held.fence,
            "lines": [[sku, place, units] for (sku, place), units in held.demand.items()],
            "token": "tok_moody",
        }
        begun = time.monotonic()
        asking = 2 if self.dice.random() < TWICE else 1
        answers = await asyncio.gather(*(self._asked(told) for _ in range(asking)))
        self.slowest = max(self.slowest, time.monotonic() - begun)
        numbers = {answer.get("number") for answer in answers}
        self.told[key] = {**answers[0], **({} if len(numbers) == 1 else {"state": "TWO"})}

    def _wanted(self, number: int) -> list[Spot]:
        """Every third buyer is one of the dozen who want the same; some want two things."""
        flash = number % 3 == 0
        first = self.spots[number // (3 * FLASH) if flash else len(self.spots) // 4 + number // 2]
        second = self.spots[-1 - number // 2]
        return [first] if flash or number % 5 else [first, second]

    async def _asked(self, told: dict[str, Any]) -> dict[str, str]:
        while True:
            with suppress(OSError, json.JSONDecodeError, TimeoutError):
                async with asyncio.timeout(3):
                    answer = await self._line(told)
                if "refused" in answer:
                    return {"state": f"REFUSED:{answer['refused']}"}
                if answer["state"] in DEFINITE:
                    return answer
            await asyncio.sleep(self.dice.uniform(0.02, 0.2))

    async def _line(self, told: dict[str, Any]) -> dict[str, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.dice.choice(self.ports))
        try:
            writer.write(json.dumps(told).encode() + b"\n")
            answer: dict[str, str] = json.loads(await reader.readline())
            return answer
        finally:
            writer.close()


@asynccontextmanager
async def _served() -> AsyncIterator[Any]:
    systems: dict[str, FaultyUpstream] = {
        name: upstream(system, seed=SEED, now=lambda: NOON) for name, system in SYSTEMS.items()
    }
    async with AsyncExitStack() as stack:
        urls = []
        for name, system in SYSTEMS.items():
            url = await stack.enter_async_context(serve(systems[name]))
            urls.append((name, system, url))
            stack.callback(systems[name].release)
        yield systems, tuple(urls)


async def _stocked(store: Store, keys: int) -> list[Spot]:
    """Spots of which the systems themselves have at least as much as we say."""
    held = stock(SEED)
    spots = [
        Spot(Sku(sku), LocationCode(place))
        for place in PLACES
        for sku in assortment(SEED).skus
        if (count := held.count(sku, place, NOON)) is not None
        and count.pieces - count.set_aside >= ON_HAND
    ]
    if len(spots) < keys:
        raise ValueError(f"there are {len(spots)} things to buy: ask for at most as many keys")
    levels = [
        StockLevel(sku=one.sku, location=one.location, on_hand=ON_HAND, as_of=NOON) for one in spots
    ]
    await store.act(partial(ledger.record, source="test", levels=levels), now=datetime.now(UTC))
    return spots


async def _trouble(systems: dict[str, FaultyUpstream], dice: random.Random) -> None:
    """Every moment an upstream acts and its answer is lost, or fails before it acts."""
    while True:
        await asyncio.sleep(dice.uniform(0.05, 0.3))
        kind: Any = dice.choice(["cut", "half", "fail"])
        systems[dice.choice(list(systems))].break_with(Fault(kind=kind, times=1))


async def _settled(store: Store, systems: dict[str, FaultyUpstream]) -> float:
    """Seconds until nothing is left to do; both processes run, and nobody is killed any more."""
    for system in systems.values():
        system.mend()
    begun = time.monotonic()

    def left(connection: Connection) -> int:
        question = select(func.count()).select_from(orders).where(orders.c.due_at.is_not(None))
        return int(connection.execute(question).scalar_one())

    while await store.read(left):
        if (passed := time.monotonic() - begun) > SETTLED_WITHIN * 3:
            return passed
        await asyncio.sleep(0.05)
    return time.monotonic() - begun


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
