"""A store that is not there leaves the rest of the gateway at work, and says so."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import Engine, event, text
from structlog.testing import capture_logs

from app.errors import MisconfiguredError
from app.store import StoreUnavailable, standing
from app.store.opening import driven, standing_at, upgrade
from app.store.postgres import PARTING, POOL
from app.store.standing import WRITABLE, StandingStore, StoreState
from tests.builders import NOON
from tests.events.things import change
from tests.gateways import sandbox_gateway
from tests.postgres import Postgres, postgres_for_tests
from tests.redis import until

SENDS_AWAY = "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
NEW_CART = "mutation { cartCreate(input: {}) { ... on CartChanged { cart { id version } } } }"
CART = "query Cart($id: ID!) { cart(id: $id) { id version } }"
NOT_SILENT = {"event": "store.bug", "kind": "OperationalError", "log_level": "error"}


def there(folder: Path) -> list[str]:
    return [str(one) for one in folder.rglob("store.db*")]


async def test_the_embedded_store_needs_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = StandingStore(None)
    async with store.standing():
        assert await store.state() is StoreState.READY
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
        assert await store.state() is StoreState.SILENT
        with pytest.raises(StoreUnavailable):
            await store.act(lambda _work: 7, now=NOON)
        folder.mkdir()
        await upgrade(url)
        await asyncio.wait_for(store.keep(), 30)
        assert await store.state() is StoreState.READY


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


async def test_whatever_keeps_a_store_from_being_opened_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "AGAIN", standing.AGAIN / 100)
    file = tmp_path / "mounted" / "store.db"
    store = StandingStore(f"sqlite:///{file}")
    with capture_logs() as logs:
        async with store.standing():
            file.parent.mkdir()
            with closing(sqlite3.connect(file)) as other:
                other.execute("CREATE TABLE alembic_version (ours TEXT)")
            keeping = asyncio.create_task(store.keep())

            async def failed() -> bool:
                return NOT_SILENT in logs

            await until(failed)
            file.unlink()
            await upgrade(f"sqlite:///{file}")
            await asyncio.wait_for(keeping, 30)
            assert await store.state() is StoreState.READY


async def test_a_database_that_is_made_later_is_opened_then(
    postgres: Postgres, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "AGAIN", standing.AGAIN / 100)
    name = f"t{uuid4().hex[:12]}"
    store = StandingStore(postgres.address(name))
    async with store.standing():
        assert await store.state() is StoreState.SILENT
        postgres.sql(f"create database {name} template {migrated_postgres}")
        await asyncio.wait_for(store.keep(), 30)
        assert await store.state() is StoreState.READY


@contextmanager
def refused(cluster: Postgres, name: str) -> Iterator[None]:
    """A database that sends everybody away, and lets nobody in."""
    cluster.sql(f"alter database {name} with allow_connections false")
    cluster.sql(SENDS_AWAY.format(name=name))
    yield
    cluster.sql(f"alter database {name} with allow_connections true")


async def test_a_server_that_lets_nobody_in_is_a_silent_store(
    postgres: Postgres, migrated_postgres: str
) -> None:
    url = postgres.database(migrated_postgres)
    store = StandingStore(url)
    async with store.standing():
        assert await store.act(lambda _work: 7, now=NOON) == 7
        with refused(postgres, url.rsplit("/", 1)[1]):
            with pytest.raises(StoreUnavailable):
                await store.act(lambda _work: 7, now=NOON)
            assert await store.state() is StoreState.SILENT
        assert await store.act(lambda _work: 7, now=NOON) == 7


async def test_a_server_that_knows_nobody_of_our_name_is_a_silent_store(postgres: Postgres) -> None:
    url = postgres.address("postgres").replace("postgres@", "nobody@")
    with pytest.raises(StoreUnavailable):
        await standing_at(url)


async def test_a_server_that_takes_no_writes_is_a_silent_store(
    postgres: Postgres, migrated_postgres: str
) -> None:
    url = postgres.database(migrated_postgres)
    name = url.rsplit("/", 1)[1]
    postgres.sql(f"alter database {name} set default_transaction_read_only = on")
    store = StandingStore(url)
    async with store.standing():
        with pytest.raises(StoreUnavailable):
            await change(store, ("a", 1))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgres]:
    """A server whose settings are nobody else's."""
    with postgres_for_tests() as own:
        yield own


@pytest.fixture
async def own(cluster: Postgres) -> str:
    """The address of a database of ours on it."""
    url = cluster.database()
    await upgrade(url)
    return url


def set_read_only(cluster: Postgres, value: str) -> None:
    cluster.sql(f"alter system set default_transaction_read_only = {value}")
    cluster.sql("select pg_reload_conf()")


async def test_readiness_tells_a_server_that_has_become_read_only(
    cluster: Postgres, own: str
) -> None:
    async with sandbox_gateway(store={"url": own}) as sandbox:
        store, http = sandbox.gateway.store, sandbox.ask.http
        cart = (await sandbox.ask.data(NEW_CART))["cartCreate"]["cart"]

        async def told(state: StoreState) -> bool:  # by each session, which hears of it by itself
            return {await store.state() for _ in range(POOL)} == {state}

        ready = await http.get("/readyz")
        set_read_only(cluster, "on")
        try:
            await until(partial(told, StoreState.READ_ONLY))
            not_ready = await http.get("/readyz")
            written = await sandbox.ask(NEW_CART)
            read = await sandbox.ask.data(CART, id=cart["id"])
        finally:
            set_read_only(cluster, "off")
        await until(partial(told, StoreState.READY))
        again = await http.get("/readyz")

    assert (ready.status_code, ready.text) == (200, "ready")
    assert (not_ready.status_code, not_ready.text) == (503, "the store takes no writes")
    assert [one["extensions"]["code"] for one in written["errors"]] == ["STORE_UNAVAILABLE"]
    assert read["cart"] == cart
    assert (again.status_code, again.text) == (200, "ready")


async def test_a_standby_takes_no_writes_until_it_is_promoted(cluster: Postgres, own: str) -> None:
    cluster.demote()
    store = StandingStore(own)
    async with store.standing():
        assert await store.state() is StoreState.READ_ONLY
        assert await store.read(lambda db: db.execute(text("SELECT 7")).scalar_one()) == 7
        cluster.sql("select pg_promote()")
        assert await store.state() is StoreState.READY
        assert await store.act(lambda _work: 7, now=NOON) == 7


async def test_readiness_is_asked_for_in_one_statement(own: str) -> None:
    store = StandingStore(own)
    statements: list[str] = []

    def noted(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    async with store.standing():
        event.listen(Engine, "before_cursor_execute", noted)
        try:
            await store.state()
        finally:
            event.remove(Engine, "before_cursor_execute", noted)

    assert statements == [str(WRITABLE["postgresql"])]


@asynccontextmanager
async def between(port: int) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A port that leads to another one while the event is set, and says nothing while it is not."""
    speaking, passing = asyncio.Event(), set[asyncio.Task[None]]()
    speaking.set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            while told := await reader.read(65_536):
                await speaking.wait()
                writer.write(told)

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        for ways in ((reader, back), (there, writer)):
            passing.add(asyncio.create_task(carry(*ways)))

    server = await asyncio.start_server(passed, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], speaking
    finally:
        server.close()
        speaking.set()
        for one in passing:
            one.cancel()
        await asyncio.gather(*passing, return_exceptions=True)


async def test_who_gives_a_silent_server_up_does_not_wait_to_part(
    postgres: Postgres, migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parted: list[float | None] = []
    part = asyncpg.Connection.close

    async def noted(self: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  as it has it
        parted.append(timeout)
        await part(self, timeout=timeout)

    monkeypatch.setattr(asyncpg.Connection, "close", noted)
    monkeypatch.setattr(standing, "WITHIN", timedelta(seconds=0.01))
    url = postgres.database(migrated_postgres)
    async with between(postgres.port) as (port, speaking):
        store = StandingStore(url.replace(str(postgres.port), str(port)))
        async with store.standing():
            assert await store.act(lambda _work: 7, now=NOON) == 7
            speaking.clear()
            assert await store.state() is StoreState.SILENT
            assert parted == [PARTING.total_seconds()]  # SQLAlchemy would give it two seconds
            speaking.set()


async def test_a_store_that_fails_for_no_known_reason_is_not_ready() -> None:
    class Odd(StandingStore):
        async def read(self, question: Any) -> Any:
            raise KeyError(question)

    with capture_logs() as logs:
        assert await Odd(None).state() is StoreState.SILENT

    assert logs == [{"event": "store.bug", "kind": "KeyError", "log_level": "error"}]


@pytest.mark.parametrize("option", ["sslmode=require", "foo=bar", "password=secret"])
def test_an_option_that_nobody_knows_stops_the_process(option: str) -> None:
    with pytest.raises(MisconfiguredError) as refusal:
        StandingStore(f"postgresql://user@127.0.0.1:1/tessera?{option}")

    assert str(refusal.value) == (
        "the address of the store has an unknown option, known: host, passfile, port, "
        "prepared_statement_cache_size, service, servicefile, ssl, target_session_attrs; "
        "TLS is asked for by ssl=require or ssl=verify-full, not by sslmode"
    )


def test_a_port_that_is_no_number_stops_the_process() -> None:
    with pytest.raises(MisconfiguredError, match="the address of the store must look like"):
        StandingStore("postgresql://user@127.0.0.1:abc/tessera")


def test_tls_is_asked_for_in_words_that_the_driver_knows() -> None:
    with pytest.raises(MisconfiguredError, match="ssl is one of disable, allow, prefer, require"):
        StandingStore("postgresql://user@127.0.0.1:1/tessera?ssl=true")

    assert driven("postgresql://user@127.0.0.1:1/tessera?ssl=require") == (
        "postgresql+asyncpg://user@127.0.0.1:1/tessera?ssl=require"
    )
