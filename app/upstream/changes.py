"""What is said to have changed, so that what was read before is not good enough?"""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from cachetools import TLRUCache

MOST = 10_000  # names; beyond it, the one heard first is forgotten
KEPT_FOR = timedelta(minutes=15)  # longer than values are served without being asked for again


class Changes:
    """Names of what has changed, by `now`."""

    def __init__(self, now: Callable[[], datetime], *, kept_for: timedelta = KEPT_FOR) -> None:
        self._seconds: Callable[[], float] = lambda: now().timestamp()
        self._counts: Counter[str] = Counter()
        kept = kept_for.total_seconds()
        self._heard: TLRUCache[str, float] = TLRUCache(
            MOST, lambda _name, heard, _now: heard + kept, self._seconds
        )

    def __bool__(self) -> bool:
        """Whether anything has."""
        return bool(self._heard)

    def note(self, names: AbstractSet[str]) -> None:
        """Hear that these have changed."""
        for name in names:
            self._heard[name] = self._seconds()
            self._counts[name.partition(":")[0]] += 1

    def count(self, *kinds: str) -> int:
        """How often something of these kinds, such as `Product`, was heard to have changed."""
        return sum(self._counts[kind] for kind in kinds)

    def since(self, names: Iterable[str]) -> timedelta | None:
        """How long ago one of them last changed; what was read earlier is not good enough."""
        heard = [moment for name in names if (moment := self._heard.get(name)) is not None]
        return timedelta(seconds=self._seconds() - max(heard)) if heard else None
