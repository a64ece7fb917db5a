"""What should the caller know about this answer? Failures and ages, collected as one is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from app.errors import UpstreamError


class Freshness(StrEnum):
    """How a value came: asked just now, kept from before, older than wanted, or not at all."""

    LIVE = "LIVE"
    CACHED = "CACHED"
    STALE = "STALE"
    UNKNOWN = "UNKNOWN"


ORDER = tuple(Freshness)


class SourceAge(Struct):
    """The worst freshness and the oldest time of what one connection contributed to an answer.

    `read_at` is when we read the first of it, where its reader says so.
    """

    connection: str
    port: str
    freshness: Freshness
    as_of: datetime | None
    read_at: datetime | None = None

    def add(self, freshness: Freshness, as_of: datetime | None) -> None:
        """Let one more value count."""
        if freshness is not self.freshness:
            self.freshness = max(self.freshness, freshness, key=ORDER.index)
        if as_of is not None and (self.as_of is None or as_of < self.as_of):
            self.as_of = as_of


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """One connection that did not answer; told once, whatever it was asked for."""

    connection: str
    error: UpstreamError


class Report(Struct):
    """What one operation learnt about its sources."""

    _ages: dict[tuple[str, str], SourceAge] = field(default_factory=dict)
    _failures: dict[str, SourceFailure] = field(default_factory=dict)

    def read(
        self, connection: str, port: str, freshness: Freshness, as_of: datetime | None
    ) -> None:
        """A value of `connection` went into the answer."""
        known = self._ages.get((connection, port))
        if known is None:
            self._ages[connection, port] = SourceAge(connection, port, freshness, as_of)
        else:
            known.add(freshness, as_of)

    def read_before(self, connection: str, port: str, moment: datetime) -> None:
        """What was told of a connection had been read at that moment, or later."""
        known = self._ages[connection, port]
        known.read_at = moment if known.read_at is None else min(known.read_at, moment)

    def failed(self, connection: str, error: UpstreamError) -> None:
        """`connection` could not answer; the first failure is the one told."""
        self._failures.setdefault(connection, SourceFailure(connection, error))

    @property
    def has_failed(self) -> bool:
        """Whether any connection let the operation down."""
        return bool(self._failures)

    @property
    def failures(self) -> Iterator[SourceFailure]:
        """One for each connection that let the operation down."""
        return iter(self._failures.values())

    @property
    def ages(self) -> Iterator[SourceAge]:
        """One for each connection and port that was read."""
        return iter(self._ages.values())
