"""What do we write down about what goes out, so that it goes out once?

A file waits under a name of ours until a record names it, which nobody overwrites; then it is moved
to the outbox, in one step. Whoever comes later finds the record: either the file still waits, and
is moved, or it has been. What the partner does with it afterwards does not matter.
"""

from collections.abc import Callable
from secrets import token_hex
from typing import TypeVar

import msgspec

from connectors.filedrop.drop import At, Drop, MissingError, SilentError, TakenError

T = TypeVar("T")
MOST = 10_000  # bytes of a record


class RefusedError(Exception):
    """It will not be done, and nothing has happened."""


class Records:
    """Those of one folder; none is read that has more than `most` bytes."""

    def __init__(self, drop: Drop, folder: str, most: int = MOST) -> None:
        self._drop, self._folder, self._most = drop, folder, most

    async def names(self) -> list[str]:
        """What is there."""
        return [one.name for one in await self._drop.files(self._folder)]

    async def kept(self, name: str, kind: type[T]) -> T | None:
        """A record; None where there is none."""
        try:
            data = await self._drop.read(self.at(name), self._most)
            return msgspec.json.decode(data, type=kind)
        except MissingError:
            return None
        except msgspec.MsgspecError:
            raise SilentError("a record of ours cannot be read") from None

    async def keep(self, name: str, record: object) -> None:
        """Have a record, in place of what was there."""
        await self._drop.write(self.at(name), msgspec.json.encode(record))

    async def claim(
        self, name: str, stem: str, data: bytes, record: Callable[[str], object]
    ) -> str | None:
        """Have a file wait, and the record that names it; None where there is such a record.

        `record` makes it of the name of the file, which begins with `stem` and is returned.
        """
        token = token_hex(8)
        ready, claim = f"{stem}.{token}.ready", f"{stem}.{token}.claim"
        await self._drop.write(self.at(ready), data)
        await self.keep(claim, record(ready))
        try:
            await self._drop.move(self.at(claim), self.at(name))
        except TakenError:
            for mine in (claim, ready):
                await self._drop.remove(self.at(mine))
            return None
        return ready

    async def out(self, ready: str, target: At) -> None:
        """Move a file that waits; one that does not has gone out before."""
        try:
            await self._drop.put(self.at(ready), target)
        except MissingError:
            return

    async def forget(self, name: str) -> None:
        """Have a record gone, if it is there."""
        try:
            await self._drop.remove(self.at(name))
        except MissingError:
            return

    def at(self, name: str) -> At:
        """Where it is."""
        return At(self._folder, name)
