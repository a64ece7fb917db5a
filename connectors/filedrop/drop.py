"""What can be done with the files of a drop, wherever it is?"""

from datetime import datetime
from typing import NamedTuple, Protocol

LONGEST_NAME = 150  # bytes; ours are put around it


class DropError(Exception):
    """It could not be done. Messages hold no address, no secret and nothing that a server says."""


class SilentError(DropError):
    """The drop does not answer, or cannot do it now."""


class ShutOutError(DropError):
    """The drop does not let us in, or is not the one that it should be."""


class MissingError(DropError):
    """There is no such file."""


class TakenError(DropError):
    """There is another file of this name."""


class TooLargeError(DropError):
    """The file is larger than what is read."""


class At(NamedTuple):
    """Where a file is."""

    folder: str
    name: str


class Seen(NamedTuple):
    """A file that is there; `modified` is by the clock of whoever keeps it."""

    name: str
    size: int
    modified: datetime


class Drop(Protocol):
    """Folders of files. Every method may raise `SilentError` and `ShutOutError`."""

    async def files(self, folder: str) -> list[Seen]:
        """The plain files of a folder, in any order; a folder that is missing is made."""
        ...

    async def read(self, at: At, most: int) -> bytes:
        """A whole file.

        Raises:
            MissingError: there is none.
            TooLargeError: it has more than so many bytes.
        """
        ...

    async def write(self, at: At, data: bytes) -> None:
        """Have it there, whole or not at all, in place of what was there."""
        ...

    async def move(self, source: At, target: At) -> None:
        """Move it, and never over another one.

        Raises:
            MissingError: it is not there (any more).
            TakenError: there is one of that name.
        """
        ...

    async def put(self, source: At, target: At) -> None:
        """Move it in one step, in place of what was there.

        Raises:
            MissingError: it is not there (any more).
        """
        ...

    async def remove(self, at: At) -> None:
        """Have it gone.

        Raises:
            MissingError: it was not there.
        """
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


def safe(name: str) -> bool:
    """Whether a name that was found in a folder names a file in that folder, and can be kept."""
    return (
        not name.startswith(".")
        and not {"/", "\\", "\0"} & set(name)
        and name.isprintable()
        and len(name.encode(errors="surrogatepass")) <= LONGEST_NAME
    )
