"""The reference clients follow an order through cuts, and miss nothing."""

import asyncio
import os
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
import pytest

from app.store import Store
from tests.clients.test_stream_clients import packages
from tests.databases import address, empty, migrated_postgres, postgres, store
from tests.events.orders import Desk, token_of
from tests.events.test_streams import house
from tests.node import Engine, run

__all__ = ["address", "empty", "migrated_postgres", "packages", "postgres", "store"]
WITHIN = 60.0  # seconds


@pytest.mark.parametrize("script", ["resume_sockets.mjs", "resume_events.mjs"])
async def test_they_go_on_where_they_were_cut_off(
    store: Store, packages: tuple[Engine, Path], script: str
) -> None:
    (engine, home), desk = packages, Desk(store)
    await desk.place("AAAA")
    async with house(store) as gateway:
        url = gateway.url.replace("http", "ws", 1) if "sockets" in script else gateway.url
        command = [*engine.node, script, url, "AAAA", token_of("AAAA"), "COMPLETED"]
        running = asyncio.ensure_future(
            anyio.to_thread.run_sync(run, command, home, os.environ, WITHIN)
        )
        lasting = gateway.gateway.lasting
        for number in range(4):
            async with asyncio.timeout(WITHIN):
                # It was told what there is; and after each event it was cut off, and comes back.
                while not running.done() and (  # noqa: ASYNC110  a counter tells nobody
                    not lasting.answers.total() or lasting.operations.total() <= number
                ):
                    await asyncio.sleep(0.005)
            await desk.go_on("AAAA")
        told: dict[str, Any] = orjson.loads(await running)

    assert told.pop("connections") >= 4
    assert told == {
        "states": ["PLACED", "SOURCED", "IN_FULFILMENT", "COMPLETED"],
        "gaps": 0,
        "snapshots": 1,
    }
