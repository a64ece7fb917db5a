"""The desk says what it knows, and that it does not know; its process ends with ours."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import pytest

from app.errors import UpstreamUnauthorized, UpstreamUnavailable
from app.ports import OrderKey, Wiring
from app.upstream.client import ClientPolicy, open_client
from app.values import LocationCode, Sku
from connectors.filedrop import embedded
from connectors.filedrop.connection import FiledropConnection
from connectors.filedrop.desk import Desk, app, drop_of
from connectors.filedrop.drop import DropError, Seen, ShutOutError, SilentError
from connectors.filedrop.folder import Folder
from connectors.filedrop.sftp import Server
from connectors.filedrop.specimen import an_order
from connectors.kit.serve import serve
from tests.connectors.filedrop.files import ANSWERS, NOON, STOCK, Partner, line, settings, table
from tests.connectors.filedrop.sftp_server import sftp_server

ROOT = Path(__file__).resolve().parents[3]
PLACE = [LocationCode("P1")]
PATIENCE = 20  # seconds; the machine may be busy
PATIENT = ClientPolicy(timeout=timedelta(seconds=PATIENCE))
PAUSE = 0.02  # seconds between two looks at another process


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[FiledropConnection]:
    async with (
        serve(app({"/desk": desk})) as url,
        open_client("weaver", f"{url}/desk", policy=PATIENT) as http,
    ):
        yield FiledropConnection(desk._settings, Wiring(name="weaver", http=http, now=lambda: NOON))


async def test_before_the_first_list_nothing_is_known_and_nothing_is_zero(tmp_path: Path) -> None:
    async with connected(Partner(tmp_path).desk) as weaver:
        with pytest.raises(UpstreamUnavailable):
            await weaver.stock_levels([Sku("A")], PLACE)


async def test_who_asks_at_once_before_the_first_look_has_it_looked_once(tmp_path: Path) -> None:
    class Counting(Folder):
        looks = 0

        async def files(self, folder: str) -> list[Seen]:
            self.looks += folder == "in"
            return await super().files(folder)

    drop = Counting(str(tmp_path))
    partner = Partner(tmp_path, drop)
    partner.send("full-1", table(line("A", 4)))

    async with connected(partner.desk) as weaver:
        asked = [weaver.stock_levels([Sku("A")], PLACE) for _ in range(5)]
        found = await asyncio.gather(*asked)

    assert [one.rows[0].on_hand for one in found] == [4] * 5
    assert drop.looks == 1


async def test_bad_lines_and_refused_files_are_told_beside_the_levels(tmp_path: Path) -> None:
    partner = Partner(tmp_path, stock={**STOCK, "bad_lines": "skip"})
    partner.send("full-1", table(line("A", 4), line("B", "x"), "C"))
    await partner.desk.collector.look()
    partner.send("delta-2", b"")
    await partner.desk.collector.look()

    async with connected(partner.desk) as weaver:
        found = await weaver.stock_levels([Sku("A"), Sku("B")], PLACE)

    assert [(one.sku, one.on_hand) for one in found.rows] == [("A", 4)]
    assert [(one.reference, one.reason) for one in found.rejected] == [
        ("B", "line 3, column 3: on_hand is not a whole number"),
        ("line 4", "line 4, column 1: 1 cells, the header has 4"),
        ("delta-2", "line 1, column 1: the file is empty"),
    ]


class Failing(Folder):
    error: DropError | None = None

    async def files(self, folder: str) -> list[Seen]:
        if self.error is not None:
            raise self.error
        return await super().files(folder)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(SilentError("silent"), UpstreamUnavailable), (ShutOutError("no"), UpstreamUnauthorized)],
)
async def test_what_was_known_is_not_told_while_nobody_can_look(
    tmp_path: Path, error: DropError, kind: type[Exception]
) -> None:
    drop = Failing(str(tmp_path))
    partner = Partner(tmp_path, drop, orders=ANSWERS)
    partner.send("full-1", table(line("A", 4)))

    async with connected(partner.desk) as weaver:
        before = await weaver.stock_levels([Sku("A")], PLACE)
        drop.error = error
        with pytest.raises(type(error)):
            await partner.desk.collector.look()
        for asked in (weaver.stock_levels([Sku("A")], PLACE), weaver.placed([OrderKey("T-1")])):
            with pytest.raises(kind):
                await asked
        drop.error = None
        await partner.desk.collector.look()
        after = await weaver.stock_levels([Sku("A")], PLACE)

    assert after == before


async def test_an_order_without_an_answer_is_not_known(tmp_path: Path) -> None:
    partner = Partner(tmp_path, orders=ANSWERS)

    async with connected(partner.desk) as weaver:
        with pytest.raises(UpstreamUnavailable, match="the partner has not answered yet"):
            await weaver.hand_over(an_order())
        found = await weaver.placed([an_order().key])

    assert found.rows == ()
    assert partner.there("out") == ["order-T-0.csv"]


def test_a_connection_has_what_is_set_up(tmp_path: Path) -> None:
    wiring = Wiring(name="weaver", http=cast("Any", None), now=lambda: NOON)
    stock_alone = FiledropConnection(settings(tmp_path), wiring)
    orders_alone = FiledropConnection(settings(tmp_path, stock=None, orders=ANSWERS), wiring)

    assert hasattr(stock_alone, "stock_levels")
    assert not hasattr(stock_alone, "hand_over")
    assert not hasattr(orders_alone, "stock_levels")
    assert hasattr(orders_alone, "hand_over")


async def test_the_drop_is_where_the_settings_say(tmp_path: Path) -> None:
    async with sftp_server(tmp_path) as away:
        assert isinstance(drop_of(away.settings()), Server)
    assert isinstance(drop_of(settings(tmp_path)), Folder)


async def test_desks_of_several_partners_run_in_one_process_under_words_nobody_guesses(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "full-1").write_text(table(line(name, 4)))
    told = {name: settings(tmp_path / name, every="PT0.1S") for name in ("one", "two")}

    async with embedded(told) as urls, httpx.AsyncClient(timeout=PATIENCE) as http:
        found = {}
        for name, url in urls.items():
            asked = {"skus": ["one", "two"], "places": ["P1"]}
            answer = await http.post(f"{url}/stock", json=asked)
            found[name] = [level["sku"] for level in answer.json()["levels"]]
        base = urlsplit(urls["one"])
        strangers = await http.post(f"{base.scheme}://{base.netloc}/stock", json={})

    assert found == {"one": ["one"], "two": ["two"]}
    assert {len(urlsplit(url).path) for url in urls.values()} == {33}
    assert len({urlsplit(url).netloc for url in urls.values()}) == 1
    assert strangers.status_code == 404


HOST = """
import asyncio, sys
from connectors.filedrop import Settings, embedded
async def main():
    told = Settings.model_validate({"folder": sys.argv[1], "orders": {"accepted_by": "delivery"}})
    async with embedded({"weaver": told}) as urls:
        print(urls["weaver"], flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_the_process_ends_when_ours_is_killed(tmp_path: Path) -> None:
    host = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOST, str(tmp_path)),
        stdout=PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert host.stdout is not None
    url = urlsplit((await asyncio.wait_for(host.stdout.readline(), PATIENCE)).decode().strip())
    host.send_signal(signal.SIGKILL)
    await host.wait()

    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(url.hostname, url.port)
            except OSError:
                break
            writer.close()
            await asyncio.sleep(PAUSE)
