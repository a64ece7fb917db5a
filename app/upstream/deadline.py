"""When must this be over? One deadline an operation, shared out over all its calls."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Self

from msgspec import Struct

_current: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)


class Deadline(Struct, frozen=True, gc=False):
    """An instant on the running event loop's clock."""

    at: float

    @classmethod
    def after(cls, budget: timedelta) -> Self:
        """The instant `budget` from now."""
        return cls(asyncio.get_running_loop().time() + budget.total_seconds())

    def remaining(self) -> float:
        """Seconds left; never below zero."""
        return max(0.0, self.at - asyncio.get_running_loop().time())

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Bind every upstream call made inside the block to this deadline."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


def time_left(limit: timedelta) -> float:
    """Seconds a call may take: its own limit, cut short by the deadline it is bound to."""
    deadline = _current.get()
    own = limit.total_seconds()
    return own if deadline is None else min(own, deadline.remaining())
