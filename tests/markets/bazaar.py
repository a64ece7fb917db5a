"""A marketplace over HTTP, and processes that read its orders into a world of ours."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from app.availability import ledger
from app.markets.book import MarketBook
from app.markets.judging import Judge
from app.markets.model import Why
from app.markets.polling import OrderPoller
from app.markets.tables import market_orders
from app.markets.words import Words
from app.orders.incoming import IncomingOrders, Market
from app.ports import StockLevel, Wiring
from app.settings import Market as Terms
from app.store import Store
from app.upstream.client import ClientPolicy, open_client
from app.values import ChannelCode, LocationCode, Sku
from connectors import sandbox
from connectors.kit.serve import serve
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer.market import Market as Site
from connectors.sandbox.retailer.market import Order as Sold
from connectors.sandbox.retailer.market_desk import SOMEBODY
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.specimen import SEED
from tests.orders.dying import Life, Mortal
from tests.orders.world import PATIENCE, World, assembled, opened, route, spot

THING, OTHER = spot("shop").sku, spot("shop", 1).sku
DEPOT = spot("shop").location
LONG = timedelta(minutes=2)  # longer than any lease
NAME = "market"


@dataclass
class Shelf:
    """What our systems say when they are asked: so many of each SKU, in the depot."""

    world: World
    store: Store
    has: dict[Sku, int]
    broken: set[Sku]

    async def hear(self, skus: Collection[Sku], now: datetime) -> Mapping[Sku, Why]:
        if not self.broken.isdisjoint(skus):
            raise ValueError("a bug")
        levels = [
            StockLevel(sku=sku, location=DEPOT, on_hand=self.has[sku], as_of=now)
            for sku in skus
            if sku in self.has
        ]
        await self.store.act(partial(ledger.record, source="test", levels=levels), now=now)
        return {sku: Why.NOT_CARRIED for sku in skus if sku not in self.has}

    def taken(self) -> None:
        return None


@dataclass
class Bazaar:
    """A marketplace of which two things are listed, and our side of it."""

    world: World
    system: FaultyUpstream
    source: Any
    has: dict[Sku, int] = field(default_factory=lambda: {THING: 10_000, OTHER: 10_000})
    broken: set[Sku] = field(default_factory=set)
    book: MarketBook = field(default_factory=MarketBook)

    @property
    def site(self) -> Site:
        served: Any = self.system.served
        site: Site = served.state.market
        return site

    def list(self, sku: Sku, quantity: int) -> None:
        self.site.offer(sku, quantity, (Decimal("20.00"), "EUR"))

    def buy(self, sku: Sku = THING, pieces: int = 1, *, paid: bool = True) -> Sold:
        return self.site.buy({sku: pieces}, SOMEBODY, paid=paid)

    def poller(self, life: Life | None = None, **terms: Any) -> OrderPoller:
        """A process, for as long as it lives."""
        world = self.world
        store: Any = world.store if life is None else Mortal(world.store, life)
        source: Any = self.source if life is None else Mortal(self.source, life)
        sinks = {name: one.sink for name, one in world.steps.sinks.items()}
        turns, _, worker, service = assembled(store, world.clock, sinks, None, PATIENCE)
        incoming = IncomingOrders(store, turns, worker, service=service, route=route)
        stock: Any = Shelf(world, store, self.has, self.broken)
        market = Market(
            connection=NAME, channel=ChannelCode("MARKET"), locations=(LocationCode(DEPOT),)
        )
        return OrderPoller(
            name=NAME,
            terms=some_terms(**terms),
            source=source,
            judge=Judge(market=market, incoming=incoming, stock=stock, now=world.clock),
            words=Words(name=NAME, source=source, store=store, now=world.clock, timeout=PATIENCE),
            store=store,
            book=self.book,
            now=world.clock,
            timeout=PATIENCE,
        )

    async def polled(self, poller: OrderPoller) -> None:
        """Read until there is nothing more at once."""
        while await poller.once():
            pass

    async def fates(self) -> dict[str, str]:
        def question(connection: Connection) -> dict[str, str]:
            found = connection.execute(select(market_orders))
            return {row.number: row.state for row in found}

        return await self.world.store.read(question)

    async def row(self, number: str) -> Any:
        def question(connection: Connection) -> Any:
            mine = market_orders.c.number == number
            return connection.execute(select(market_orders).where(mine)).one()

        return await self.world.store.read(question)

    def passes(self, time: timedelta) -> None:
        self.world.clock.move(time.total_seconds())


def some_terms(**changes: Any) -> Terms:
    told = {"channel": "MARKET", "locations": [DEPOT], "poll_every": "PT1M", "overlap": "PT0S"}
    return Terms.model_validate({**told, **changes})


@asynccontextmanager
async def bazaar(store: Store) -> AsyncIterator[Bazaar]:
    async with opened(store, charged=False) as world:
        system = upstream("market", seed=SEED, now=world.clock)
        policy = ClientPolicy(timeout=PATIENCE)
        async with (
            serve(system) as url,
            open_client(
                NAME,
                url,
                policy=policy,
                now=world.clock,
                clock=lambda: world.clock().timestamp(),
            ) as http,
        ):
            settings = sandbox.Settings(url=url, system="market", seed=SEED)
            wiring = Wiring(name=NAME, http=http, now=lambda: datetime.now(UTC))
            there = Bazaar(world, system, sandbox.connect(settings, wiring))
            there.list(THING, 5_000)
            there.list(OTHER, 5_000)
            yield there
            system.release()
