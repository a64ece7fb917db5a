"""What happened lately? Kept in memory, for those who come back after a moment."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.events.model import Topic
from app.store.log import Told

KEPT = 2_048  # facts, here and in each channel


@dataclass(slots=True)
class Recent:
    """All facts after `since` that anybody may follow."""

    since: int = 0
    _told: deque[Told] = field(default_factory=deque)
    _by_entity: dict[str, deque[Told]] = field(default_factory=dict)

    def begin(self, at: int) -> None:
        """Forget all; what comes after a number will be kept."""
        self.since = at
        self._told.clear()
        self._by_entity.clear()

    def add(self, told: Told) -> None:
        """Take one more; the oldest may have to go."""
        self._told.append(told)
        self._by_entity.setdefault(told.fact.entity, deque()).append(told)
        if len(self._told) > KEPT:
            self._forget(self._told.popleft())

    def of(self, topic: Topic) -> Iterator[Told]:
        """Those of a topic, in their order."""
        found = self._told if topic.entity is None else self._by_entity.get(topic.entity, ())
        told = (one for one in found if one.fact.kind in topic.kinds)
        return (one for one in told if topic.party in {None, one.fact.party})

    def _forget(self, oldest: Told) -> None:
        self.since = oldest.seq
        of_entity = self._by_entity[oldest.fact.entity]
        of_entity.popleft()
        if not of_entity:
            del self._by_entity[oldest.fact.entity]
