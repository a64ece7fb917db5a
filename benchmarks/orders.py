"""How many orders a second go from a cart to an order, and how much of that is the database's?

Two gateway processes over PostgreSQL, the shop, the warehouse and the payment provider in a process
of their own, all on one machine with whoever buys. An order is `cartCreate`, `cartHold` and
`orderPlace` over HTTP with idempotency keys, and everything that follows unattended: handed over
and captured, which its rate includes. Commits are durable (`synchronous_commit` and `fsync` on).

Rounds of different crowds take turns; figures are medians of the rounds. Milliseconds of CPU are
those of the processes, for each order. `in the database` is the time that its sessions were at
work on a statement (`active_time`, which includes waiting for locks and the disk) for each second
that buyers waited for an answer; sessions also work for what follows unattended.
"""

import asyncio
import os
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from statistics import median, quantiles
from time import monotonic

import aiohttp

from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import Sku
from tests.orders.crash import systems
from tests.orders.crash.buyers import Buyers
from tests.orders.crash.run import settled
from tests.orders.crash.servers import Servers, document, serving
from tests.postgres import Postgres, running_postgres

CROWDS: Mapping[int, int] = {1: 15, 8: 40}  # buyers at once: orders of one round
ROUNDS = 3
OURS = ("asyncpg", "sqlalchemy", "starlette", "strawberry-graphql", "uvicorn")
SLOW = 10  # seconds for an upstream: nothing is refused because the machine is busy
PLENTY = 1_000_000  # pieces of everything
TICK = os.sysconf("SC_CLK_TCK")  # a second of CPU
TOLD_AFTER = 11.0  # seconds until sessions that idle have told what they did


@dataclass
class Round:
    """What one round took: seconds, answers in seconds by mutation, CPU in seconds by process."""

    orders: int
    seconds: float
    answers: Mapping[str, list[float]]
    cpu: Mapping[str, float]
    active: float

    def each(self, name: str) -> float:
        """Milliseconds of CPU for an order."""
        return self.cpu[name] / self.orders * 1_000

    @property
    def in_database(self) -> float:
        """The share of all waiting in which a session was at work."""
        return self.active / sum(sum(took) for took in self.answers.values())


@dataclass
class Bench:
    """Where it is measured."""

    cluster: Postgres
    database: str
    store: Store
    servers: Servers
    systems: systems.Systems
    http: aiohttp.ClientSession
    done: int = 0

    async def round(self, crowd: int, count: int) -> Round:
        """So many buyers at once, each one order after the other."""
        began, cpu, active = monotonic(), self._cpu(), self._active()
        dice = random.Random(7)
        buyers = Buyers(self.http, self.servers.addresses, dice, 0.0, 10.0 * SLOW, "tok_ok")
        waiting = list(range(self.done, self.done + count))
        self.done += count

        async def buyer() -> None:
            while waiting:
                number = waiting.pop()
                sku: Sku = SPOTS[number % len(SPOTS)].sku
                await buyers.buy(f"{number:06}", [sku])

        await asyncio.gather(*(buyer() for _ in range(crowd)))
        await settled(self.store)
        seconds, after = monotonic() - began, self._cpu()
        wrong = {told.state for told in buyers.told.values()} - {"PLACED", "SOURCED"}
        if wrong:
            raise RuntimeError(f"buyers were told {wrong}")
        await asyncio.sleep(TOLD_AFTER)
        spent = {name: after[name] - cpu[name] for name in cpu}
        return Round(count, seconds, buyers.seconds, spent, self._active() - active)

    def _cpu(self) -> dict[str, float]:
        postmaster = _postmaster(self.cluster.port)
        return {
            "gateways": sum(_seconds(pid) for pid in self.servers.pids.values()),
            "PostgreSQL": _of_children(postmaster) + _seconds(postmaster),
            "systems": _seconds(self.systems.pid),
        }

    def _active(self) -> float:
        asked = f"select active_time from pg_stat_database where datname = '{self.database}'"
        return float(self.cluster.sql(asked)) / 1_000


SPOTS = systems.spots(10_000)


async def main() -> None:
    """Measure and print."""
    durable = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
    async with AsyncExitStack() as stack:
        cluster = stack.enter_context(running_postgres(**durable))
        url = cluster.database()
        await upgrade(url)
        store = await stack.enter_async_context(open_store(url))
        running = stack.enter_context(systems.running(SPOTS, pieces=PLENTY, trouble=None))
        servers = stack.enter_context(serving(document(url, running.urls, SLOW)))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        name = url.rsplit("/", 1)[-1]
        bench = Bench(cluster, name, store, servers, running, http)
        for crowd in CROWDS:
            await bench.round(crowd, crowd + 5)  # nobody knows anything yet
        rounds: dict[int, list[Round]] = {crowd: [] for crowd in CROWDS}
        for _ in range(ROUNDS):
            for crowd, count in CROWDS.items():
                rounds[crowd].append(await bench.round(crowd, count))
        _print(cluster.sql("show server_version"), rounds)


def _print(version: str, rounds: Mapping[int, list[Round]]) -> None:
    number, cores = version.split(maxsplit=1)[0], os.cpu_count()
    ours = " · ".join(f"{name} {version_of(name)}" for name in OURS)
    print(f"Orders: PostgreSQL {number}, 2 gateway processes, {cores} cores for everybody")
    print(f"{ours}; load average {os.getloadavg()[1]:.1f}\n")
    print("| buyers at once | orders/s | cart to order p50 | p99 | orderPlace p50 | p99 |", end=" ")
    print("CPU ms an order: gateways | PostgreSQL | systems | in the database |")
    print("|---" * 10 + "|")
    for crowd, some in rounds.items():
        rate = median(one.orders / one.seconds for one in some)
        whole = [
            sum(steps)
            for one in some
            for steps in zip(*(one.answers[kind] for kind in KINDS), strict=True)
        ]
        place = [took for one in some for took in one.answers["Place"]]
        cpu = " | ".join(
            f"{median(one.each(name) for one in some):.1f}"
            for name in ("gateways", "PostgreSQL", "systems")
        )
        share = median(one.in_database for one in some)
        print(f"| {crowd} | {rate:.1f} | {_cuts(whole)} | {_cuts(place)} | {cpu} | {share:.0%} |")
    print()


KINDS = ("Create", "Hold", "Place")


def _cuts(seconds: list[float]) -> str:
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49] * 1_000:,.0f} ms | {cuts[98] * 1_000:,.0f} ms"


def _seconds(pid: int) -> float:
    """CPU of a process and of those of its children that have ended."""
    return _spent(_fields(Path(f"/proc/{pid}/stat")))


def _of_children(parent: int) -> float:
    """The same of its children; of one that ends meanwhile the parent tells."""
    seconds = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = _fields(stat)
            seconds += _spent(fields) if int(fields[1]) == parent else 0
    return seconds


def _fields(stat: Path) -> list[str]:
    return stat.read_text().rsplit(")", 1)[1].split()


def _spent(fields: list[str]) -> float:
    return sum(int(one) for one in fields[11:15]) / TICK


def _postmaster(port: int) -> int:
    """The process of the cluster at a port."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/postgres") and str(port).encode() in words:
            return int(line.parent.name)
    raise LookupError(f"no PostgreSQL listens on {port}")
