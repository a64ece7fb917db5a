"""How are files kept in memory, for partners in miniature?"""

from datetime import UTC, datetime

from connectors.filedrop.drop import At, MissingError, Seen, TakenError, TooLargeError

AT = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


class MemoryDrop:
    """Files in memory."""

    def __init__(self) -> None:
        self.kept: dict[At, tuple[bytes, datetime]] = {}

    async def files(self, folder: str) -> list[Seen]:
        """See `Drop`."""
        return [
            Seen(at.name, len(data), modified)
            for at, (data, modified) in self.kept.items()
            if at.folder == folder
        ]

    async def read(self, at: At, most: int) -> bytes:
        """See `Drop`."""
        data, _ = self._there(at)
        if len(data) > most:
            raise TooLargeError
        return data

    async def write(self, at: At, data: bytes) -> None:
        """See `Drop`."""
        self.kept[at] = (data, AT)

    async def move(self, source: At, target: At) -> None:
        """See `Drop`."""
        kept = self._there(source)
        if target in self.kept:
            raise TakenError
        self.kept[target] = kept
        del self.kept[source]

    async def put(self, source: At, target: At) -> None:
        """See `Drop`."""
        self.kept[target] = self._there(source)
        del self.kept[source]

    async def remove(self, at: At) -> None:
        """See `Drop`."""
        self._there(at)
        del self.kept[at]

    async def close(self) -> None:
        """See `Drop`."""

    def _there(self, at: At) -> tuple[bytes, datetime]:
        if at not in self.kept:
            raise MissingError
        return self.kept[at]
