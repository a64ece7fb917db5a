"""A clock that is told the time, a shop whose answers can be held back, a gateway with caches."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app import settings as config
from app.assembling import assemble
from app.main import Gateway
from app.upstream.health import Health
from app.upstream.registry import OpenConnection
from tests.builders import NOON, a_level, a_location, a_price, a_product
from tests.gateways import EXECUTION, MADE_UP, Asker, Retailer, asking
from tests.redis import RedisServer, until

CACHE = {"grace": "PT0S"}


@dataclass
class Clock:
    """Tells the time it was told."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Held:
    """Answers are held back until they are let go."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        await self.gate.wait()


def a_shop(**changes: Any) -> Retailer:
    return Retailer(
        **{
            "levels": [a_level()],
            "known_products": [a_product()],
            "known_prices": [a_price()],
            "known_locations": [a_location()],
            **changes,
        }
    )


@dataclass
class Shop:
    """A gateway over one made-up system, at a time that is told."""

    ask: Asker
    shop: Retailer
    clock: Clock
    gateway: Gateway
    app: ASGIApp

    async def told(self, query: str) -> Any:
        """The body of an answer, without a client's work: a crowd asks at once."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": orjson.dumps({"query": query})}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return orjson.loads(sent[1]["body"])

    def calls(self, question: str) -> int:
        return sum(name == question for name, _ in self.shop.calls)

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.gateway.caches.answers.counts)


@asynccontextmanager
async def a_gateway(
    shop: Retailer | None = None, clock: Clock | None = None, **sections: Any
) -> AsyncIterator[Shop]:
    """A gateway that is patient with a busy machine; its listener runs, where it has a Redis."""
    shop, clock = shop or a_shop(), clock or Clock()
    settings = config.parse(
        {
            "connections": {"shop": {"connector": "made-up", "timeout": "PT60S"}},
            "requests": {"budget": "PT60S", **sections.pop("requests", {})},
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["shop"],
                "stock": {"shop": ["*"]},
            },
            "channels": {
                "WEB": {"currency": "EUR", "country": "IT", "locale": "it"},
                "APP": {"currency": "EUR", "country": "IT", "locale": "it"},
            },
            "execution": EXECUTION,
            "cache": CACHE,
            **sections,
        }
    )
    gateway = Gateway(settings, {}, now=clock)
    health = Health(connection="shop", now=clock, clock=asyncio.get_running_loop().time)
    opened = OpenConnection("shop", MADE_UP, settings.connections["shop"], shop, health)
    gateway.running = assemble(settings, {"shop": opened}, gateway.caches)
    await gateway.running.locations.refresh()
    listening = asyncio.create_task(gateway.caches.listen())
    try:
        app = gateway.app()
        async with asking(app) as ask:
            if gateway.shared is not None:
                await until(lambda: hears(gateway))
            shop.calls.clear()
            yield Shop(ask, shop, clock, gateway, app)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await gateway.caches.close()
        if gateway.shared is not None:
            await gateway.shared.aclose()


async def hears(gateway: Gateway) -> bool:
    return gateway.caches.answers.log.heard is not None


def over(server: RedisServer, folder: Any, *, timeout: str = "PT5S") -> dict[str, Any]:
    """The settings of a Redis."""
    file = folder / "redis-url"
    file.write_text(server.url)
    return {"url": {"file": str(file)}, "timeout": timeout}


async def kept_by_all(client: Redis) -> int:
    """How many answers are in Redis."""
    return len([key for key in await client.keys("tessera:answer:*") if b":lease" not in key])
