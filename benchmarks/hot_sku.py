"""What is gained when holds of one hot SKU share a transaction?

64 shoppers of one process want a unit each of the same SKU at the same place, and one shopper after
another wants something else. Each round does it both ways, in turn, with fresh SKUs: alone (every
hold a transaction of its own, ten connections) and together (those that wait share one). Figures
are medians over rounds, by the clock unless they say CPU; gateway and server share the machine, and
fsync is off. No way sells more than there is.
"""

import asyncio
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

import sqlalchemy

from app.availability import ledger
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.ports import StockLevel
from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import LocationCode, Sku
from tests.postgres import running_postgres

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROUNDS, SHOPPERS, UNITS, ATTEMPTS = 5, 64, 300, 400


async def main() -> None:
    """Measure and print."""
    with running_postgres() as cluster:
        url = cluster.database()
        await upgrade(url)
        version = cluster.sql("show server_version").split()[0]
        print(f"Hot SKU: PostgreSQL {version}, SQLAlchemy {sqlalchemy.__version__}")
        print(f"  {SHOPPERS} shoppers, {UNITS} units, {ATTEMPTS} attempts, {ROUNDS} rounds")
        async with open_store(url, patience=timedelta(seconds=60)) as store:
            await _measure(store)


class Figures(NamedTuple):
    """Of one round: holds a second, milliseconds of CPU each, and of waiting."""

    rate: float
    cpu: float
    late: float
    beside: float
    beside_late: float


async def _measure(store: Store) -> None:
    found: dict[bool, list[Figures]] = {False: [], True: []}
    for number in range(ROUNDS):
        for together in (False, True) if number % 2 else (True, False):
            found[together].append(await _round(store, f"{number}-{together}", together))
    names = ("holds/s", "ms CPU a hold", "ms p99", "ms p50 of others", "ms p99 of others")
    print(f"  {'':<18}{'alone':>10}{'together':>10}{'ratio':>8}")
    for column, name in enumerate(names):
        alone, both = ([one[column] for one in found[way]] for way in (False, True))
        ratio = median(b / a for a, b in zip(alone, both, strict=True))
        print(f"  {name:<18}{median(alone):>10,.1f}{median(both):>10,.1f}{ratio:>8,.2f}")


async def _round(store: Store, name: str, together: bool) -> Figures:  # noqa: FBT001
    hot, other = (Spot(Sku(f"{kind}-{name}"), LocationCode("ST-1")) for kind in ("HOT", "OTHER"))
    levels = [
        StockLevel(sku=spot.sku, location=spot.location, on_hand=there, as_of=NOON)
        for spot, there in ((hot, UNITS), (other, 1_000_000))
    ]
    await store.act(partial(ledger.record, source="tills", levels=levels), now=NOON)
    left, times, beside, held = iter(range(ATTEMPTS)), [], [], []

    async def shopper() -> None:
        for number in left:
            began = perf_counter()
            held.append(await _hold(store, f"cart:{name}:{number}", hot, together))
            times.append(perf_counter() - began)

    async def others() -> None:
        for number in count():
            began = perf_counter()
            await _hold(store, f"cart:{name}:other:{number}", other, together)
            beside.append(perf_counter() - began)

    began, cpu = perf_counter(), process_time()
    waiting = asyncio.create_task(others())
    await asyncio.gather(*(shopper() for _ in range(SHOPPERS)))
    took, spent = perf_counter() - began, process_time() - cpu
    waiting.cancel()
    assert sum(held) == UNITS
    per_hold = 1e3 * spent / (ATTEMPTS + len(beside))
    return Figures(ATTEMPTS / took, per_hold, _ms(times, 99), _ms(beside, 50), _ms(beside, 99))


def _ms(times: list[float], percentile: int) -> float:
    return 1e3 * sorted(times)[percentile * len(times) // 100]


async def _hold(store: Store, holder: str, spot: Spot, together: bool) -> bool:  # noqa: FBT001
    until = NOON + timedelta(minutes=5)
    change = partial(ledger.place, holder=holder, demand={spot: 1}, until=until)
    queue: Hashable | None = spot if together else None
    try:
        await store.act(change, now=NOON, queue=queue)
    except InsufficientStock:
        return False
    return True
