"""Composition root: settings in, connections and services, ASGI application out."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from redis.asyncio import Redis
from standardwebhooks import Webhook as Signer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from app.api.admission import Admission, build_gate, build_registering_gate
from app.api.admission_metrics import AdmissionCollector, RedisCollector
from app.api.caches import Caches
from app.api.caching_metrics import CachingCollector
from app.api.context import Services
from app.api.conversation import Sleep, Terms
from app.api.documents import ServedDocuments
from app.api.events_stream import EventStreams
from app.api.execution import build_engine
from app.api.http import GraphQLEndpoint
from app.api.lasting import Lasting, LastingCollector
from app.api.market_metrics import MarketCollector
from app.api.metrics import CONTENT_TYPE, Metrics
from app.api.middleware import Application, middleware
from app.api.operations import Operations
from app.api.order_metrics import FollowCollector, TurnCollector
from app.api.schema import Schema, build_schema
from app.api.sockets import SocketEndpoint
from app.api.spending import Spending
from app.api.together import Together, TogetherCollector
from app.api.webhook_metrics import WebhookCollector
from app.api.webhooks import WebhookReceiver
from app.assembling import assemble
from app.engine.budget import Patience, SharedRedis, redis_client
from app.markets.book import MarketBook
from app.orders.book import FollowBook
from app.orders.turns import Ended
from app.principals.model import Principal
from app.principals.service import Principals, check_keys, principals
from app.settings import Settings, secret
from app.store.standing import StandingStore, StoreState
from app.upkeep import (
    beside,
    delivering,
    handing_on,
    keep_locations,
    keep_log_short,
    keep_swept,
    projections,
    selling,
    telling,
    watching,
)
from app.upstream.registry import Planned, open_connections
from app.webhooks.book import WebhookBook
from app.webhooks.hearing import WebhookHearing
from app.webhooks.sending import secrets_of, senders


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
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sleep: Sleep = asyncio.sleep
    running: Services | None = None
    operations: Operations | None = None
    principals: Principals | None = None
    shared: SharedRedis | None = field(init=False)
    store: StandingStore = field(init=False)
    lasting: Lasting = field(init=False)
    caches: Caches = field(init=False)
    hearing: WebhookHearing = field(init=False)
    markets: MarketBook = field(default_factory=MarketBook)
    hooks: WebhookBook = field(default_factory=WebhookBook)
    secrets: Mapping[str, Sequence[Signer]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Know where Redis and the store are; nobody is called yet.

        Raises:
            MisconfiguredError: the settings point to something that is not there.
        """
        check_keys(self.settings.access)
        self.shared = shared_redis(self.settings, self.environ, clock=self.clock)
        self.store = StandingStore(self.settings.store.address(self.environ))
        streams = self.settings.streams
        self.lasting = Lasting(streams.max_open, streams.open_per_caller)
        self.caches = Caches(self.settings, self.shared, self.now)
        self.secrets = secrets_of(self.settings.webhooks, self.environ)
        self.hearing = WebhookHearing.of(
            self.store, self.settings.hearing, self.environ, self.now, self.hooks
        )

    @property
    def services(self) -> Services:
        """What fields may ask; there only while the application runs."""
        if self.running is None:
            raise RuntimeError("the gateway has not started")
        return self.running

    def app(self, schema: Schema | None = None) -> Starlette:
        """The ASGI application, of our schema or of another.

        Raises:
            MisconfiguredError: it cannot serve the documents that are registered.
        """
        introspection, requests = self.settings.introspection, self.settings.requests
        schema = schema or build_schema(tell=introspection)
        execution = self.settings.execution
        engine = build_engine(schema, **execution.options) if execution.compiled else None
        documents = ServedDocuments(
            self.settings.documents,
            build_registering_gate(schema, requests, places=self._places),
            engine=engine,
            shared=self.shared,
        )
        admission = Admission(
            build_gate(schema, requests, introspection=introspection, places=self._places),
            documents=documents.trusted,
            spending=self._spending(),
        )
        known: Counter[str] = Counter()
        metrics = Metrics(
            lambda: self.running.connections if self.running is not None else {},
            counts=engine.counts if engine is not None else {},
            others=[
                AdmissionCollector(admission.counts),
                CachingCollector(self.caches.books, self.caches.answers.memory),
                LastingCollector(self.lasting),
                MarketCollector(self.markets, self.now),
                TurnCollector(self._turns),
                TogetherCollector(known),
                FollowCollector(self._followed, self.now),
                WebhookCollector(self.hooks, self.now),
                *([RedisCollector(self.shared)] if self.shared is not None else []),
            ],
        )
        operations = self.operations = Operations(
            schema,
            admission=admission,
            engine=engine,
            services=lambda: self.services,
            requests=requests,
            now=self.now,
            metrics=metrics,
            introspection=introspection,
            ahead=self.settings.execution.ahead,
            caching=self.caches.caching(schema),
        )
        streams = self.settings.streams
        endpoint = GraphQLEndpoint(
            operations,
            EventStreams(self.lasting, streams, self.sleep, now=self.now),
            identify=self._identify,
            requests=requests,
            graphiql=self.settings.server.graphiql,
        )
        terms = Terms(
            operations=operations,
            lasting=self.lasting,
            streams=streams,
            identify=self._identify,
            now=self.now,
            sleep=self.sleep,
        )
        sockets = SocketEndpoint(terms, self.settings.cors)
        straight: dict[tuple[str, str], ASGIApp] = {
            ("http", "/graphql"): endpoint,
            ("websocket", "/graphql"): sockets,
        }
        together = Together(
            operations,
            lasting=self.lasting,
            requests=requests,
            server=self.settings.server,
            cors=self.settings.cors,
            counts=known,
        )
        return Application(
            straight=straight,
            cohorts=together if execution.together else None,
            routes=[
                Route("/graphql", endpoint),
                WebSocketRoute("/graphql", sockets),
                Route("/webhooks/{connection}", self._receiver().answer, methods=["POST"]),
                Route("/livez", _alive),
                Route("/readyz", self._ready),
                *([Route("/", _to_graphiql)] if self.settings.server.graphiql else []),
                *([Route("/metrics", _scraped(metrics))] if self.settings.server.metrics else []),
            ],
            middleware=middleware(self.settings.cors, self.settings.server),
            lifespan=partial(self._lifespan, documents),
        )

    async def _identify(self, authorization: str) -> Principal:
        if self.principals is None:
            raise RuntimeError("the gateway has not started")
        return await self.principals.of(authorization)

    def _receiver(self) -> WebhookReceiver:
        return WebhookReceiver(self.hearing, read_within=self.settings.requests.read_within)

    def _places(self) -> int:
        return 0 if self.running is None else len(self.running.locations.codes)

    def _turns(self) -> Mapping[Ended, int]:
        return {} if self.running is None else self.running.order_worker.turns.counts

    def _followed(self) -> FollowBook | None:
        return None if self.running is None else self.running.order_follower.book

    def _redis(self) -> Redis | None:
        return None if self.shared is None else self.shared.client

    def _spending(self) -> Spending | None:
        """Who may spend how much; without a budget nobody's points are counted."""
        if self.settings.budget is None:
            return None
        return Spending(self.settings.budget, shared=self.shared, clock=self.clock)

    @asynccontextmanager
    async def _lifespan(self, documents: ServedDocuments, _app: Starlette) -> AsyncIterator[None]:
        access, budget = self.settings.access, self.settings.requests.budget
        async with (
            aclosing(self.shared) if self.shared is not None else nullcontext(),
            self.store.standing(),
            open_connections(self.planned, now=self.now, clock=self.clock) as connections,
            principals(access, self.now, self.store, within=budget) as self.principals,
            senders(self.settings.webhooks, self.secrets, self.now) as sending,
        ):
            services = assemble(
                self.settings, connections, self.caches, self.store, environ=self.environ
            )
            await services.locations.refresh()
            markets = selling(self.settings, services, self.store, self.markets, self.now)
            self.running = services
            try:
                async with beside(
                    keep_locations(
                        services.locations,
                        self.caches.answers.invalidate,
                        every=self.settings.freshness.locations_every,
                    ),
                    self.caches.listen(),
                    documents.keep(),
                    self.store.keep(),
                    keep_swept(self.store, self.now),
                    keep_log_short(self.store, self.now, self.settings.events),
                    watching(
                        self.settings, connections, services.availability, self.store, self.now
                    ).run(),
                    *telling(services.events, self.store, self._redis()),
                    delivering(services.events, self.store, sending, self.hooks),
                    self.hearing.run(
                        handing_on(
                            self.settings.bind,
                            connections,
                            self.caches.answers.invalidate,
                            markets,
                            services.order_follower,
                        )
                    ),
                    *markets.work(),
                    services.order_worker.run(),
                    services.order_follower.run(),
                    services.people.privacy.worker.run(),
                    services.points.reader.run(),
                    services.points.writer.run(),
                    *projections(self.settings, connections, services.locations, self.store),
                ):
                    yield
            finally:
                self.running = None
                await self.caches.close()

    async def _ready(self, _request: Request) -> Response:
        """Our own state, not the upstreams': a gateway with silent upstreams still answers."""
        if self.running is None:
            return PlainTextResponse("starting", 503)
        state = await self.store.state()
        return PlainTextResponse(state, 200 if state is StoreState.READY else 503)


def shared_redis(
    settings: Settings, environ: Mapping[str, str], *, clock: Callable[[], float] = monotonic
) -> SharedRedis | None:
    """The one Redis of this process, if there is one; it connects when it is first asked.

    Raises:
        MisconfiguredError: its address is not where the settings say, or is none.
    """
    if settings.redis is None:
        return None
    client = redis_client(secret(settings.redis.url, environ, at="redis.url"))
    return SharedRedis(client, clock, Patience(within=settings.redis.timeout))


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("alive")


def _scraped(metrics: Metrics) -> Callable[[Request], Response]:
    return lambda _request: Response(metrics.text(), media_type=CONTENT_TYPE)


async def _to_graphiql(_request: Request) -> Response:
    return RedirectResponse("/graphql")
