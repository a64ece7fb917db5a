"""A seller on Square that lives in the test: the miniature, served over HTTP and watched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.ports import Wiring, provided_ports
from app.upstream.client import ClientPolicy, open_client
from app.values import Channel, ChannelCode, CountryCode, CurrencyCode, Locale, LocationCode
from connectors.kit.serve import serve
from connectors.square import Settings, connect
from connectors.square.connection import SquareConnection
from connectors.square.specimen import TOKEN, TinySquare, app
from connectors.square.specimen_shop import DUBLIN
from tests.connectors.contracts import Exchange
from tests.connectors.square.contract import Watched

DUB, ORK, STALL = LocationCode("DUB-1"), LocationCode("ORK-1"), LocationCode("Market stall")
LOCATIONS = {DUB: DUBLIN, ORK: "Cork"}
EVERYTHING: dict[str, Any] = {
    "prices": {"tax_included": True},
    "loyalty": {"location": DUBLIN},
    "customers": {"country": "IE"},
    "receipts": True,
}
WEB = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IE"),
    locale=Locale("en"),
)


class Clock:
    """The time of the gateway, which tests move forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Seller:
    """A connection, the miniature behind it, and what they say to one another."""

    connection: SquareConnection
    square: TinySquare
    watched: Watched
    clock: Clock

    def asked(self, path: str) -> list[Exchange]:
        """The exchanges of one endpoint."""
        return [one for one in self.watched.exchanges if one.path == path]

    @property
    def ports(self) -> frozenset[str]:
        return provided_ports(self.connection)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.watched.exchanges]


@asynccontextmanager
async def a_seller(
    *,
    page: int = 1000,
    lying: bool = False,
    locations: dict[LocationCode, str] = LOCATIONS,
    **changes: Any,
) -> AsyncIterator[Seller]:
    """A seller; at the end, nothing may have been said that the contract does not allow."""
    made: Any = app(page)
    watched, clock = Watched(made, lying=lying), Clock()
    async with (
        serve(watched) as url,
        open_client("square", url, policy=ClientPolicy(timeout=timedelta(seconds=5))) as http,
    ):
        given = {"access_token": TOKEN, **EVERYTHING, **changes, "url": url}
        wiring = Wiring(name="tills", http=http, now=clock.now, locations=locations)
        connection = connect(Settings.model_validate(given), wiring)
        yield Seller(connection, made.state.square, watched, clock)
    assert watched.violations == []
