"""Which database do the settings name, and is it the one this code was written for?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import ArgumentError

from app.errors import MisconfiguredError
from app.store.postgres import LIMITS, PATIENCE, PostgresStore, postgres_engine
from app.store.sqlite import SqliteStore, sqlite_engine
from app.store.trouble import told_as_unavailable
from app.store.work import Store

MIGRATIONS = Path(__file__).parent / "migrations"
SSL = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")  # as libpq's sslmode
OPTIONS = {  # of asyncpg and its dialect, as far as a text says them
    "host",
    "passfile",
    "port",
    "prepared_statement_cache_size",
    "service",
    "servicefile",
    "ssl",
    "target_session_attrs",
}
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+asyncpg"}
# A migration may rewrite a table, and waits for others that upgrade as long as these need; for a
# table it waits as all do, since whoever comes after has to wait behind it.
TAKING_TIME = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SELECT pg_advisory_xact_lock(hashtext('tessera db upgrade'))",
    f"SET LOCAL lock_timeout = {LIMITS['lock_timeout']}",
)


@asynccontextmanager
async def open_store(url: str, *, patience: timedelta = PATIENCE) -> AsyncIterator[Store]:
    """The store at an address, closed at the end; `patience` is for a connection to a server.

    Raises:
        MisconfiguredError: the address names no database of ours, or one of another version.
    """
    found = driven(url)
    if found.startswith("sqlite"):
        store: SqliteStore | PostgresStore = SqliteStore(found)
    else:
        store = PostgresStore(found, patience)
    try:
        if await store.read(_revision) != newest():
            raise MisconfiguredError(
                "the database is not of this version: run `tessera db upgrade`"
            )
        yield store
    finally:
        await store.close()


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at an address to a revision of its tables; several at once do it once.

    Raises:
        StoreUnavailable: it does not answer, or a table is in use; nothing was changed.
    """
    found = driven(url)
    with told_as_unavailable():
        if found.startswith("sqlite"):
            await asyncio.to_thread(_upgrade_sqlite, found, revision)
            return
        engine = postgres_engine(found)
        try:
            async with engine.begin() as connection:
                for one in TAKING_TIME:
                    await connection.execute(text(one))
                await connection.run_sync(migrated, revision)
        finally:
            await engine.dispose()


def driven(url: str) -> str:
    """The address with the driver we use.

    Raises:
        MisconfiguredError: it is none, of another kind of database, or with options that nobody
            knows; it is not repeated.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        parsed = None
    if parsed is None or parsed.drivername not in DRIVERS:
        raise MisconfiguredError(
            "the address of the store must look like sqlite:///path/to/file "
            "or postgresql://user:password@host/database"
        )
    if parsed.drivername == "postgresql":
        _check_options(parsed.query)
    return parsed.set(drivername=DRIVERS[parsed.drivername]).render_as_string(hide_password=False)


def _check_options(query: Mapping[str, Any]) -> None:
    if not OPTIONS.issuperset(query):
        raise MisconfiguredError(
            f"the address of the store has an unknown option, known: {', '.join(sorted(OPTIONS))}; "
            "TLS is asked for by ssl=require or ssl=verify-full, not by sslmode"
        )
    if query.get("ssl", "prefer") not in SSL:
        raise MisconfiguredError(f"the address of the store: ssl is one of {', '.join(SSL)}")


async def standing_at(url: str) -> str | None:
    """The revision of the tables at an address; None where there are none.

    Raises:
        StoreUnavailable: it does not answer.
    """
    found = driven(url)
    store: SqliteStore | PostgresStore
    store = SqliteStore(found) if found.startswith("sqlite") else PostgresStore(found)
    try:
        return await store.read(_revision)
    finally:
        await store.close()


def migrated(connection: Connection, revision: str = "head") -> None:
    """Run the migrations within a transaction of the connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def newest() -> str | None:
    """The revision this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _upgrade_sqlite(url: str, revision: str) -> None:
    engine = sqlite_engine(url)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                migrated(connection, revision)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
    finally:
        engine.dispose()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
