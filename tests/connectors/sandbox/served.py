"""Systems of the sandbox served over real HTTP, at a moment the test decides."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
import orjson

from app.ports import Wiring
from app.upstream.client import ClientPolicy, open_client
from app.values import LocationCode, Sku
from connectors import sandbox
from connectors.kit.serve import serve
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.settings import System

SEED = 7
SKUS = tuple(Sku(sku) for sku in assortment(SEED).skus)
MOMENT = datetime(2026, 3, 2, 10, 30, 20, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = MOMENT

    def __call__(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Served:
    """A connection and the system behind it."""

    connection: Any
    system: FaultyUpstream
    clock: Clock = field(default_factory=Clock)


def a_system(system: System = "shop", clock: Clock | None = None) -> FaultyUpstream:
    return upstream(system, seed=SEED, now=clock or Clock())


PATIENT = ClientPolicy(timeout=timedelta(seconds=30))  # the machine may be busy


@asynccontextmanager
async def connected(
    system: System, locations: Mapping[LocationCode, str] | None = None
) -> AsyncIterator[Served]:
    """A connection through the gateway's own client."""
    clock = Clock()
    served = a_system(system, clock)
    async with serve(served) as url, open_client(system, url, policy=PATIENT) as http:
        settings = sandbox.Settings(url=url, system=system, seed=SEED)
        wiring = Wiring(name=system, http=http, now=clock, locations=locations or {})
        yield Served(sandbox.connect(settings, wiring), served, clock)


@asynccontextmanager
async def in_process(system: FaultyUpstream) -> AsyncIterator[httpx.AsyncClient]:
    """The system without a socket."""
    transport = httpx.ASGITransport(app=system)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        yield http


@lru_cache(maxsize=32)
def _document(system: System, method: str, path: str, body: str = "") -> bytes:
    async def ask() -> bytes:
        async with in_process(a_system(system)) as http:
            return (await http.request(method, path, content=body)).content

    return asyncio.run(ask())


def asked(system: System, method: str, path: str, body: Any = None) -> Any:
    """What a healthy system answers, for tests that do not run in a loop."""
    sent = "" if body is None else orjson.dumps(body).decode()
    return orjson.loads(_document(system, method, path, sent))


def shop_rows(path: str, **asking: Any) -> list[Any]:
    """What the shop tells of the first forty SKUs."""
    rows: list[Any] = asked("shop", "POST", path, {"skus": SKUS[:40], **asking})["items"]
    return rows
