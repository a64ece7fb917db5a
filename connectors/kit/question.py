"""What is one question of a port, and what is an answer to it?"""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from app.ports import Answer
from connectors.kit.specimen import Specimen

Keys = tuple[Hashable, ...]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One answer: its rows under their keys, when they were true, and how many were unreadable."""

    rows: tuple[tuple[Hashable, Any], ...]
    as_of: tuple[datetime, ...]
    rejected: int

    @property
    def facts(self) -> dict[Hashable, Any]:
        """What the rows say, apart from when it was said."""
        return {key: _timeless(row) for key, row in self.rows}

    def repeated(self) -> list[Hashable]:
        """Keys that more than one row has."""
        keys = [key for key, _ in self.rows]
        return [key for key in dict.fromkeys(keys) if keys.count(key) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One method of a port.

    `keys` are those the specimen can answer. `unknown` makes up as many keys that nobody knows.
    `strays` finds the rows that none of the keys asked for, and `faults` what is wrong with a
    single row. `figures`: a row may not differ because another is missing, as a product does that
    lost a variant.
    """

    port: str
    name: str
    ask: Callable[[Any, Specimen, Keys], Awaitable[Reading]]
    takes_keys: bool = True
    keys: Callable[[Specimen], Keys] = lambda _: ()
    unknown: Callable[[Specimen, int], Keys] = lambda _specimen, _count: ()
    strays: Callable[[Reading, Specimen, Keys], list[Hashable]] = lambda *_: []
    faults: Callable[[Any, Specimen], str | None] = lambda *_: None
    figures: bool = False


def _timeless(row: Any) -> Any:
    return replace(row, as_of=LONG_AGO) if hasattr(row, "as_of") else row


def reading(answer: Answer[Any], key: Callable[[Any], Hashable]) -> Reading:
    """An answer, read by the key of its rows."""
    stamps = [answer.as_of, *(row.as_of for row in answer.rows if hasattr(row, "as_of"))]
    return Reading(
        rows=tuple((key(row), row) for row in answer.rows),
        as_of=tuple(stamps),
        rejected=len(answer.rejected),
    )
