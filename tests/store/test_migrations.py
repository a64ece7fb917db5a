"""Tables come from empty and from the revision before, and are what the code says."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, TextClause, create_engine, text

from app.appointments import tables as _appointments  # noqa: F401  registers its tables
from app.availability import tables as _stock  # noqa: F401  as above
from app.carts import tables as _carts  # noqa: F401  as above
from app.customers import tables as _customers  # noqa: F401  as above
from app.loyalty import tables as _points  # noqa: F401  as above
from app.markets import tables as _markets  # noqa: F401  as above
from app.orders import tables as _orders  # noqa: F401  as above
from app.partners import tables as _partners  # noqa: F401  as above
from app.pricing import tables as _pricing  # noqa: F401  as above
from app.principals import tables as _principals  # noqa: F401  as above
from app.store.opening import MIGRATIONS, driven, newest, upgrade
from app.store.postgres import postgres_engine
from app.store.tables import metadata
from app.webhooks import tables as _webhooks  # noqa: F401  as above

T = TypeVar("T")


async def asked(url: str, question: Callable[[Connection], T]) -> T:
    found = driven(url)
    if found.startswith("sqlite"):
        file = create_engine(found)
        with file.connect() as connection:
            answer = question(connection)
        file.dispose()
        return answer
    engine = postgres_engine(found)
    async with engine.connect() as connection:
        answer = await connection.run_sync(question)
    await engine.dispose()
    return answer


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def test_from_empty_the_tables_are_what_the_code_says(empty: str) -> None:
    await upgrade(empty)

    assert await asked(empty, differences) == []
    assert await asked(empty, revision) == newest()


async def test_each_revision_leads_to_the_next(empty: str) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    steps = [one.revision for one in reversed(list(scripts.walk_revisions()))]
    for step in steps:
        await upgrade(empty, step)
        assert await asked(empty, revision) == step

    assert await asked(empty, differences) == []


async def test_upgrading_twice_changes_nothing(empty: str) -> None:
    await upgrade(empty)
    await upgrade(empty)

    assert await asked(empty, revision) == newest()


async def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("power")

    monkeypatch.setattr(ScriptDirectory, "_upgrade_revs", fails)
    with pytest.raises(RuntimeError, match="power"):
        await upgrade(empty)
    monkeypatch.undo()

    await upgrade(empty)
    assert await asked(empty, differences) == []


async def test_what_systems_have_already_is_followed_from_now_on(empty: str) -> None:
    """Orders of before are due at once; those that are over, or have not got so far, are not."""
    await upgrade(empty, "0021")
    states = ("PLACED", "SOURCED", "IN_FULFILMENT", "COMPLETED", "CANCELLED")
    await changed(empty, [an_old_order(state) for state in states])
    await upgrade(empty, "0022")

    def due(connection: Connection) -> list[str]:
        asked = text("SELECT number FROM orders WHERE look_at = placed_at ORDER BY number")
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == len(states)
        return list(connection.execute(asked).scalars())

    assert await asked(empty, due) == ["IN_FULFILMENT", "SOURCED"]


async def changed(url: str, statements: list[TextClause]) -> None:
    def change(connection: Connection) -> None:
        for one in statements:
            connection.execute(one)
        connection.commit()

    await asked(url, change)


def an_old_order(state: str) -> TextClause:
    """One of a time before, called as its state is."""
    row = {
        "number": state,
        "asked": state,
        "digest": "d",
        "access": "a",
        "channel": "WEB",
        "state": state,
        "placed_at": "2026-03-02 12:00:00+00:00",
        "buyer": "{}",
        "method": "SHIP_TO_HOME",
        "currency": "EUR",
        "delivery": "0",
        "total": "0",
    }
    names, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
    told = f"INSERT INTO orders ({names}, fence, attempts) VALUES ({values}, 0, 0)"  # noqa: S608  words of ours
    return text(told)
