"""Which entities that tell of persons does an operation read, and who is told?

Whatever dresses one of them says so (`looked_at`); what is said while nobody listens is forgotten.
"""

from collections.abc import Iterable
from contextvars import ContextVar

from app.api.access import THE_HOUSE
from app.principals.model import Principal

_LOOKED_AT: ContextVar[set[str] | None] = ContextVar("looked_at", default=None)


def looked_at(entity: str) -> None:
    """An entity is about to be told."""
    if (noted := _LOOKED_AT.get()) is not None:
        noted.add(entity)


class watched:  # noqa: N801  it reads like a word
    """What staff looks at within the block is noted."""

    __slots__ = ("_before", "_noted", "_principal")

    def __init__(self, principal: Principal) -> None:
        self._principal = principal
        self._noted: set[str] = set()

    def __enter__(self) -> set[str]:
        listens = self._principal.kind in THE_HOUSE
        self._before = _LOOKED_AT.set(self._noted if listens else None)
        return self._noted

    def __exit__(self, *_: object) -> None:
        _LOOKED_AT.reset(self._before)


def told(fields: Iterable[tuple[str, str]]) -> str:
    """Fields as the audit log names them."""
    return " ".join(f"{type_}.{field}" for type_, field in fields)
