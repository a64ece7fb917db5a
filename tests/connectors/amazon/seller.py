"""A seller on Amazon that lives in the test: the miniature, served over HTTP and watched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.ports import (
    Acknowledgement,
    MarketOrderNumber,
    MarketWriteKey,
    Parcel,
    ShippedLine,
    Wiring,
)
from app.upstream.client import ClientPolicy, open_client
from connectors.amazon import Settings
from connectors.amazon.api import Api
from connectors.amazon.connection import AmazonConnection
from connectors.amazon.specimen import SETTINGS, TinyAmazon, app
from connectors.amazon.specimen_orders import OPEN
from connectors.kit.serve import serve
from tests.connectors.amazon.contract import Watched
from tests.connectors.contracts import Exchange

LOGIN = "/auth/o2/token"
NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """The time of the gateway and of the miniature, which waiting moves forward."""

    time: datetime = NOON
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.time

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Seller:
    """A connection, the miniature behind it, and what they say to one another."""

    connection: AmazonConnection
    amazon: TinyAmazon
    watched: Watched
    clock: Clock

    def asked(self, path: str) -> list[Exchange]:
        """The exchanges of one operation."""
        return [one for one in self.watched.exchanges if one.path == path]

    @property
    def paths(self) -> list[str]:
        """What was called, logins apart."""
        return [one.path for one in self.watched.exchanges if one.path != LOGIN]


@asynccontextmanager
async def a_seller(
    *, wide: bool = True, lying: bool = False, around: Any = None, **changes: Any
) -> AsyncIterator[Seller]:
    """A seller; at the end, nothing may have been said that the contract does not allow.

    `around` makes another app of the miniature, `changes` are those of the settings.
    """
    clock = Clock()
    made: Any = app(wide=wide, clock=clock.now)
    watched = Watched(made if around is None else around(made), lying=lying)
    policy = ClientPolicy(timeout=timedelta(seconds=5))
    async with (
        serve(watched) as url,
        open_client("amazon", url, policy=policy, now=clock.now) as http,
    ):
        settings = Settings.model_validate({**deepcopy(SETTINGS), **changes, "url": url})
        wiring = Wiring(name="amazon", http=http, now=clock.now)
        api = Api(settings, wiring, clock.sleep)
        connection = AmazonConnection(settings, wiring, api)
        yield Seller(connection, made.state.amazon, watched, clock)
    assert watched.violations == []


def a_parcel(key: str = "P-1", **changes: Any) -> Parcel:
    given: dict[str, Any] = {
        "key": MarketWriteKey(key),
        "order": MarketOrderNumber(OPEN),
        "lines": (ShippedLine(reference="11", quantity=2),),
        "carrier": "DHL",
        "tracking": "00340434161094000000",
        "shipped_at": NOON,
    }
    return Parcel(**{**given, **changes})


def a_word(order: str, key: str = "W-1") -> Acknowledgement:
    return Acknowledgement(key=MarketWriteKey(key), order=MarketOrderNumber(order))
