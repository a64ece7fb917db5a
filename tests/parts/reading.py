"""Reads the parts of an answer as they come, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

WITHIN = 60.0  # seconds: whatever is waited for comes soon, or never
BY_PATH = "multipart/mixed;deferSpec=20220824"
BY_ID = "multipart/mixed;incrementalSpec=v0.2"
HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"


@dataclass
class Parts:
    """An answer that is being read; `boundary` is the one its media type tells."""

    response: httpx.Response
    boundary: bytes
    read: bytes = b""

    def __post_init__(self) -> None:
        self._chunks = self.response.aiter_bytes()
        self._opened = False

    async def next(self) -> dict[str, Any]:
        """The next part; exact to the byte, and there as soon as its own delimiter is."""
        delimiter = b"\r\n--" + self.boundary
        if not self._opened:
            await self._expect(delimiter)
            self._opened = True
        await self._expect(HEAD)
        while (end := self.read.find(delimiter)) < 0:
            await self._more()
        told, self.read = self.read[:end], self.read[end + len(delimiter) :]
        part: dict[str, Any] = orjson.loads(told)
        return part

    async def end(self) -> None:
        """Nothing but the end of the last delimiter comes."""
        async with asyncio.timeout(WITHIN):
            async for chunk in self._chunks:
                self.read += chunk
        assert self.read == b"--\r\n"

    async def all(self) -> list[dict[str, Any]]:
        """Every part of deferred delivery; the last one says so."""
        parts = [await self.next()]
        while parts[-1]["hasNext"]:
            parts.append(await self.next())
        await self.end()
        return parts

    async def _expect(self, wanted: bytes) -> None:
        while len(self.read) < len(wanted):
            await self._more()
        assert self.read.startswith(wanted), self.read
        self.read = self.read[len(wanted) :]

    async def _more(self) -> None:
        async with asyncio.timeout(WITHIN):
            self.read += await anext(self._chunks)


@asynccontextmanager
async def parts(
    address: str, query: str, *, accept: str = BY_ID, **variables: Any
) -> AsyncIterator[Parts]:
    """The answer to a query, in whatever parts it comes; compressed, as clients ask for it."""
    asked = {"query": query, "variables": variables}
    async with (
        httpx.AsyncClient(timeout=WITHIN) as http,
        http.stream(
            "POST",
            f"{address}/graphql",
            json=asked,
            headers={"accept": f"{accept}, application/json", "accept-encoding": "gzip"},
        ) as response,
    ):
        media, boundary, _ = response.headers["content-type"].split(";")
        assert media == "multipart/mixed"
        yield Parts(response, boundary.removeprefix('boundary="').removesuffix('"').encode())
