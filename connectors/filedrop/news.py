"""Which level of a SKU is the newest news of it, in whatever order files come?"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from connectors.filedrop.dating import Version
from connectors.filedrop.documents import Level, StockList


class Told(NamedTuple):
    """A level, and the file that it is out of."""

    version: Version
    level: Level


class News:
    """The levels that files have told. An older file never overwrites a newer one.

    Files may come in any order, and more than once: what is known depends on which files have come
    and on nothing else. A full file outdates whatever is older than it.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Told]] = {}
        self._full: Version | None = None
        self.newest: Version | None = None

    @property
    def full(self) -> Version | None:
        """The newest full file."""
        return self._full

    @property
    def as_of(self) -> datetime | None:
        """When the newest file was true; None before the first one."""
        return None if self.newest is None else self.newest.as_of

    def take(self, version: Version, found: StockList, *, full: bool) -> None:
        """What a file tells."""
        if self.newest is None or version > self.newest:
            self.newest = version
        if self._full is not None and version < self._full:
            return
        if full:
            self._full = version
            self._forget_before(version)
        for level in found.levels:
            places = self._told.setdefault(level.sku, {})
            known = places.get(level.place)
            if known is None or known.version <= version:
                places[level.place] = Told(version, level)

    def levels(self, skus: Iterable[str], places: Collection[str]) -> Iterator[Told]:
        """What is known of these SKUs at these places."""
        for sku in dict.fromkeys(skus):
            told = self._told.get(sku, {})
            yield from (told[place] for place in dict.fromkeys(places) if place in told)

    def lost(self, version: Version, found: StockList) -> float:
        """The share of the SKUs known before this full file that it does not name."""
        before = {
            sku
            for sku, places in self._told.items()
            if any(told.version < version for told in places.values())
        }
        named = {level.sku for level in found.levels}
        return len(before - named) / len(before) if before else 0.0

    def _forget_before(self, version: Version) -> None:
        for sku, places in list(self._told.items()):
            kept = {place: told for place, told in places.items() if told.version >= version}
            if kept:
                self._told[sku] = kept
            else:
                del self._told[sku]
