"""How are the four systems called? Batches cut to the size they bear, asked side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, TypeVar

import orjson

from app.ports import UpstreamHttp, WireRequest
from connectors.kit.rows import batches, json_body

IDS_PER_CALL = 200  # what each of the four documents
JSON = {"content-type": "application/json"}
K = TypeVar("K", bound=str)
R = TypeVar("R")


class Caller:
    """Sends requests, and decodes what comes back."""

    def __init__(self, http: UpstreamHttp) -> None:
        self._http = http

    async def get(self, operation: str, path: str, query: Sequence[tuple[str, str]] = ()) -> Any:
        """The document at `path`."""
        request = WireRequest(operation=operation, method="GET", path=path, safe=True, query=query)
        return json_body(await self._http.send(request))

    async def post(self, operation: str, path: str, document: Any) -> Any:
        """What `path` answers to a document; none of the systems changes anything by it."""
        request = WireRequest(
            operation=operation,
            method="POST",
            path=path,
            safe=True,
            headers=JSON,
            body=orjson.dumps(document),
        )
        return json_body(await self._http.send(request))

    async def write(self, operation: str, method: str, path: str, document: Any) -> Any:
        """What `path` answers to a change; it is never repeated on the way."""
        request = WireRequest(
            operation=operation,
            method=method,
            path=path,
            safe=False,
            headers=JSON,
            body=orjson.dumps(document),
        )
        return json_body(await self._http.send(request))


async def in_batches(keys: Collection[K], ask: Callable[[list[K]], Awaitable[R]]) -> list[R]:
    """Answers about all keys, each asked once; the first failure ends the other calls."""
    calls = [asyncio.ensure_future(ask(batch)) for batch in batches(sorted(keys), IDS_PER_CALL)]
    try:
        return await asyncio.gather(*calls)
    finally:
        for call in calls:
            call.cancel()


def pairs(name: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """A query parameter that is repeated for every value."""
    return [(name, value) for value in values]
