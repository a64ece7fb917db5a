"""Statements that both databases know, each in its own dialect."""

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert


def inserting(connection: Connection, table: Table) -> Any:
    """An insert that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return sqlite_insert(table) if connection.dialect.name == "sqlite" else postgres_insert(table)
