"""What did another process of ours read a moment ago, so that we need not ask?

It stands between a reader and its port: what the reader misses is looked for among what all
processes keep, and only the rest is asked for. A value keeps the time at which it was read and is
never LIVE for those who did not read it.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Generic, Protocol, TypeVar

import orjson
from msgspec import Struct
from msgspec.structs import asdict

from app.upstream.changes import Changes
from app.upstream.readings import Fetched

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Collection[K]], Awaitable[Fetched[K, V]]]
Found = tuple[V, datetime, datetime]  # a value, when it was true and when it was read
NAME_SIZE = 16  # bytes


class Vault(Protocol):
    """Where all processes keep values by name."""

    async def get(self, names: Sequence[str]) -> Sequence[bytes | None]:
        """The values, in order; None where there is none, or nobody answers in time."""
        ...

    def put(self, values: Mapping[str, bytes], keep: timedelta) -> None:
        """Keep values for a while, without waiting for it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLevel:
    """What one connection told, kept in a vault under names that begin with `space`."""

    vault: Vault
    space: str
    fresh_for: timedelta
    now: Callable[[], datetime]
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[V]):
    """One kind of value: how it is read back from JSON, and what its changes go by."""

    name: str
    read: Callable[[Any], V]
    changes_of: Callable[[V], Collection[str]]


def through(level: SecondLevel | None, kind: Kind[V], fetch: Fetch[K, V]) -> Fetch[K, V]:
    """`fetch`, asked only for what is not kept."""
    if level is None or level.fresh_for <= timedelta():
        return fetch
    shelf: _Shelf[K, V] = _Shelf(level, kind)

    async def fetched(keys: Collection[K]) -> Fetched[K, V]:
        began = level.now()
        found = await shelf.find(keys)
        rest = [key for key in keys if key not in found]
        asked = await fetch(rest) if rest else None
        if asked is not None:
            shelf.keep(rest, asked, began)
        return _together(found, asked)

    return fetched


@dataclass(frozen=True, slots=True)
class _Shelf(Generic[K, V]):
    level: SecondLevel
    kind: Kind[V]

    async def find(self, keys: Collection[K]) -> dict[K, Found[V]]:
        """What is kept, fresh, not known to have changed since, and not of the future."""
        packed = await self.level.vault.get([self._name(key) for key in keys])
        read = {key: self._read(one) for key, one in zip(keys, packed, strict=True) if one}
        return {key: one for key, one in read.items() if one is not None}

    def keep(self, keys: Collection[K], told: Fetched[K, V], began: datetime) -> None:
        """Keep what was asked for."""
        there = [key for key in keys if key in told.values]
        packed = {self._name(key): _packed(*told.values[key], began) for key in there}
        self.level.vault.put(packed, self.level.fresh_for)

    def _name(self, key: K) -> str:
        hashed = blake2b(orjson.dumps([self.kind.name, key], default=_plain), digest_size=NAME_SIZE)
        return f"{self.level.space}:{hashed.hexdigest()}"

    def _read(self, packed: bytes) -> Found[V] | None:
        try:
            read_at, as_of, told = orjson.loads(packed)
            value = self.kind.read(told)
            moments = datetime.fromisoformat(as_of), datetime.fromisoformat(read_at)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return None
        age = self.level.now() - moments[1]
        changed = self.level.changes.since(self.kind.changes_of(value))
        good_for = self.level.fresh_for if changed is None else min(self.level.fresh_for, changed)
        return (value, *moments) if timedelta() <= age < good_for else None


def _packed(value: Any, as_of: datetime, read_at: datetime) -> bytes:
    return orjson.dumps([read_at.isoformat(), as_of.isoformat(), value], default=_plain)


def _plain(value: Any) -> Any:
    """Texts are mappings, rows are made of fields, and exact numbers are texts."""
    if isinstance(value, Mapping):
        return dict(value)
    return asdict(value) if isinstance(value, Struct) else str(value)


def _together(found: Mapping[K, Found[V]], asked: Fetched[K, V] | None) -> Fetched[K, V]:
    values = {key: (value, as_of) for key, (value, as_of, _) in found.items()}
    read_at = {key: moment for key, (_, _, moment) in found.items()}
    if asked is None:
        oldest = min(as_of for _, as_of in values.values())
        return Fetched(values, oldest, read_at=read_at)
    return Fetched(values | dict(asked.values), asked.as_of, asked.rejected, read_at)
