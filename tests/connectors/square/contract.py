"""Is this exchange what Square's published OpenAPI description allows?

The description is not part of the project. It is looked for where `SQUARE_API_DESCRIPTION` says,
else in a folder `shared` beside the checkout or above it.
"""

import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockRequest, MockResponse

from connectors.kit.specimen import Asgi

BESIDE = Path("shared/contracts/square/api.json")
HOST = "https://connect.squareup.com"
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def description() -> Path | None:
    """Where the description is, if it is there."""
    if told := os.environ.get("SQUARE_API_DESCRIPTION"):
        return Path(told)
    project = Path(__file__).parents[3]
    places = (parent / BESIDE for parent in project.parents)
    return next((place for place in places if place.is_file()), None)


@dataclass(frozen=True)
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: str
    asked: bytes
    status: int
    answered: bytes
    headers: Mapping[str, str]

    @property
    def body(self) -> Any:
        """What was asked, decoded."""
        return json.loads(self.asked)


class Contract:
    """The description, read strictly: fields that it does not name are mistakes."""

    def __init__(self, document: dict[str, Any]) -> None:
        # The description itself is not judged: it refers to examples on a server of Square's.
        self._api = OpenAPI.from_dict(_strict(document), config=Config(spec_validator_cls=None))
        self._paths = APICallPathFinder(self._api.spec)

    def violations(self, exchange: Exchange) -> list[str]:
        """What the request and its answer have that they may not have."""
        where = f"{exchange.method} {exchange.path}"
        request = MockRequest(
            HOST,
            exchange.method.lower(),
            exchange.path,
            args=dict(parse_qsl(exchange.query)),
            data=exchange.asked or None,
        )
        response = MockResponse(exchange.answered, status_code=exchange.status)
        try:
            self._api.validate_request(request)
        except OpenAPIError as error:
            return [f"{where}, request: {_told(error)}"]
        try:
            self._api.validate_response(request, response)
        except OpenAPIError as error:
            return [f"{where}, response: {_told(error)}"]
        return [f"{where}: {one}" for one in self._beside_the_schema(exchange)]

    def _beside_the_schema(self, exchange: Exchange) -> list[str]:
        """What the library does not look at."""
        found = self._paths.find(exchange.method.lower(), HOST + exchange.path).operation
        operation: Mapping[str, Any] = found.read_value()
        names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        asked = [name for name, _ in parse_qsl(exchange.query)]
        problems = [f"has no parameter {name}" for name in asked if name not in names]
        if exchange.asked and "requestBody" not in operation:
            problems.append("takes no body")
        if operation.get("x-release-status") == "DEPRECATED":
            problems.append("is deprecated")
        return problems


def _told(error: BaseException) -> str:
    reasons = getattr(error.__cause__, "schema_errors", ())
    return "; ".join(one.message for one in reasons) or f"{type(error).__name__}: {error}"


def _strict(document: dict[str, Any]) -> dict[str, Any]:
    """The same description, in which what is not named may not be, and errors have their shape."""
    schemas = document["components"]["schemas"]
    _close(schemas)
    failed = {
        "type": "object",
        "required": ["errors"],
        "additionalProperties": False,
        "properties": {"errors": schemas["SearchCustomersResponse"]["properties"]["errors"]},
    }
    error = {"description": "No.", "content": {"application/json": {"schema": failed}}}
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)  # OAuth, which is looked at by other tests
            operation["responses"]["default"] = error
    return document


def _close(schema: Any) -> None:
    """Forbid fields that are not named, all the way down."""
    if isinstance(schema, list):
        for one in schema:
            _close(one)
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for one in schema.values():
            _close(one)


@cache
def contract() -> Contract | None:
    """The contract; None where the description is not there."""
    place = description()
    return None if place is None else Contract(json.loads(place.read_bytes()))


@dataclass
class Watched:
    """An upstream whose every exchange is kept and held against the contract, if that is there.

    With `lying`, answers are not: the test is about a vendor that breaks its word.
    """

    app: Asgi
    lying: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def state(self) -> Any:
        """What the app keeps, for those who look past the connector."""
        return getattr(self.app, "state", None)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass one request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked, answer = [], []

        async def hear() -> Message:
            message = await receive()
            asked.append(message.get("body", b""))
            return message

        async def keep(message: Message) -> None:
            answer.append(message)
            await send(message)

        await self.app(scope, hear, keep)
        self._judge(_exchange(scope, b"".join(asked), answer))

    def _judge(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if (agreed := contract()) is not None:
            found = agreed.violations(exchange)
            self.violations += [one for one in found if not (self.lying and ", response:" in one)]


def _exchange(scope: Message, asked: bytes, answer: list[Message]) -> Exchange:
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    return Exchange(
        method=scope["method"],
        path=scope["raw_path"].decode(),
        query=scope["query_string"].decode(),
        asked=asked,
        status=answer[0]["status"],
        answered=b"".join(message.get("body", b"") for message in answer[1:]),
        headers=headers,
    )
