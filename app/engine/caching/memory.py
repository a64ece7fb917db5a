"""Which answers does this process keep? The last used, within a number of bytes."""

from dataclasses import dataclass, field

from cachetools import LRUCache

from app.engine.caching.entries import Entry
from app.engine.caching.invalidations import Invalidations


@dataclass(slots=True)
class Memory:
    """At most `most_bytes` of entries, none larger than `largest`."""

    most_bytes: int
    largest: int
    log: Invalidations
    dropped: int = 0
    """Entries that were found and no longer held: a metric."""
    _kept: LRUCache[bytes, Entry] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = LRUCache(self.most_bytes, getsizeof=lambda entry: entry.size)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """About how many bytes are kept."""
        return int(self._kept.currsize)

    def find(self, key: bytes) -> Entry | None:
        """The entry under a key, if it still holds; its age is the caller's affair."""
        entry = self._kept.get(key)
        seen = self.log.count
        if entry is None or entry.seen == seen:
            return entry
        if not self.log.holds(entry.tags, entry.seen):
            self.dropped += 1
            del self._kept[key]
            return None
        entry = self._kept[key] = entry.heard(seen)
        return entry

    def keep(self, key: bytes, entry: Entry) -> None:
        """Keep an entry, unless it is too large."""
        if entry.size <= min(self.largest, self.most_bytes):
            self._kept[key] = entry

    def drop(self, key: bytes) -> None:
        """Forget an entry."""
        self._kept.pop(key, None)
