"""What does a database that does not answer become? One error of ours; a bug stays what it is."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from app.store.work import StoreUnavailable, TextNotKeptError

log = structlog.get_logger(__name__)
# PostgreSQL: connection, no resources, operator intervention and time limits, locks, given up; who
# we are is refused, or everybody; there is no such database; it takes no writes, being a standby.
SQLSTATES = ("08", "53", "57", "58", "55P03", "40", "28", "55000", "3D000", "25006")
NULL_CHARACTER = "22021"  # PostgreSQL: U+0000, the only one that it has no bytes for
SQLITE_CODES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
}
PRIMARY = 0xFF  # the part of an extended result code of SQLite that names its kind


@contextmanager
def told_as_unavailable(but: Callable[[Exception], bool] = lambda _: False) -> Iterator[None]:
    """Turn the silence of a database into `StoreUnavailable`, `but` for some errors.

    Raises:
        StoreUnavailable: it does not answer.
        TextNotKeptError: it has no way to write a text that it was given.
    """
    try:
        yield
    except (DBAPIError, NoConnection, OSError, sqlite3.Error) as error:
        if _state(error) == NULL_CHARACTER:
            raise TextNotKeptError("A text holds U+0000: leave that character out.") from error
        if but(error) or not _silent(error):
            raise
        kind = type(getattr(error, "orig", error)).__name__
        log.error("store.unavailable", kind=kind)  # noqa: TRY400  its text may hold values
        raise StoreUnavailable("The store does not answer. Try again later.") from error


def _silent(error: Exception) -> bool:
    if isinstance(error, sqlite3.Error):
        return _silent_sqlite(error)
    if not isinstance(error, DBAPIError):
        return True
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return _silent_sqlite(error.orig)
    return _state(error).startswith(SQLSTATES)


def _state(error: Exception) -> str:
    """What PostgreSQL calls it; nothing for an error that is not its."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _silent_sqlite(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", None)  # none is set by the driver itself
    return code is not None and code & PRIMARY in SQLITE_CODES
