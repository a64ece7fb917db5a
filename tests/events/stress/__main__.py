"""What of clients that do not read, and of gateways that end? Printed, with how long it took.

`python -m tests.events.stress`: a client that stops reading beside 50 others; SIGTERM to a gateway
that has such a client; two gateways restarted one after another, under 200 clients. All of it on
PostgreSQL, where nothing else is said.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from tests.events.chaos.run import Plan as Rolling
from tests.events.chaos.run import chaos
from tests.events.stress.stuck import Plan, leaving, slow
from tests.postgres import running_postgres


def main() -> int:
    """Run all of them; 1 when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.events.stress")
    parser.add_argument("--clients", type=int, default=50, help="beside the one that is stuck")
    parser.add_argument("--rolling", type=int, default=200, help="clients of gateways that roll")
    parser.add_argument("--store", choices=("postgresql", "sqlite"), default="postgresql")
    asked = parser.parse_args()
    plan, wrong = Plan(clients=asked.clients), 0
    with database(asked.store) as url:
        wrong += asyncio.run(_slow(url, plan))
    with database(asked.store) as url:
        wrong += asyncio.run(_leaving(url, plan))
    with database(asked.store) as url:
        wrong += asyncio.run(_rolling(url, asked.rolling, asked.store))
    return 1 if wrong else 0


@contextmanager
def database(store: str) -> Iterator[str]:
    """The address of an empty one."""
    if store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="stress-") as folder:
            yield f"sqlite:///{folder}/store.db"
    else:
        with running_postgres() as cluster:
            yield cluster.database()


async def _slow(url: str, plan: Plan) -> int:
    outcome = await slow(url, plan)
    before, meanwhile, after = outcome.p99
    print(
        f"a client that does not read, and {plan.clients} others, {plan.rate} events a second:\n"
        f"  closed with {outcome.code}, {outcome.reason!r}\n"
        f"  the gateway had grown by {outcome.waited / 1e6:.1f} MB; connection cut"
        f" {outcome.cut_after:.1f} s after\n"
        f"  others, commit to client p99: {before:.0f} ms before, {meanwhile:.0f} ms meanwhile,"
        f" {after:.0f} ms after"
    )
    return _told(outcome.wrong)


async def _leaving(url: str, plan: Plan) -> int:
    outcome = await leaving(url, plan)
    print(
        f"SIGTERM with a client that does not read: ended after {outcome.ended_after:.1f} s;"
        f" {outcome.let_go} of {plan.clients} others let go, {outcome.told_place} sockets told"
        " their cursor, all went on elsewhere"
    )
    return _told(outcome.wrong)


async def _rolling(url: str, clients: int, store: str) -> int:
    servers = 1 if store == "sqlite" else 2
    plan = Rolling(
        clients=clients,
        seconds=40,
        events=800,
        kill_every=2,
        restless=100_000,
        servers=servers,
        gently=True,
    )
    outcome = await chaos(url, plan)
    print(
        f"{outcome.kills} restarts of {servers} gateways, {clients} clients, {outcome.events}"
        f" events: gaps {outcome.gaps}, duplicates {outcome.duplicates}, reorders"
        f" {outcome.reorders}; let go {len(outcome.let_go)} times, at most {outcome.crowd} within"
        f" any 100 ms; {outcome.mirrors} of {clients} mirrors equal the database"
    )
    harm = outcome.gaps + outcome.duplicates + outcome.reorders + clients - outcome.mirrors
    return harm + _told(outcome.wrong)


def _told(wrong: list[str]) -> int:
    for one in wrong[:20]:
        print(f"  {one}")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
