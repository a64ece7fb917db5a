"""A Vendure that lives in the test: recorded answers, overridden where a test needs another."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from app.errors import UpstreamError
from app.ports import WireRequest, WireResponse, Wiring
from app.values import Channel, ChannelCode, CountryCode, CurrencyCode, Locale, LocationCode
from connectors.vendure import Settings, connect
from connectors.vendure.connection import VendureConnection
from connectors.vendure.specimen import PASSWORD, USERNAME, TinyVendure

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANSWERED = NOON - timedelta(seconds=1)
WEB = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("en"),
)
DEPOT, OUTLET, POPUP = (
    LocationCode("ECOM-1"),
    LocationCode("OUT-NOV"),
    LocationCode("Pop-up Milano"),
)
LOCATIONS = {DEPOT: "E-commerce depot", OUTLET: "2"}

Said = Mapping[str, Any] | bytes | UpstreamError


class FakeHttp:
    """Implements `UpstreamHttp`. `say` puts answers before the recorded ones, by operation."""

    def __init__(self) -> None:
        self.sent: list[WireRequest] = []
        self._vendure = TinyVendure()
        self._said: dict[str, list[tuple[Said, Mapping[str, str]]]] = {}

    def say(self, operation: str, said: Said, headers: Mapping[str, str] | None = None) -> None:
        self._said.setdefault(operation, []).append((said, headers or {}))

    def say_recorded(self, operation: str, name: str) -> None:
        exchange = self._vendure.exchanges[name]
        self.say(operation, exchange["body"], exchange["headers"])

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.sent)

    async def send(self, request: WireRequest) -> WireResponse:
        self.sent.append(request)
        if self._said.get(request.operation):
            said, headers = self._said[request.operation].pop(0)
            if isinstance(said, UpstreamError):
                raise said
            body = said if isinstance(said, bytes) else orjson.dumps(said)
            return WireResponse(status=200, headers=headers, body=body, date=ANSWERED)
        language = dict(request.query).get("languageCode", "en")
        exchange = self._vendure.answer(request.body or b"", request.headers, language)
        return WireResponse(
            status=exchange["status"],
            headers=exchange["headers"],
            body=orjson.dumps(exchange["body"]),
            date=ANSWERED,
        )


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time


def a_connection(
    http: FakeHttp, *, clock: Clock | None = None, **changes: object
) -> VendureConnection:
    given = {
        "url": "https://shop.example",
        "username": USERNAME,
        "password": PASSWORD,
        "gtin_field": "gtin",
        "languages": ["en", "it"],
    }
    wiring = Wiring(name="shop", http=http, now=(clock or Clock()).now, locations=LOCATIONS)
    return connect(Settings.model_validate(given | changes), wiring)


def asked(request: WireRequest) -> Any:
    """The variables of a request."""
    return orjson.loads(request.body or b"")["variables"]


def recorded(name: str) -> Any:
    """The body of a recorded answer, the test's own."""
    return TinyVendure().exchanges[name]["body"]
