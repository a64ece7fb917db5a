"""`tessera events`, as an operator meets it."""

import asyncio
from pathlib import Path

from app.store import log, open_store
from tests.cli.test_cli import settings_file, tessera
from tests.cli.test_db import with_store
from tests.databases import address, migrated_postgres, postgres

__all__ = ["address", "migrated_postgres", "postgres"]


async def head(url: str) -> log.Head:
    async with open_store(url) as store:
        return await store.read(log.head)


def test_another_epoch_is_begun(tmp_path: Path, address: str) -> None:
    before = asyncio.run(head(address))

    told = tessera("events", "new-epoch", "--config", with_store(tmp_path, address))

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "The log is in another epoch: whoever follows is told to begin anew.\n"
    after = asyncio.run(head(address))
    assert after.epoch != before.epoch
    assert after._replace(epoch="") == before._replace(epoch="")


def test_the_embedded_store_keeps_no_log(tmp_path: Path) -> None:
    told = tessera("events", "new-epoch", "--config", str(settings_file(tmp_path)))

    assert told.returncode == 2
    assert "set store.url to keep a log" in told.stderr
