"""Is this exchange what a vendor's published description of its API allows?

The descriptions are not part of the project: they are looked for where a variable says, else in a
folder `shared` beside the checkout or above it.
"""

import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockRequest, MockResponse

from connectors.kit.specimen import Asgi

Json = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def found(variable: str, beside: str, proof: str = "") -> Path | None:
    """Where a description is, if it is there; `proof` is a file in it, if it is a folder."""
    if told := os.environ.get(variable):
        return Path(told)
    places = (parent / "shared/contracts" / beside for parent in Path(__file__).parents[2].parents)
    return next((place for place in places if (place / proof).is_file()), None)


@dataclass(frozen=True)
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: str
    asked: bytes
    status: int
    answered: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> Any:
        """What was asked, decoded."""
        return json.loads(self.asked)

    @property
    def arguments(self) -> dict[str, str]:
        """The parameters behind the question mark."""
        return dict(parse_qsl(self.query))


class Contract:
    """Descriptions in OpenAPI 3, whose fields are to be closed: see `close`."""

    def __init__(self, documents: Sequence[Json], host: str) -> None:
        # They are not judged themselves: some refer to what is not at hand.
        config: Any = Config(spec_validator_cls=None)
        self._apis = [OpenAPI.from_dict(one, config=config) for one in documents]
        self._host = host

    def violations(self, exchange: Exchange) -> list[str]:
        """What the request and its answer have that they may not have."""
        where = f"{exchange.method} {exchange.path}"
        api, operation = self._operation(exchange)
        if api is None:
            return [f"{where}: is not described"]
        request = MockRequest(
            self._host,
            exchange.method.lower(),
            exchange.path,
            args=exchange.arguments,
            data=exchange.asked or None,
        )
        response = MockResponse(exchange.answered, status_code=exchange.status)
        try:
            api.validate_request(request)
        except OpenAPIError as error:
            return [f"{where}, request: {_told(error)}"]
        try:
            api.validate_response(request, response)
        except OpenAPIError as error:
            return [f"{where}, response: {_told(error)}"]
        return [f"{where}, {one}" for one in _beside_the_schemas(exchange, operation)]

    def _operation(self, exchange: Exchange) -> tuple[OpenAPI | None, Json]:
        for api in self._apis:
            paths = APICallPathFinder(api.spec)
            try:
                named = paths.find(exchange.method.lower(), self._host + exchange.path)
            except OpenAPIError:
                continue
            operation: Json = named.operation.read_value()
            return api, operation
        return None, {}


def _beside_the_schemas(exchange: Exchange, operation: Json) -> Iterator[str]:
    """What the library does not look at."""
    names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    for name in exchange.arguments:
        if name not in names:
            yield f"request: has no parameter {name}"
    if exchange.asked and "requestBody" not in operation:
        yield "request: takes no body"
    if operation.get("deprecated"):
        yield "request: is deprecated"
    answers = operation["responses"]
    if exchange.answered and "content" not in answers.get(
        str(exchange.status), answers.get("default")
    ):
        yield "response: is to be empty"


def _told(error: BaseException) -> str:
    reasons = getattr(error.__cause__, "schema_errors", ())
    cause = "" if error.__cause__ is None else f" ({error.__cause__})"
    return "; ".join(one.message for one in reasons) or f"{type(error).__name__}: {error}{cause}"


def close(schema: Any) -> None:
    """Forbid fields that are not named, all the way down."""
    if isinstance(schema, list):
        for one in schema:
            close(one)
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for one in schema.values():
            close(one)


@dataclass
class Watched:
    """An upstream whose every exchange is kept and held against the contract, if that is there.

    With `lying`, answers are not: the test is about a vendor that breaks its word.
    """

    app: Asgi
    lying: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    def contract(self, exchange: Exchange) -> Contract | None:
        """What is agreed about this exchange; None where it cannot be known."""
        raise NotImplementedError

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
        if (agreed := self.contract(exchange)) is None:
            return
        told = agreed.violations(exchange)
        self.violations += [one for one in told if not (self.lying and ", response:" in one)]


def _exchange(scope: Message, asked: bytes, answer: list[Message]) -> Exchange:
    return Exchange(
        method=scope["method"],
        path=scope["raw_path"].decode(),
        query=scope["query_string"].decode(),
        asked=asked,
        status=answer[0]["status"],
        answered=b"".join(message.get("body", b"") for message in answer[1:]),
        headers={name.decode(): value.decode() for name, value in scope["headers"]},
    )
