"""Kill the processes that place orders, and see whether everything adds up.

`python -m tests.orders.crash --kills 100 --keys 1000`, on PostgreSQL and on SQLite.
"""

import argparse
import asyncio
import sys
import tempfile

from tests.orders.crash.run import Outcome, crash
from tests.postgres import running_postgres


def main() -> int:
    """Run on each database that is asked for; 1 when something does not add up."""
    parser = argparse.ArgumentParser(prog="python -m tests.orders.crash")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--store", choices=("postgresql", "sqlite", "both"), default="both")
    asked = parser.parse_args()
    wrong = []
    if asked.store != "sqlite":
        with running_postgres() as cluster:
            wrong += _run("postgresql", cluster.database(), asked)
    if asked.store != "postgresql":
        with tempfile.TemporaryDirectory(prefix="crash-") as folder:
            wrong += _run("sqlite", f"sqlite:///{folder}/store.db", asked)
    return 1 if wrong else 0


def _run(name: str, url: str, asked: argparse.Namespace) -> list[str]:
    outcome = asyncio.run(crash(url, kills=asked.kills, keys=asked.keys, seed=asked.seed))
    print(f"{name}: {_told(outcome)}", flush=True)
    for violation in outcome.violations[:20]:
        print(f"  {violation}")
    return outcome.violations


def _told(outcome: Outcome) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(outcome.sums.states.items()))
    sold_out = outcome.answers["SOLD_OUT"]
    return (
        f"{outcome.kills} kills, {outcome.keys} keys, orders: {states}; sold out: {sold_out}; "
        f"slowest answer {outcome.slowest:.1f} s, all settled {outcome.settled_after:.1f} s "
        f"after the last kill; {len(outcome.violations)} violations"
    )


if __name__ == "__main__":
    sys.exit(main())
