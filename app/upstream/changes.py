"""What is said to have changed, so that what was read before is not good enough?"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from math import inf
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
MOST = 10_000  # names; beyond it, all may have changed when the one heard first did
ANYTHING = ""  # kind of what may have changed
KEPT_FOR = timedelta(minutes=15)  # longer than values are served without being asked for again


class Changes:
    """Names of what has changed, by `now`."""

    def __init__(self, now: Callable[[], datetime], *, kept_for: timedelta = KEPT_FOR) -> None:
        self._seconds: Callable[[], float] = lambda: now().timestamp()
        self._kept_for = kept_for.total_seconds()
        self._heard: OrderedDict[str, float] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._floor = self._last = -inf  # the newest of those forgotten, and of all

    def __bool__(self) -> bool:
        """Whether anything has."""
        return self._last > -inf and self._seconds() - self._last < self._kept_for

    def note(self, names: AbstractSet[str] | None) -> None:
        """Hear that these have changed; None: that anything may have."""
        self._last = self._seconds()
        if names is None:
            self._floor = self._last
            self._counts[ANYTHING] += 1
            return
        for name in names:
            self._heard[name] = self._last
            self._heard.move_to_end(name)
            self._counts[name.partition(":")[0]] += 1
        while len(self._heard) > MOST:
            _, heard = self._heard.popitem(last=False)
            self._floor = max(self._floor, heard)

    def count(self, *kinds: str) -> int:
        """How often something of these kinds, such as `Product`, was heard to have changed."""
        return sum(self._counts[kind] for kind in (ANYTHING, *kinds))

    def since(self, names: Iterable[str]) -> timedelta | None:
        """How long ago one of them last changed; what was read earlier is not good enough."""
        return self._ago(names, self._seconds())

    def outdated(self, named: Mapping[K, Iterable[str]]) -> Mapping[timedelta, list[K]]:
        """Those of which a name has changed, by how long ago: what changed together is together."""
        now = self._seconds()
        found: dict[timedelta, list[K]] = {}
        for key, names in named.items():
            if (ago := self._ago(names, now)) is not None:
                found.setdefault(ago, []).append(key)
        return found

    def _ago(self, names: Iterable[str], now: float) -> timedelta | None:
        last = max([self._floor, *(self._heard[name] for name in names if name in self._heard)])
        ago = now - last
        return timedelta(seconds=ago) if ago < self._kept_for else None
