"""What is kept of an answer, and how is it written down for other processes?"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
from xxhash import xxh3_128

OVERHEAD = 600  # bytes of the objects around an entry
EACH_TAG = 90  # bytes of a short string and its place in a set
NOTHING = timedelta()
LENGTH = 4  # bytes that tell how long the head of a packed entry is


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An answer that was made at a moment, is good for `lifetime` and of use for `grace` more.

    `data` is JSON; `facts` is whatever else goes into an answer, as JSON too. `tags` name what it
    tells of. `seen` is how much this process had heard of invalidations before it was made.
    """

    data: bytes
    facts: Any
    tags: frozenset[str]
    made_at: datetime
    lifetime: timedelta
    grace: timedelta
    etag: str
    seen: int

    def fresh(self, now: datetime) -> bool:
        """Whether it is as good as a new one; nobody knows how old one from the future is."""
        return NOTHING <= now - self.made_at < self.lifetime

    def of_use(self, now: datetime) -> bool:
        """Whether it may be told while a new one is made."""
        return NOTHING <= now - self.made_at < self.lifetime + self.grace

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return OVERHEAD + len(self.data) + EACH_TAG * len(self.tags)

    def heard(self, seen: int) -> Self:
        """The same entry, known to hold after more was heard."""
        return replace(self, seen=seen)

    def pack(self, heard: str) -> bytes:
        """As bytes; `heard` is the last invalidation that all processes know by this name."""
        head = orjson.dumps(
            [
                heard,
                self.made_at.timestamp(),
                self.lifetime.total_seconds(),
                self.grace.total_seconds(),
                self.etag,
                self.facts,
                sorted(self.tags),
            ]
        )
        return len(head).to_bytes(LENGTH, "big") + head + self.data


def unpack(packed: bytes, zone: Any, seen: int) -> tuple[Entry, str]:
    """An entry as another process packed it, and what that process had heard.

    Raises:
        ValueError: it is none.
    """
    try:
        end = LENGTH + int.from_bytes(packed[:LENGTH], "big")
        heard, made_at, lifetime, grace, etag, facts, tags = orjson.loads(packed[LENGTH:end])
        entry = Entry(
            data=packed[end:],
            facts=facts,
            tags=frozenset(tags),
            made_at=datetime.fromtimestamp(made_at, zone),
            lifetime=timedelta(seconds=lifetime),
            grace=timedelta(seconds=grace),
            etag=etag,
            seen=seen,
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("no entry of ours") from error
    return entry, heard


def etag_of(data: bytes, facts: Any) -> str:
    """An entity tag of what is told: it need not withstand anybody, for the data is ours."""
    hashed = xxh3_128(data)
    hashed.update(orjson.dumps(facts))
    return hashed.hexdigest()
