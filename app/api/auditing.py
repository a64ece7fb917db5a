"""Which entities that tell of persons does an operation read, and who is told?

Whatever dresses one of them says so (`looked_at`); what is said while nobody listens is forgotten.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from app.api.access import THE_HOUSE
from app.principals.model import Principal
from app.store import acting

_LOOKED_AT: ContextVar[set[str] | None] = ContextVar("looked_at", default=None)


def looked_at(entity: str) -> None:
    """An entity is about to be told."""
    if (noted := _LOOKED_AT.get()) is not None:
        noted.add(entity)


@contextmanager
def watched(principal: Principal) -> Iterator[set[str]]:
    """What is done within the block is done by somebody; staff is noted what it looks at."""
    noted: set[str] = set()
    token = _LOOKED_AT.set(noted if principal.kind in THE_HOUSE else None)
    try:
        with acting(principal.actor):
            yield noted
    finally:
        _LOOKED_AT.reset(token)


def told(fields: Iterable[tuple[str, str]]) -> str:
    """Fields as the audit log names them."""
    return " ".join(f"{type_}.{field}" for type_, field in fields)
