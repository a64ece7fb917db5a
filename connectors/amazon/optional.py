"""What stands in a row, and what may be left out of it? Readers that add to `kit.cells`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from connectors.kit.cells import text

Row = Mapping[str, Any]
T = TypeVar("T")


def maybe(row: Row, name: str, read: Callable[[Row, str], T]) -> T | None:
    """A value that may be left out; one that is there has to be sound."""
    return None if row.get(name) is None else read(row, name)


def said(row: Row, name: str) -> str | None:
    """A text that may be left out or say nothing."""
    return text(row, name) if row.get(name) not in (None, "") else None


def thing(row: Row, name: str) -> Row:
    """An object."""
    value = row[name]
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}: not an object")
    return value


def maybe_thing(row: Row, name: str) -> Row | None:
    """An object that may be left out."""
    return maybe(row, name, thing)


def things(row: Row, name: str) -> list[Row]:
    """A list of objects."""
    value = row[name]
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise TypeError(f"{name}: not a list of objects")
    return value


def maybe_things(row: Row, name: str) -> list[Row]:
    """A list of objects; none where it is left out."""
    return maybe(row, name, things) or []


def words(row: Row, name: str) -> list[str]:
    """A list of texts."""
    value = row[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{name}: not a list of words")
    return value


def each_once(rows: Iterable[Row], name: str) -> list[Row]:
    """The rows, each once, by the text that names them."""
    return list({text(row, name): row for row in reversed(list(rows))}.values())[::-1]
