import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from app.errors import MisconfiguredError
from connectors.kit.beside import ENDS_WITHIN
from connectors.sandbox import Settings, embedded, state
from connectors.sandbox.faults import CONTROL

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds; the machine may be busy
HOST = """
import asyncio, sys
from connectors.sandbox import Settings, embedded
async def main():
    async with embedded({"tills": Settings(url="embedded", system="tills")}) as urls:
        print(urls["tills"], flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state.json"
    monkeypatch.setenv(state.VARIABLE, str(path))
    return path


def of(system: Any, seed: int = 7) -> Settings:
    return Settings(url="embedded", system=system, seed=seed)


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Process]:
    """A process of our own, killed at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command), stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def first_line(process: Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), PATIENCE)


async def is_refused(url: str) -> bool:
    host = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(host.hostname, host.port)
    except OSError:
        return True
    writer.close()
    return False


async def until_refused(url: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await is_refused(url):  # noqa: ASYNC110  another process: nothing to await
            await asyncio.sleep(0.02)


async def requests_of(http: httpx.AsyncClient, url: str) -> Any:
    return (await http.get(url + CONTROL)).json()["requests"]


def content(path: Path) -> Any:
    return orjson.loads(path.read_bytes())


def overwrite(path: Path, document: Any) -> None:
    path.write_bytes(orjson.dumps(document))


async def test_every_connection_gets_a_system_of_its_own_while_the_block_runs() -> None:
    wanted = {"web": of("shop"), "stores": of("tills"), "outlet": of("tills", seed=8)}
    async with embedded(wanted) as urls, httpx.AsyncClient(timeout=PATIENCE) as http:
        assert set(urls) == {"web", "stores", "outlet"}
        assert len(set(urls.values())) == 3
        assert {urlsplit(url).hostname for url in urls.values()} == {"127.0.0.1"}
        depots = await http.get(f"{urls['web']}/v1/depots")
        branches = await http.post(f"{urls['outlet']}/rpc/branches.list", json={})
        assert depots.json()["items"][0]["code"] == "ECOM-1"
        assert len(branches.json()["rows"]) == 12
        assert depots.headers.get_list("date") != []

    for url in urls.values():
        assert await is_refused(url)


async def test_the_state_file_is_there_while_the_block_runs(state_file: Path) -> None:
    async with embedded({"web": of("shop")}) as urls:
        assert content(state_file) == {
            "pid": os.getpid(),
            "running": {"web": {"system": "shop", "url": urls["web"]}},
        }

    assert list(state_file.parent.iterdir()) == []


async def test_the_state_of_a_later_gateway_is_left_alone(state_file: Path) -> None:
    async with embedded({"web": of("shop")}):
        overwrite(state_file, {"pid": 1, "running": {}})

    assert content(state_file) == {"pid": 1, "running": {}}


async def test_a_place_that_cannot_be_written_to_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(state.VARIABLE, str(tmp_path / "no such folder" / "state.json"))

    async with embedded({"web": of("shop")}) as urls, httpx.AsyncClient(timeout=PATIENCE) as http:
        assert (await http.get(f"{urls['web']}/v1/depots")).status_code == 200


async def test_a_request_left_hanging_does_not_hold_up_the_end() -> None:
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        async with embedded({"web": of("shop")}) as urls:
            await http.put(urls["web"] + CONTROL, json={"kind": "silent"})
            hanging = asyncio.ensure_future(http.get(f"{urls['web']}/v1/depots"))
            async with asyncio.timeout(PATIENCE):
                while not await requests_of(http, urls["web"]):  # noqa: ASYNC110  as above
                    await asyncio.sleep(0.01)
            begun = asyncio.get_running_loop().time()
        took = asyncio.get_running_loop().time() - begun
        await asyncio.wait({hanging}, timeout=PATIENCE)

    assert hanging.done()
    hanging.exception()
    assert took < ENDS_WITHIN


async def test_a_system_nobody_has_stops_the_start(capfd: pytest.CaptureFixture[str]) -> None:
    unknown = Settings.model_construct(url="embedded", system="loyalty", seed=7)

    with pytest.raises(MisconfiguredError, match="ended while starting"):
        async with embedded({"points": unknown}):
            pass

    assert "KeyError: 'loyalty'" in capfd.readouterr().err


async def test_the_process_ends_when_its_standard_input_closes() -> None:
    asked = orjson.dumps({"web": {"system": "shop", "seed": 7}}).decode()
    async with running("-m", "connectors.sandbox", asked) as process:
        url = orjson.loads(await first_line(process))["web"]
        assert not await is_refused(url)

        assert process.stdin is not None
        process.stdin.close()

        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        assert await is_refused(url)


async def test_the_process_ends_when_its_gateway_is_killed() -> None:
    async with running("-c", HOST) as host:
        url = (await first_line(host)).decode().strip()
        assert not await is_refused(url)

        host.kill()

        await until_refused(url)
