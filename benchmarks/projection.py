"""What does it cost to keep all stock of a retailer in PostgreSQL, and to read some of it?

Ten locations a SKU. `filling` is news of levels that nobody had told of, `again` newer news of the
same, as a projection writes them: batches of 10,000 in one transaction each. Reading asks for 72
SKUs at 10 locations, as a listing does. Rates are by the clock and include both processes; the size
is that of the table with its index. Fsync is off in this cluster: a disk makes filling slower.
"""

import argparse
import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import quantiles
from time import perf_counter

from app.availability import ledger
from app.availability.model import Spot
from app.ports import StockLevel
from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import LocationCode, Sku
from tests.postgres import Postgres, running_postgres

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROWS = 100_000
PLACES = [LocationCode(f"ST-{n:03}") for n in range(10)]
BATCH = 10_000
READS, SKUS_READ = 200, 72


async def main(rows: int = ROWS) -> None:
    """Measure and print."""
    with running_postgres() as cluster:
        url = cluster.database()
        await upgrade(url)
        async with open_store(url) as store:
            await _measure(cluster, url.rsplit("/", 1)[-1], store, rows)


async def _measure(cluster: Postgres, database: str, store: Store, rows: int) -> None:
    version = cluster.sql("show server_version", database=database)
    print(f"Projection: PostgreSQL {version.split()[0]}, {rows:,} levels")
    for name, as_of in (("filling", NOON), ("again", NOON + timedelta(minutes=1))):
        took = await _written(store, rows, as_of)
        print(f"  {name:<10} {rows / took:>10,.0f} levels/s")
    size = int(cluster.sql("select pg_total_relation_size('stock_levels')", database=database))
    print(f"  {'size':<10} {size / rows:>10,.0f} bytes a level, {size / 2**20:,.0f} MiB")
    times = await _read(store, rows)
    cuts = quantiles(times, n=100)
    print(f"  {'reading':<10} {cuts[49]:>10,.2f} ms p50, {cuts[98]:,.2f} ms p99")


async def _written(store: Store, rows: int, as_of: datetime) -> float:
    began = perf_counter()
    for start in range(0, rows, BATCH):
        levels = _levels(start, min(start + BATCH, rows), as_of)
        await store.act(partial(ledger.record, source="tills", levels=levels), now=as_of)
    return perf_counter() - began


def _levels(start: int, end: int, as_of: datetime) -> Sequence[StockLevel]:
    return [
        StockLevel(
            sku=Sku(f"SKU-{n // len(PLACES):08}"),
            location=PLACES[n % len(PLACES)],
            on_hand=n % 7,
            as_of=as_of,
        )
        for n in range(start, end)
    ]


async def _read(store: Store, rows: int) -> list[float]:
    chance, times = random.Random(7), []
    for _ in range(READS):
        skus = [Sku(f"SKU-{chance.randrange(rows // len(PLACES)):08}") for _ in range(SKUS_READ)]
        spots = [Spot(sku, place) for sku in skus for place in PLACES]
        began = perf_counter()
        await store.read(partial(ledger.sellable, spots=spots, now=NOON))
        times.append((perf_counter() - began) * 1_000)
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.projection", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    asyncio.run(main(parser.parse_args().rows))
