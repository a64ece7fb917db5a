"""The example of a partner keeps its copy right through cuts and kills."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

from app.partners import repository
from app.store import Store
from app.values import Sku
from tests.carts.shopping import COAT, SHIRT, SOCKS
from tests.partners.test_assortments import ACME, House, house

EXAMPLE = Path(__file__).parents[2] / "examples" / "partner_mirror.py"
WITHIN = 60.0  # seconds
Items = dict[str, tuple[str, int | None]]


@contextmanager
def partner(there: House, copy: Path) -> Iterator[None]:
    """The example as a process, killed at the end."""
    token = ACME["authorization"].removeprefix("Bearer ")
    process = Popen(  # noqa: S603  our own command
        [sys.executable, str(EXAMPLE), there.gateway.url, str(copy)],
        env={**os.environ, "TESSERA_KEY": token},
        stdout=DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def copied(copy: Path) -> Items:
    if not copy.exists():
        return {}
    with closing(sqlite3.connect(copy)) as kept:
        try:
            found = kept.execute("select sku, status, available from items").fetchall()
        except sqlite3.OperationalError:  # it has just begun
            return {}
    return {sku: (status, available) for sku, status, available in found}


async def truth(store: Store) -> Items:
    found = await store.read(lambda db: repository.items(db, "acme"))
    return {str(sku): (item.stock.status, item.stock.available) for sku, item in found.items()}


async def equal(store: Store, copy: Path) -> Items:
    there = await truth(store)
    async with asyncio.timeout(WITHIN):
        while copied(copy) != there:  # noqa: ASYNC110  a file tells nobody
            await asyncio.sleep(0.05)
    return there


async def test_the_copy_is_right_however_it_is_cut_off(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "mirror.db"
    async with house(store) as there:
        await there.watching.once("acme")
        with partner(there, copy):
            assert len(await equal(store, copy)) == 2
            there.has(COAT, 9)
            await there.watching.once("acme")
            await equal(store, copy)
            lasting = there.gateway.gateway.lasting
            await lasting.leave(10)  # all streams are cut
            there.has(SHIRT, 30)
            await there.watching.once("acme")
            lasting.leaving.clear()
            await equal(store, copy)
        there.sells(SHIRT, SOCKS, Sku("SHIRT-L"))
        there.has(Sku("SHIRT-L"), 4)
        await there.watching.once("acme")
        assert copied(copy) != await truth(store)
        with partner(there, copy):
            last = await equal(store, copy)

    assert last == {"SHIRT-L": ("IN_STOCK", 2), "SHIRT-M": ("IN_STOCK", 28)}
