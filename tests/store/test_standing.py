"""A store that is not there leaves the rest of the gateway at work, and says so."""

import asyncio
from pathlib import Path

import pytest

from app.errors import MisconfiguredError
from app.store import StoreUnavailable, standing
from app.store.opening import upgrade
from app.store.standing import StandingStore
from tests.builders import NOON
from tests.gateways import sandbox_gateway


def there(folder: Path) -> list[str]:
    return [str(one) for one in folder.rglob("store.db*")]


async def test_the_embedded_store_needs_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = StandingStore(None)
    async with store.standing():
        assert await store.answers()
        assert await store.act(lambda _work: 7, now=NOON) == 7
        assert len(there(tmp_path)) > 0

    assert there(tmp_path) == []
    with pytest.raises(StoreUnavailable):
        await store.read(lambda _db: 1)


async def test_a_store_that_comes_later_is_opened_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "AGAIN", standing.AGAIN / 100)
    folder = tmp_path / "mounted"
    url = f"sqlite:///{folder}/store.db"
    store = StandingStore(url)
    async with store.standing():
        assert not await store.answers()
        with pytest.raises(StoreUnavailable):
            await store.act(lambda _work: 7, now=NOON)
        folder.mkdir()
        await upgrade(url)
        await asyncio.wait_for(store.keep(), 30)
        assert await store.answers()


async def test_a_store_of_another_version_stops_the_process(empty: str) -> None:
    with pytest.raises(MisconfiguredError, match="tessera db upgrade"):
        async with StandingStore(empty).standing():
            pass


async def test_readiness_tells_a_store_that_is_silent_while_the_rest_answers() -> None:
    nowhere = {"url": "postgresql://nobody@127.0.0.1:1/none"}
    async with sandbox_gateway(store=nowhere) as sandbox:
        ready = await sandbox.ask.http.get("/readyz")
        data = await sandbox.ask.data("{ products(first: 1) { edges { node { name } } } }")

    assert (ready.status_code, ready.text) == (503, "the store does not answer")
    assert len(data["products"]["edges"]) == 1


async def test_readiness_of_a_gateway_with_its_store() -> None:
    async with sandbox_gateway() as sandbox:
        ready = await sandbox.ask.http.get("/readyz")

    assert (ready.status_code, ready.text) == (200, "ready")
