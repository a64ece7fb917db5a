"""What does a server hand over that may be answered together with others?"""

from typing import Protocol

from starlette.types import ASGIApp, Scope


class Arrived(Protocol):
    """An HTTP request that is there as a whole, and for which no application was called."""

    scope: Scope
    body: bytes

    def begin(self, app: ASGIApp | None = None) -> None:
        """Let an application answer it, the usual one if none is named."""

    def write(self, status: int, lines: bytes, body: bytes) -> bool:
        """Write all of its answer; `lines` are those of its head but for the body's length.

        False if that cannot be done just now: then nothing was written.
        """


class Cohorts(Protocol):
    """Whoever answers together what arrived together."""

    def take(self, one: Arrived) -> bool:
        """Take one in, or leave it to the usual application."""
