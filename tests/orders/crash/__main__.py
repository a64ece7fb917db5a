"""Kill the gateways that place orders, and see whether everything adds up.

`python -m tests.orders.crash --kills 100 --keys 1000`, on PostgreSQL and on SQLite; with `--flash`
nobody is killed, and a dozen buyers want each of so many things, of which there are two.
"""

import argparse
import asyncio
import sys
import tempfile
from time import monotonic

from tests.orders.crash.flash import Sale, flash_sale
from tests.orders.crash.run import Outcome, crash
from tests.postgres import running_postgres


def main() -> int:
    """Run on each database that is asked for; 1 when something does not add up."""
    parser = argparse.ArgumentParser(prog="python -m tests.orders.crash")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--flash", type=int, metavar="THINGS")
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
    began = monotonic()
    if asked.flash is None:
        outcome = asyncio.run(crash(url, kills=asked.kills, keys=asked.keys, seed=asked.seed))
        words, violations = _told(outcome), outcome.violations
    else:
        sale = asyncio.run(flash_sale(url, things=asked.flash, seed=asked.seed))
        words, violations = _sold(sale), sale.violations
    print(f"{name}: {words}; {len(violations)} violations; {monotonic() - began:.0f} s", flush=True)
    for violation in violations[:20]:
        print(f"  {violation}")
    return violations


def _sold(sale: Sale) -> str:
    answers = ", ".join(f"{count} {state}" for state, count in sorted(sale.answers.items()))
    return (
        f"{sale.things} things, {len(sale.buyers.told)} buyers: {answers}; "
        f"slowest answer {sale.buyers.slowest:.1f} s"
    )


def _told(outcome: Outcome) -> str:
    states = ", ".join(f"{count} {state}" for state, count in sorted(outcome.sums.states.items()))
    sold_out = outcome.answers["SOLD_OUT"]
    again = ", ".join(f"{count} {why}" for why, count in outcome.buyers.refused.most_common(6))
    return (
        f"{outcome.kills} kills, {outcome.keys} keys, orders: {states}; sold out: {sold_out}; "
        f"slowest answer {outcome.buyers.slowest:.1f} s, all settled {outcome.settled_after:.1f} s "
        f"after the last kill; asked again for {again}"
    )


if __name__ == "__main__":
    sys.exit(main())
