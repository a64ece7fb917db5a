"""Is this exchange what Amazon's published models of the Selling Partner API allow?

The models are not part of the project. They are looked for where `AMAZON_API_MODELS` says, else in
a folder `shared` beside the checkout or above it. They are Swagger 2.0; here they are said again as
OpenAPI 3.0, word for word, as that is what the library reads.
"""

import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
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

BESIDE = Path("shared/contracts/amazon-sp-api")
MODELS = (
    "models/orders-api-model/orders_2026-01-01.json",
    "models/orders-api-model/ordersV0.json",
    "models/listings-items-api-model/listingsItems_2021-08-01.json",
    "models/external-fulfillment/externalFulfillmentShipments_2024-09-11.json",
)
NOTIFICATION = "schemas/notifications/OrderChangeNotification.json"
HOST = "https://sellingpartnerapi-na.amazon.com"
ELSEWHERE = frozenset({"/auth/o2/token"})  # Login with Amazon: no model describes it
OF_SCHEMAS = ("type", "format", "items", "enum", "maxItems", "minItems", "maximum", "minimum")
OF_TEXTS = ("maxLength", "minLength", "pattern", "default")
Json = dict[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def models() -> Path | None:
    """Where the models are, if they are there."""
    if told := os.environ.get("AMAZON_API_MODELS"):
        return Path(told)
    places = (parent / BESIDE for parent in Path(__file__).parents[3].parents)
    return next((place for place in places if (place / MODELS[0]).is_file()), None)


def model(name: str) -> Json:
    """One document of theirs."""
    place = models()
    if place is None:
        raise LookupError("the models are not there")
    found: Json = json.loads((place / name).read_bytes())
    return found


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
    """The models, read strictly: fields that they do not name are mistakes."""

    def __init__(self, documents: list[Json]) -> None:
        config: Any = Config(spec_validator_cls=None)
        self._apis = [OpenAPI.from_dict(_as_openapi(one), config=config) for one in documents]

    def violations(self, exchange: Exchange) -> list[str]:
        """What the request and its answer have that they may not have."""
        where = f"{exchange.method} {exchange.path}"
        api, operation = self._operation(exchange)
        if api is None:
            return [f"{where}: no model has it"]
        request = MockRequest(
            HOST,
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
                found = paths.find(exchange.method.lower(), HOST + exchange.path)
            except OpenAPIError:
                continue
            operation: Json = found.operation.read_value()
            return api, operation
        return None, {}


def _beside_the_schemas(exchange: Exchange, operation: Json) -> Iterator[str]:
    """What the library does not look at."""
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    for name in exchange.arguments:
        if name not in names:
            yield f"request: has no parameter {name}"
    if exchange.asked and "requestBody" not in operation:
        yield "request: takes no body"
    if operation.get("deprecated"):
        yield "request: is deprecated"
    if exchange.answered and "content" not in operation["responses"][str(exchange.status)]:
        yield "response: is to be empty"


def _told(error: BaseException) -> str:
    reasons = getattr(error.__cause__, "schema_errors", ())
    cause = "" if error.__cause__ is None else f" ({error.__cause__})"
    return "; ".join(one.message for one in reasons) or f"{type(error).__name__}: {error}{cause}"


def _as_openapi(swagger: Json) -> Json:
    """The same description as OpenAPI 3.0, in which what is not named may not be."""
    paths = {
        path: {
            method: _operation(operation, methods.get("parameters", []))
            for method, operation in methods.items()
            if method != "parameters"
        }
        for path, methods in swagger["paths"].items()
    }
    document = {
        "openapi": "3.0.3",
        "info": swagger["info"],
        "servers": [{"url": HOST}],
        "paths": paths,
        "components": {"schemas": swagger["definitions"]},
    }
    _close(document)
    text = json.dumps(document).replace("#/definitions/", "#/components/schemas/")
    found: Json = json.loads(text)
    return found


def _operation(swagger: Json, shared: list[Json]) -> Json:
    given = [*shared, *swagger.get("parameters", [])]
    made: Json = {
        "parameters": [_parameter(one) for one in given if one["in"] != "body"],
        "responses": {
            status: {"description": "", **_content(one.get("schema"))}
            for status, one in swagger["responses"].items()
        },
        "deprecated": swagger.get("deprecated", False),
    }
    for one in given:
        if one["in"] == "body":
            content = _content(one["schema"])
            made["requestBody"] = {"required": one.get("required", False), **content}
    return made


def _parameter(swagger: Json) -> Json:
    known = (*OF_SCHEMAS, *OF_TEXTS)
    schema = {name: value for name, value in swagger.items() if name in known}
    made = {"name": swagger["name"], "in": swagger["in"], "schema": schema}
    made["required"] = swagger.get("required", False)
    if swagger["type"] == "array":  # csv, which is what Swagger means where nothing is said
        assert swagger.get("collectionFormat", "csv") == "csv"
        made |= {"style": "form", "explode": False}
    return made


def _content(schema: Json | None) -> Json:
    return {} if schema is None else {"content": {"application/json": {"schema": schema}}}


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
    """The contract; None where the models are not there."""
    return None if models() is None else Contract([model(name) for name in MODELS])


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
        if (agreed := contract()) is None or exchange.path in ELSEWHERE:
            return
        found = agreed.violations(exchange)
        self.violations += [one for one in found if not (self.lying and ", response:" in one)]


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
