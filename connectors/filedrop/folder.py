"""How is a folder of this machine used as a drop?"""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

from connectors.filedrop.drop import (
    At,
    MissingError,
    Seen,
    ShutOutError,
    SilentError,
    TakenError,
    TooLargeError,
)

T = TypeVar("T")
LAST = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp()


class Folder:
    """Below `root`, which has to be there: a share that is not mounted is silent, not empty."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    async def files(self, folder: str) -> list[Seen]:
        """See `Drop`. Links are no files."""
        return await self._done(lambda: self._files(folder))

    async def read(self, at: At, most: int) -> bytes:
        """See `Drop`."""
        return await self._done(lambda: self._read(at, most))

    async def write(self, at: At, data: bytes) -> None:
        """See `Drop`."""
        await self._done(lambda: self._write(at, data))

    async def move(self, source: At, target: At) -> None:
        """See `Drop`."""

        def moved() -> None:
            os.link(self._path(source), self._made(target), follow_symlinks=False)
            with suppress(FileNotFoundError):
                self._path(source).unlink()

        await self._done(moved)

    async def put(self, source: At, target: At) -> None:
        """See `Drop`."""
        await self._done(lambda: self._path(source).replace(self._made(target)))

    async def remove(self, at: At) -> None:
        """See `Drop`."""
        await self._done(lambda: self._path(at).unlink())

    async def close(self) -> None:
        """See `Drop`."""

    async def _done(self, act: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(act)
        except FileNotFoundError:
            if not self._root.is_dir():
                raise SilentError("the folder is not there") from None
            raise MissingError("there is no such file") from None
        except FileExistsError:
            raise TakenError("there is another file of this name") from None
        except PermissionError:
            raise ShutOutError("the folder may not be used: see to its rights") from None
        except OSError as error:
            raise SilentError(f"the folder cannot be used ({type(error).__name__})") from None

    def _files(self, folder: str) -> list[Seen]:
        self._made(At(folder, ""))
        found = []
        with os.scandir(self._root / folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    one = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(one.st_mode):
                        found.append(Seen(entry.name, one.st_size, modified(one.st_mtime)))
        return found

    def _read(self, at: At, most: int) -> bytes:
        file = os.open(self._path(at), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(file, "rb") as opened:
            data = opened.read(most + 1)
        if len(data) > most:
            raise TooLargeError("the file is too large")
        return data

    def _write(self, at: At, data: bytes) -> None:
        part = self._made(At(at.folder, f".{token_hex(8)}.part"))
        try:
            with part.open("xb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(self._path(at))
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _path(self, at: At) -> Path:
        return self._root / at.folder / at.name

    def _made(self, at: At) -> Path:
        """Where it goes, in a folder that is made if it has to be; the root never is."""
        folder = self._root
        for step in at.folder.split("/"):
            folder /= step
            folder.mkdir(exist_ok=True)
        return folder / at.name


def modified(seconds: float) -> datetime:
    """When a file was written; a year that no calendar has becomes the nearest possible one."""
    return datetime.fromtimestamp(min(max(seconds, 0), LAST), UTC)
