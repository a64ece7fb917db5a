"""Fixtures: both databases, for tests that hold on either."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.store import Store, open_store
from app.store.opening import upgrade
from tests.postgres import Postgres, postgres_for_tests


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_for_tests() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> str:
    """The name of a database with our tables, to be copied."""
    address = postgres.database()
    asyncio.run(upgrade(address))
    return address.rsplit("/", 1)[-1]


@cache
def migrated_sqlite() -> bytes:
    """A file with our tables, to be copied."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        asyncio.run(upgrade(f"sqlite:///{file}"))
        return file.read_bytes()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.database()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with our tables."""
    if request.param == "sqlite":
        (tmp_path / "store.db").write_bytes(migrated_sqlite())
        return f"sqlite:///{tmp_path}/store.db"
    cluster: Postgres = request.getfixturevalue("postgres")
    return cluster.database(request.getfixturevalue("migrated_postgres"))


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    async with open_store(address, patience=timedelta(seconds=30)) as opened:
        yield opened
