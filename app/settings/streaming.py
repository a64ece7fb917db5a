"""What may the connections cost that last?"""

from datetime import timedelta

from pydantic import Field

from app.settings.words import Positive, Section


class Streams(Section):
    """Sockets and event streams of one process; see `docs/operations.md`.

    One caller, as budgets know them, may have `max_open_per_caller` of `max_open`, a fifth unless
    it is said: no single one keeps all others out.
    `queue` messages or `queue_bytes` are kept for a client that reads slowly; one that makes no
    room within `patience` is cut. Multipart subscriptions have a heartbeat instead of pings, as
    often as their protocol wants it. When the process ends, they go one after another, within
    `leave_over`.
    """

    max_open: int = Field(default=1_000, ge=1)
    max_open_per_caller: int | None = Field(default=None, ge=1)
    max_operations: int = Field(default=20, ge=1)
    operations_per_second: float = Field(default=10, gt=0)
    burst: int = Field(default=100, ge=1)
    max_message: int = Field(default=65_536, ge=1_000)
    queue: int = Field(default=256, ge=1)
    queue_bytes: int = Field(default=1_000_000, ge=1_000)
    patience: Positive = timedelta(seconds=5)
    init_within: Positive = timedelta(seconds=10)
    ping_every: Positive = timedelta(seconds=25)
    beat_every: Positive = timedelta(seconds=5)
    pong_within: Positive = timedelta(seconds=10)
    leave_over: timedelta = Field(default=timedelta(seconds=3), ge=timedelta())

    @property
    def open_per_caller(self) -> int:
        """How many of the connections one caller may have."""
        return self.max_open_per_caller or max(1, self.max_open // 5)
