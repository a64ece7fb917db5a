"""A Tryton made of prepared answers, for tests that look at what is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.ports import WireRequest, WireResponse, Wiring
from app.values import LocationCode
from connectors.kit.specimen import recorded
from connectors.tryton import Settings
from connectors.tryton.specimen import FOLDER

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
JSON = {"content-type": "application/json"}
PREFERENCES = {"company": 1, "language": "en", "locale": {"date": "%d"}}
Json = Any
Result = Json | Exception | Callable[..., Json]


@dataclass
class Upstream:
    """Answers each operation with its result. Every answer is a second younger than the last."""

    results: dict[str, Result]
    requests: list[WireRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.results = {"login": [7, "key", None], "preferences": PREFERENCES, **self.results}

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.requests]

    def params(self, operation: str) -> list[list[Json]]:
        """The parameters of every call of an operation."""
        return [
            orjson.loads(request.body or b"")["params"]
            for request in self.requests
            if request.operation == operation
        ]

    async def send(self, request: WireRequest) -> WireResponse:
        self.requests.append(request)
        result = self.results[request.operation]
        if callable(result):
            result = result(*self.params(request.operation)[-1])
        if isinstance(result, Exception):
            raise result
        return self.told(orjson.dumps({"id": 1, "result": result}))

    def told(self, body: bytes, headers: Mapping[str, str] = JSON) -> WireResponse:
        date = NOW + timedelta(seconds=len(self.requests))
        return WireResponse(status=200, headers=headers, body=body, date=date)


@dataclass
class Verbatim(Upstream):
    """Answers everything but the login and the preferences with one body."""

    body: bytes = b""
    kind: str = "application/json"

    async def send(self, request: WireRequest) -> WireResponse:
        if request.operation in self.results:
            return await super().send(request)
        self.requests.append(request)
        return self.told(self.body, {"content-type": self.kind})


def settings(**changed: Json) -> Settings:
    told = {"url": "https://erp.test", "database": "shop", "username": "gw", "password": "s3cret"}
    return Settings.model_validate({**told, **changed})


def wiring(upstream: Upstream, locations: Mapping[LocationCode, str] | None = None) -> Wiring:
    return Wiring(name="erp", http=upstream, now=lambda: NOW, locations=locations or {})


def recorded_rows(model: str, number: int = 0) -> list[dict[str, Json]]:
    """The rows that the real Tryton answered to the nth recorded search of a model."""
    method = f"model.{model}.search_read"
    found = [one for one in recorded(FOLDER) if one["request"]["method"] == method]
    rows: list[dict[str, Json]] = found[number]["response"]["result"]
    return rows
