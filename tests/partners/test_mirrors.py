"""Mirrors of an assortment are right after everything: each example against gateways that die."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import orjson
import pytest

from app.events.retention import sweep
from app.main import utc_now
from app.partners import repository
from app.partners.model import Stock
from app.partners.watching import over, told
from app.principals.keys import ApiKeys
from app.store import Store, Work, log, open_store
from app.store.opening import upgrade
from app.values import PrincipalKind, Sku
from tests.events.chaos.run import NOWHERE, SYSTEMS, answering
from tests.node import NoNodeError, absent, built, find_engine
from tests.orders.crash.servers import Servers, document, serving

EXAMPLES = Path(__file__).parents[2] / "examples"
WITHIN = 60.0  # seconds
Items = list[tuple[str, str, int | None]]


def in_python() -> list[str]:
    return [sys.executable, str(EXAMPLES / "partner_mirror.py")]


def in_typescript() -> list[str]:
    try:
        engine = find_engine()
        return [*engine.node, str(built(EXAMPLES / "partner_mirror_ts", engine) / "dist/main.js")]
    except NoNodeError as error:
        absent("the example in TypeScript", error)


def of_python(copy: Path) -> Items:
    with closing(sqlite3.connect(copy)) as kept:
        try:
            found = kept.execute("select sku, status, available from items order by sku")
            return [tuple(row) for row in found]
        except sqlite3.OperationalError:  # it has just begun
            return []


def of_typescript(copy: Path) -> Items:
    items = orjson.loads(copy.read_bytes())["items"].values() if copy.exists() else ()
    return sorted((one["sku"], one["status"], one["availableToSell"]) for one in items)


@dataclass
class Example:
    """A client that keeps a copy in a file, and goes on from there when it is started again."""

    program: Sequence[str]
    over: Sequence[str]
    copied: Callable[[Path], Items]
    copy: Path
    url: str
    key: str

    @contextmanager
    def running(self) -> Iterator["Popen[bytes]"]:
        command = [*self.program, self.url, str(self.copy), *self.over]
        environ = {**os.environ, "TESSERA_KEY": self.key}
        with Popen(command, env=environ, stdout=PIPE, stderr=DEVNULL) as process:  # noqa: S603  our own
            try:
                yield process
            finally:
                process.kill()

    async def equals(self, house: "House") -> None:
        there = await house.truth()
        async with asyncio.timeout(WITHIN):
            while self.copied(self.copy) != there:  # noqa: ASYNC110  a file tells nobody
                await asyncio.sleep(0.05)

    async def proves(self, process: "Popen[bytes]") -> dict[str, Any]:
        """What it says when it is asked to end."""
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WITHIN):
            assert process.stdout is not None
            said = await asyncio.to_thread(process.stdout.read)
            await asyncio.to_thread(process.wait)
        result: dict[str, Any] = orjson.loads(said)
        return {**result, "status": process.returncode}


@dataclass
class House:
    """A gateway process that is killed, and the assortment of a partner."""

    store: Store
    servers: Servers
    key: str

    async def sells(self, **units: int) -> None:
        """From now on this and nothing else is sold."""
        stock = {Sku(sku): Stock("IN_STOCK", number) for sku, number in units.items()}

        def change(work: Work) -> None:
            told(work, "acme", stock)
            over(work, "acme", set(stock))

        await self.store.act(change, now=utc_now())

    async def truth(self) -> Items:
        found = await self.store.read(partial(repository.items, partner="acme"))
        return sorted((str(sku), it.stock.status, it.stock.available) for sku, it in found.items())

    async def back(self, port: int) -> None:
        self.servers.start(port)
        await answering(f"http://127.0.0.1:{port}/livez")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    url = f"sqlite:///{tmp_path}/store.db"
    await upgrade(url)
    settings = document(url, dict.fromkeys(SYSTEMS, NOWHERE))
    settings["partners"] = {"acme": {"look_every": "PT1H"}}
    settings["events"] = {"poll_every": "PT0.05S"}
    async with open_store(url) as store:
        keys = ApiKeys(store, utc_now)
        key = await keys.create(PrincipalKind.PARTNER, "acme", lasts=timedelta(days=1))
        with serving(settings, count=1) as servers:
            yield House(store, servers, key.text)


@pytest.mark.xdist_group("crash")
@pytest.mark.parametrize(
    ("program", "over", "copied"),
    [
        (in_python, (), of_python),
        (in_typescript, ("sockets",), of_typescript),
        (in_typescript, ("events",), of_typescript),
    ],
    ids=["python", "typescript-sockets", "typescript-events"],
)
async def test_the_copy_is_right_whoever_is_killed(
    house: House,
    tmp_path: Path,
    program: Callable[[], list[str]],
    over: tuple[str, ...],
    copied: Callable[[Path], Items],
) -> None:
    [address], [port] = house.servers.addresses, house.servers.ports
    example = Example(program(), over, copied, tmp_path / "mirror", address, house.key)
    await answering(address.replace("graphql", "livez"))
    await house.sells(A=1, B=2, C=3)
    with example.running():
        await example.equals(house)
        await house.sells(A=1, B=5)
        await example.equals(house)
    await house.sells(A=1, D=4)  # nobody is told: it was killed
    with example.running() as process:
        await example.equals(house)
        house.servers.kill(port)
        await house.sells(A=9, D=4, E=5)
        await house.back(port)
        await example.equals(house)
        house.servers.kill(port)
        await house.sells(E=5)
        await house.store.act(partial(sweep, keep_for=timedelta(), keep_at_most=0), now=utc_now())
        await house.back(port)
        await example.equals(house)
        await house.store.act(log.begin_epoch, now=utc_now())
        await house.sells(E=6, F=7)
        await example.equals(house)
        said = await example.proves(process)

    assert said.pop("connections") >= 4
    assert said == {
        "equal": True,
        "items": [["E", "IN_STOCK", 6], ["F", "IN_STOCK", 7]],
        "gaps": ["CURSOR_EXPIRED", "EPOCH_CHANGED"],
        "status": 0,
    }
