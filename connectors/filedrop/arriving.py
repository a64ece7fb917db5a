"""Which files of the inbox are there as a whole?"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath

from connectors.filedrop.drop import Seen
from connectors.filedrop.settings import Pickup


class Arriving:
    """Remembers what it saw, for files whose end nobody announces."""

    def __init__(self, pickup: Pickup, now: Callable[[], datetime]) -> None:
        self._pickup = pickup
        self._now = now
        self._since: dict[Seen, datetime] = {}

    def complete(self, files: Iterable[Seen]) -> list[Seen]:
        """Those that are, the longest there first."""
        there = sorted(files, key=lambda one: (one.modified, one.name))
        names = {one.name for one in there}
        now = self._now()
        self._since = {one: self._since.get(one, now) for one in there}
        return [one for one in there if self._whole(one, names, now)]

    def markers(self, name: str, names: Iterable[str]) -> list[str]:
        """The markers beside a file."""
        ending = self._pickup.marker
        stem = PurePosixPath(name).stem
        mine = {f"{name}{ending}", f"{stem}{ending}"} - {name}
        return sorted(mine & set(names)) if self._pickup.by == "marker" else []

    def orphans(self, files: Iterable[Seen]) -> Iterator[str]:
        """Markers whose file is gone."""
        names = {one.name for one in files}
        if self._pickup.by == "marker":
            mine = {marker for name in names for marker in self.markers(name, names)}
            ending = self._pickup.marker
            yield from sorted(name for name in names - mine if name.endswith(ending))

    def _whole(self, one: Seen, names: set[str], now: datetime) -> bool:
        pickup = self._pickup
        if one.name.lower().endswith(pickup.unfinished):
            return False
        match pickup.by:
            case "marker":
                return not one.name.endswith(pickup.marker) and bool(self.markers(one.name, names))
            case "stable":
                return now - self._since[one] >= pickup.settled
        return True
