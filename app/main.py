"""Composition root: settings in, connections and services, ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from app.api.admission import Admission, build_gate
from app.api.context import Services
from app.api.conversation import Sleep, Terms, Welcome, everybody
from app.api.events_stream import EventStreams
from app.api.execution import build_engine
from app.api.http import GraphQLEndpoint
from app.api.lasting import Lasting, LastingCollector
from app.api.metrics import CONTENT_TYPE, Metrics
from app.api.middleware import middleware
from app.api.operations import Operations
from app.api.schema import Schema, build_schema
from app.api.sockets import SocketEndpoint
from app.availability.service import AvailabilityService, stock_reader
from app.locations.service import LocationService
from app.ports import CatalogSource, LocationSource, PriceSource, StockSource
from app.pricing.service import PricingService
from app.products.service import ProductService
from app.settings import Settings, Windows
from app.upstream.reader import FreshnessPolicy
from app.upstream.registry import Connections, Planned, open_connections, port_of
from app.values import LocationCode

FIRST_RETRIES = timedelta(seconds=2)  # between tries while a source of locations has never answered


def utc_now() -> datetime:
    """The clock of the whole process."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Gateway:
    """The application and, once it has started, the services behind it."""

    settings: Settings
    planned: Mapping[str, Planned]
    now: Callable[[], datetime] = utc_now
    clock: Callable[[], float] = monotonic
    sleep: Sleep = asyncio.sleep
    welcome: Welcome = everybody
    running: Services | None = None
    lasting: Lasting = field(init=False)

    def __post_init__(self) -> None:
        self.lasting = Lasting(self.settings.streams.max_open)

    @property
    def services(self) -> Services:
        """What fields may ask; there only while the application runs."""
        if self.running is None:
            raise RuntimeError("the gateway has not started")
        return self.running

    def app(self, schema: Schema | None = None) -> Starlette:
        """The ASGI application, of our schema or of another."""
        introspection = self.settings.introspection
        schema = schema or build_schema(tell=introspection)
        execution = self.settings.execution
        engine = build_engine(schema, **execution.options) if execution.compiled else None
        metrics = Metrics(
            lambda: self.running.connections if self.running is not None else {},
            counts=engine.counts if engine is not None else {},
        )
        metrics.watch(LastingCollector(self.lasting))
        operations = Operations(
            schema,
            admission=Admission(
                build_gate(schema, self.settings.requests, introspection=introspection)
            ),
            engine=engine,
            services=lambda: self.services,
            requests=self.settings.requests,
            now=self.now,
            metrics=metrics,
            introspection=introspection,
        )
        streams = self.settings.streams
        endpoint = GraphQLEndpoint(
            operations,
            EventStreams(self.lasting, streams, self.sleep),
            requests=self.settings.requests,
            graphiql=self.settings.server.graphiql,
        )
        terms = Terms(
            operations=operations,
            lasting=self.lasting,
            streams=streams,
            welcome=self.welcome,
            sleep=self.sleep,
        )
        return Starlette(
            routes=[
                Route("/graphql", endpoint),
                WebSocketRoute("/graphql", SocketEndpoint(terms, self.settings.cors)),
                Route("/livez", _alive),
                Route("/readyz", self._ready),
                *([Route("/", _to_graphiql)] if self.settings.server.graphiql else []),
                *([Route("/metrics", _scraped(metrics))] if self.settings.server.metrics else []),
            ],
            middleware=middleware(self.settings.cors),
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        async with open_connections(self.planned, now=self.now, clock=self.clock) as connections:
            services = assemble(self.settings, connections)
            await services.locations.refresh()
            keeping = asyncio.create_task(self._keep_locations(services.locations))
            self.running = services
            try:
                yield
            finally:
                self.running = None
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping

    async def _keep_locations(self, locations: LocationService) -> None:
        every = self.settings.freshness.locations_every
        while True:
            wait = min(FIRST_RETRIES, every) if locations.incomplete else every
            await asyncio.sleep(wait.total_seconds())
            await locations.refresh()

    async def _ready(self, _request: Request) -> Response:
        """Our own state, not the upstreams': a gateway with silent upstreams still answers."""
        if self.running is None:
            return PlainTextResponse("starting", 503)
        return PlainTextResponse("ready")


def assemble(settings: Settings, connections: Connections) -> Services:
    """The services over open connections, each bound as the settings say."""
    bind, windows = settings.bind, settings.freshness
    catalogue, prices = connections[bind.catalogue], connections[bind.prices]
    products = ProductService(
        port_of(connections, bind.catalogue, CatalogSource),
        health=catalogue.health,
        policy=_policy(windows.catalogue),
        timeout=catalogue.configured.timeout,
    )
    pricing = PricingService(
        port_of(connections, bind.prices, PriceSource),
        health=prices.health,
        policy=_policy(windows.prices),
        timeout=prices.configured.timeout,
    )
    locations = LocationService(
        {
            name: (port_of(connections, name, LocationSource), connections[name].health)
            for name in bind.locations
        },
        configured={LocationCode(code): said for code, said in settings.locations.items()},
        timeout=lambda name: connections[name].configured.timeout,
    )
    availability = AvailabilityService(
        {
            name: stock_reader(
                port_of(connections, name, StockSource),
                health=connections[name].health,
                policy=_policy(windows.stock),
                timeout=connections[name].configured.timeout,
            )
            for name in bind.stock
        },
        source_of=bind.stock_source,
    )
    return Services(
        products=products,
        locations=locations,
        availability=availability,
        pricing=pricing,
        connections=connections,
        channels=settings.channels,
        default_channel=settings.first_channel,
    )


def _policy(windows: Windows) -> FreshnessPolicy:
    return FreshnessPolicy(
        fresh_for=windows.fresh_for,
        revalidate_for=windows.revalidate_for,
        if_error_for=windows.if_error_for,
        stale_after=windows.stale_after,
    )


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("alive")


def _scraped(metrics: Metrics) -> Callable[[Request], Response]:
    return lambda _request: Response(metrics.text(), media_type=CONTENT_TYPE)


async def _to_graphiql(_request: Request) -> Response:
    return RedirectResponse("/graphql")
