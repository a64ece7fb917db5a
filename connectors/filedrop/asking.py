"""How is the desk asked over HTTP?"""

from datetime import datetime
from typing import Any

import orjson

from app.errors import UpstreamBroken
from app.ports import UpstreamHttp, WireRequest
from connectors.kit.cells import instant
from connectors.kit.rows import json_body

JSON = {"content-type": "application/json"}


class Asking:
    """Sends documents, and reads the answers."""

    def __init__(self, http: UpstreamHttp) -> None:
        self._http = http

    async def ask(self, operation: str, path: str, asked: Any) -> Any:
        """The answer to a question, which may be put again."""
        return await self._send(operation, "POST", path, asked, safe=True)

    async def write(self, operation: str, method: str, path: str, document: Any) -> Any:
        """The answer to something that is to be done."""
        return await self._send(operation, method, path, document, safe=False)

    async def _send(
        self, operation: str, method: str, path: str, document: Any, *, safe: bool
    ) -> Any:
        request = WireRequest(
            operation=operation,
            method=method,
            path=path,
            safe=safe,
            headers=JSON,
            body=orjson.dumps(document),
        )
        return json_body(await self._http.send(request))


def as_of(document: Any) -> datetime:
    """When an answer was true.

    Raises:
        UpstreamBroken: it does not say.
    """
    try:
        return instant(document, "as_of")
    except (LookupError, TypeError, ValueError) as error:
        raise UpstreamBroken("the answer states no usable as_of") from error
