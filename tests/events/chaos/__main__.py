"""Follow orders while connections are cut, gateways killed and Redis emptied; is anything missed?

`python -m tests.events.chaos`: 100 clients over sockets and server-sent events, for a minute, on
SQLite with one process, then on PostgreSQL and Redis with two.
"""

import argparse
import asyncio
import sys
import tempfile
from time import monotonic

from tests.events.chaos.run import Outcome, Plan, chaos
from tests.postgres import running_postgres
from tests.redis import running_redis


def main() -> int:
    """Run what is asked for; 1 when something was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.events.chaos")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--kill-every", type=float, default=5)
    parser.add_argument("--restless", type=int, default=400, help="messages until it leaves")
    parser.add_argument("--gently", action="store_true", help="ask gateways to end")
    parser.add_argument("--store", choices=("postgresql", "sqlite", "both"), default="both")
    asked = vars(parser.parse_args())
    store, wrong = asked.pop("store"), 0
    if store != "postgresql":
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            plan = Plan(**asked, servers=1)
            wrong += _run("SQLite, 1 process", f"sqlite:///{folder}/store.db", plan)
    if store != "sqlite":
        with running_postgres() as cluster, running_redis() as redis:
            plan = Plan(**asked, servers=2, redis=redis)
            wrong += _run("PostgreSQL and Redis, 2 processes", cluster.database(), plan)
    return 1 if wrong else 0


def _run(name: str, url: str, plan: Plan) -> int:
    began = monotonic()
    outcome = asyncio.run(chaos(url, plan))
    print(f"{name}: {_told(outcome, plan)}; {monotonic() - began:.0f} s", flush=True)
    if outcome.unknown:
        print(f"  the database did not answer the writer in time: {outcome.unknown} acts")
    print(f"  connections ended: {dict(outcome.ends.most_common())}")
    for one in outcome.wrong[:20]:
        print(f"  {one}")
    harm = outcome.gaps + outcome.duplicates + outcome.reorders + len(outcome.wrong)
    return harm + plan.clients - outcome.mirrors


def _told(outcome: Outcome, plan: Plan) -> str:
    return (
        f"{plan.clients} clients, {outcome.events} events, {outcome.kills} kills, "
        f"{outcome.redis} times harm to Redis, {outcome.connections} connections, "
        f"{outcome.told} events told: gaps {outcome.gaps}, duplicates {outcome.duplicates}, "
        f"reorders {outcome.reorders}; {outcome.mirrors} of {plan.clients} mirrors equal the "
        f"database {outcome.settled:.0f} s after the last event"
    )


if __name__ == "__main__":
    sys.exit(main())
