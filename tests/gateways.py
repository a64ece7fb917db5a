"""A gateway to talk to: over made-up connections, or over the sandbox by real HTTP."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import (
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from unittest import mock

import httpx
from starlette.applications import Starlette

from app import settings as config
from app.assembling import assemble
from app.main import Gateway, utc_now
from app.ports import (
    Answer,
    Location,
    Manifest,
    Price,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    StockLevel,
    find_connectors,
)
from app.principals.model import GUEST, Principal
from app.principals.service import principals
from app.store import Store
from app.upstream.health import Health
from app.upstream.registry import OpenConnection, plan
from app.values import Channel, LocationCode, Sku
from connectors.kit.manifests import CONNECTORS
from connectors.kit.serve import serve
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer import clock
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.upstreams import upstream
from tests.builders import NOON, a_location, a_product
from tests.staff import ACCESS, STAFF

SYSTEMS = ("shop", "tills", "warehouse", "supplier", "payments", "market")
# The tests run under both executors: `make test` says which with this variable.
REFERENCE = os.environ.get("TESSERA_EXECUTOR") == "reference"
EXECUTION = {"compiled": not REFERENCE, "at_first_sight": True}
Wait = Callable[[], Awaitable[None]]


async def at_once() -> None:
    return None


async def a_guest(_authorization: str) -> Principal:
    """Nobody proves anything here."""
    return GUEST


@dataclass
class Retailer:
    """A made-up system with every port. `calls` names each question it was asked."""

    levels: Collection[StockLevel] = ()
    known_products: Collection[Product] = field(default_factory=lambda: (a_product(),))
    known_prices: Collection[Price] = ()
    known_locations: Collection[Location] = field(default_factory=lambda: (a_location(),))
    error: Exception | None = None
    wait: Wait = at_once
    as_of: datetime = NOON
    calls: list[tuple[str, Any]] = field(default_factory=list)

    async def _asked(self, question: str, about: Any) -> None:
        self.calls.append((question, about))
        await self.wait()
        if self.error is not None:
            raise self.error

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        await self._asked("stock_levels", (tuple(skus), tuple(locations)))
        rows = [lv for lv in self.levels if lv.sku in skus and lv.location in locations]
        return Answer(rows=tuple(rows), as_of=self.as_of)

    async def products(self, keys: Collection[ProductKey]) -> Answer[Product]:
        await self._asked("products", tuple(keys))
        wanted = {(key.by, key.value) for key in keys}
        rows = [p for p in self.known_products if wanted & _names(p)]
        return Answer(rows=tuple(rows), as_of=self.as_of)

    async def browse(self, query: ProductQuery) -> ProductPage:
        await self._asked("browse", query)
        edges = tuple(ProductEdge(p.id, p) for p in self.known_products)[: query.first]
        return ProductPage(
            edges=edges,
            has_next=len(self.known_products) > query.first,
            as_of=self.as_of,
            total=len(self.known_products),
        )

    async def prices(self, skus: Collection[Sku], *, channel: Channel) -> Answer[Price]:
        await self._asked("prices", (tuple(skus), channel.code))
        rows = [price for price in self.known_prices if price.sku in skus]
        return Answer(rows=tuple(rows), as_of=self.as_of)

    async def locations(self) -> Answer[Location]:
        await self._asked("locations", None)
        return Answer(rows=tuple(self.known_locations), as_of=self.as_of)


def _names(product: Product) -> set[tuple[str, str]]:
    skus = {("sku", str(variant.sku)) for variant in product.variants}
    return {("id", str(product.id)), ("handle", product.handle)} | skus


@dataclass
class Asker:
    """Asks a gateway GraphQL over HTTP, as whoever `headers` prove."""

    http: httpx.AsyncClient
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def staff(self) -> "Asker":
        """Asks as somebody of the house."""
        return Asker(self.http, STAFF)

    async def post(self, query: str, /, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=self.headers)

    async def __call__(self, query: str, /, **variables: Any) -> dict[str, Any]:
        body: dict[str, Any] = (await self.post(query, **variables)).json()
        return body

    async def data(self, query: str, /, **variables: Any) -> dict[str, Any]:
        body = await self(query, **variables)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


@asynccontextmanager
async def asking(app: Starlette) -> AsyncIterator[Asker]:
    """Asks as a guest."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield Asker(http)


async def running_over(
    connections: Mapping[str, Retailer],
    *,
    now: Callable[[], datetime] = lambda: NOON,
    clock: Callable[[], float] = monotonic,
    kept_in: Store | None = None,
    **sections: Any,
) -> Gateway:
    """A gateway that has started over made-up systems; by default the first owns everything.

    Unless it is `kept_in` a store, there are no carts. How busy the machine is, is no matter,
    unless `requests` have a `budget`.
    """
    first = next(iter(connections))
    document = {
        "connections": {name: {"connector": "made-up", "timeout": "PT60S"} for name in connections},
        "requests": {"budget": "PT60S", **sections.pop("requests", {})},
        "bind": {
            "catalogue": first,
            "prices": first,
            "locations": [first],
            "stock": {first: ["*"]},
            **sections.pop("bind", {}),
        },
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
        "freshness": {"stock": {"fresh_for": "PT0S", "if_error_for": "PT60S"}},
        "execution": EXECUTION,
        "access": ACCESS,
        **sections,
    }
    settings = config.parse(document)
    opened = {
        name: OpenConnection(
            name,
            MADE_UP,
            settings.connections[name],
            port,
            Health(connection=name, now=now, clock=monotonic),
        )
        for name, port in connections.items()
    }
    gateway = Gateway(settings, {}, now=now, clock=clock)
    gateway.running = assemble(settings, opened, gateway.caches, kept_in)
    await gateway.running.locations.refresh()
    async with principals(settings.access, now) as gateway.principals:
        return gateway


@asynccontextmanager
async def gateway_over(
    connections: Mapping[str, Retailer],
    *,
    now: Callable[[], datetime] = lambda: NOON,
    **sections: Any,
) -> AsyncIterator[Asker]:
    """Asks a gateway over made-up systems."""
    gateway = await running_over(connections, now=now, **sections)
    async with (
        aclosing(gateway.shared) if gateway.shared else nullcontext(),
        asking(gateway.app()) as ask,
    ):
        yield ask


MADE_UP = Manifest.model_validate(
    {
        "name": "made_up",
        "title": "Made up",
        "kind": "retailer",
        "owners": ["tests"],
        "upstream_api": "1",
        "provides": {},
        "freshness": {},
        "limits": {"ids_per_call": 100},
        "quality": {"tier": "bronze"},
    }
)


WHOLESALE = ("acme-eur", "acme-gbp")  # without the partner they would be everybody's


def _but(lists: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: one for name, one in lists.items() if name not in names}


@dataclass
class Sandbox:
    """A gateway over the four systems of the sandbox, each on a port of its own."""

    ask: Asker
    upstreams: Mapping[str, FaultyUpstream]
    gateway: Gateway

    def forget_calls(self) -> None:
        for one in self.upstreams.values():
            one.requests.clear()

    @property
    def calls(self) -> dict[str, int]:
        """Requests by system, since the last `forget_calls`."""
        return {
            name: total
            for name, one in self.upstreams.items()
            if (total := sum(one.requests.values()))
        }


STOCKED_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)  # what the tests buy is there
EPOCH = clock.EPOCH


@contextmanager
def stocked() -> Iterator[None]:
    """The retailer's shelves are now as they were at `STOCKED_AT`, whatever day it is."""
    with mock.patch.object(clock, "EPOCH", EPOCH + (utc_now() - STOCKED_AT)):
        stock.cache_clear()
        try:
            yield
        finally:
            stock.cache_clear()


@asynccontextmanager
async def sandbox_gateway(**changes: Any) -> AsyncIterator[Sandbox]:
    """The demo retailer's settings over in-process systems; `changes` replace sections.

    `now` is another clock than the process's, `retailer_now` another for the systems: their stock
    moves with it, or else from what it was when the retailer was `STOCKED_AT`. How busy the machine
    is, is no matter, unless `connection` and `requests` say so, or `timeouts` by system.
    """
    timeouts = changes.pop("timeouts", {})
    now, retailer_now = changes.pop("now", utc_now), changes.pop("retailer_now", None)
    connector = find_connectors(CONNECTORS)["sandbox"]
    demo = config.load(connector.folder / "demo.toml").model_dump()
    async with AsyncExitStack() as stack:
        if retailer_now is None:
            stack.enter_context(stocked())
        upstreams = {name: upstream(name, seed=7, now=retailer_now or utc_now) for name in SYSTEMS}
        for name, one in upstreams.items():
            url = await stack.enter_async_context(serve(one))
            demo["connections"][name]["settings"] = {"url": url, "system": name, "seed": 7}
            timeout = timeouts.get(name, "PT20S")
            patient = {"timeout": timeout, **changes.get("connection", {})}
            demo["connections"][name].update(patient)
            stack.callback(one.release)
        demo |= {"execution": EXECUTION, "access": ACCESS, "requests": {"budget": "PT60S"}}
        demo["loyalty"]["receipts"] = ()  # nobody but the test asks the systems
        demo["partners"] = {}  # as above
        demo["pricing"]["lists"] = _but(demo["pricing"]["lists"], WHOLESALE)
        demo["markets"] = {}
        demo.update({key: value for key, value in changes.items() if key != "connection"})
        settings = config.parse(demo)
        gateway = Gateway(settings, plan(settings, {"sandbox": connector}), now)
        app = gateway.app()
        await stack.enter_async_context(app.router.lifespan_context(app))
        ask = await stack.enter_async_context(asking(app))
        sandbox = Sandbox(ask, upstreams, gateway)
        sandbox.forget_calls()
        yield sandbox
