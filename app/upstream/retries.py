"""May this call be repeated? Only safe ones, with jitter, and within a budget.

Jitter alone does not stop amplification: a budget does (Finagle's retry budget). Every first call
earns a tenth of a retry, so that an outage costs at most 1.1 times the offered calls.
"""

from dataclasses import dataclass

from tenacity import wait_random_exponential

CALLS_PER_RETRY = 10
MOST_SAVED = 3  # retries: a short blip after a healthy while may be retried this often at once
BACKOFF = wait_random_exponential(multiplier=0.05, max=0.5)  # seconds, full jitter


@dataclass(slots=True)
class RetryBudget:
    """How many retries a connection has earned."""

    _calls: int = 0

    def earn(self) -> None:
        """A first call went out."""
        self._calls = min(MOST_SAVED * CALLS_PER_RETRY, self._calls + 1)

    def spend(self) -> bool:
        """Take one retry; False when none is left."""
        if self._calls < CALLS_PER_RETRY:
            return False
        self._calls -= CALLS_PER_RETRY
        return True
