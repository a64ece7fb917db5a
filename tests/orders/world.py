"""Where orders are tried: a store, the embedded retailer's shop, warehouse and payment provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from app.availability import ledger
from app.availability.ledger import Hold
from app.availability.model import Spot
from app.orders import repository
from app.orders.charging import Charging
from app.orders.looking import OrderFollower
from app.orders.model import Order
from app.orders.service import OrderService, Placed, Purchase
from app.orders.sourcing import Finder, Nowhere, Sourcing
from app.orders.steps import Steps
from app.orders.turns import Turns
from app.orders.working import OrderWorker
from app.ports import Address, Buyer, SoldLine, StockLevel, Wiring
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from app.store.keys import Once
from app.upstream.client import ClientPolicy, open_client
from app.upstream.handing import HandingDesk
from app.upstream.paying import PaymentDesk
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)
from connectors import sandbox
from connectors.kit.serve import serve
from connectors.sandbox.faults import FaultyUpstream
from connectors.sandbox.retailer.places import DEPOT, WAREHOUSE
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.settings import System
from connectors.sandbox.specimen import SEED, SPECIMENS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SINKS: Mapping[str, System] = {"shop": "shop", "dc": "warehouse"}
PLACES = {"shop": DEPOT, "dc": WAREHOUSE}
GOOD = "tok_ok"  # stands for a card of nobody
PATIENCE = timedelta(seconds=20)  # how busy the machine is, is no matter
LONG_ENOUGH = timedelta(hours=1)  # for every order to be due that is followed
EURO = CurrencyCode("EUR")
ADA = Buyer(name="Ada Byron", email="ada@example.com", phone="+39 045 000000")
VERONA = Address(
    lines=("Via Roma 1",), postal_code="37121", city="Verona", country=CountryCode("IT")
)


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def spot(sink: str, number: int = 0) -> Spot:
    """Something that a sink has plenty of."""
    label = SINKS[sink]
    specimen = next(one for one in SPECIMENS if one.label == label)
    assert specimen.orders is not None
    return Spot(specimen.orders.order.lines[number].sku, LocationCode(PLACES[sink]))


def euro(amount: str) -> Money:
    return Money(Decimal(amount), EURO)


@dataclass
class World:
    """Everything there is, and what it says of itself."""

    store: Store
    clock: Clock
    systems: Mapping[str, FaultyUpstream]
    turns: Turns
    steps: Steps
    worker: OrderWorker
    follower: OrderFollower
    service: OrderService

    async def stock(self, *spots: Spot, on_hand: int = 10) -> None:
        levels = [
            StockLevel(sku=one.sku, location=one.location, on_hand=on_hand, as_of=self.clock())
            for one in spots
        ]
        await self.store.act(partial(ledger.record, source="test", levels=levels), now=self.clock())

    async def held(self, holder: str, *spots: Spot, quantity: int = 1) -> Hold:
        until = self.clock() + timedelta(minutes=15)

        def change(work: Work) -> Hold:
            return ledger.place(work, holder, dict.fromkeys(spots, quantity), until=until)

        return await self.store.act(change, now=self.clock())

    async def sellable(self, one: Spot) -> int:
        free = await self.store.read(partial(ledger.sellable, spots=[one], now=self.clock()))
        return free[one]

    async def purchase(
        self, key: str, *spots: Spot, token: str = GOOD, quantity: int = 1
    ) -> Purchase:
        """A purchase of what is held for it."""
        spots = spots or (spot("shop"),)
        hold = await self.held(f"cart:{key}", *spots, quantity=quantity)
        return a_purchase(key, hold, token=token)

    async def place(self, key: str, *spots: Spot, token: str = GOOD) -> Placed:
        return await self.service.place(await self.purchase(key, *spots, token=token))

    async def worked(self, order: Order) -> Order:
        """The order after everything that was due is done."""
        while await self.worker.round():
            pass
        return await self.service.find(order.number, by=THE_HOUSE)

    async def looked(self, order: Order) -> Order:
        """The order once its systems were asked how far they are, and what follows is done."""
        self.clock.move(LONG_ENOUGH.total_seconds())
        while await self.follower.round():
            pass
        return await self.worked(order)

    async def orders(self) -> list[Order]:
        """All there are."""
        return await self.store.read(partial(repository.page, first=1_000))

    def book(self, sink: str) -> list[tuple[str, bool]]:
        """What a sink was asked to carry out: our keys, and whether it still does."""
        served: Any = self.systems[sink].served
        return [(one.key, one.cancelled is None) for one in served.state.book.orders.values()]

    def charges(self) -> dict[str, tuple[str, Decimal, Decimal]]:
        """What the provider has: state, captured and refunded."""
        served: Any = self.systems["payments"].served
        return {
            one.key: (one.state, one.captured, one.refunded)
            for one in served.state.till.charges.values()
        }


def a_purchase(key: str, hold: Hold, *, token: str = GOOD) -> Purchase:
    return Purchase(
        once=a_key(key, hold.fence),
        holder=hold.holder,
        fence=hold.fence,
        cart=key,
        channel=ChannelCode("WEB"),
        lines=tuple(
            SoldLine(
                sku=Sku(sku),
                quantity=quantity,
                unit_price=euro("20.00"),
                location=LocationCode(location),
            )
            for (sku, location), quantity in hold.demand.items()
        ),
        buyer=ADA,
        address=VERONA,
        method=FulfilmentMethod.SHIP_TO_HOME,
        delivery=euro("5.00"),
        token=token,
    )


def a_key(key: str, digest: object, scope: str = "guest") -> Once:
    return Once(scope=scope, key=f"key-of-{key}-0000000000", digest=str(digest))


def route(location: LocationCode) -> str | None:
    return next((sink for sink, place in PLACES.items() if place == location), None)


@asynccontextmanager
async def opened(
    store: Store,
    *,
    charged: bool = True,
    patience: timedelta = PATIENCE,
    finder: Finder | None = None,
    desk: type[PaymentDesk] = PaymentDesk,
) -> AsyncIterator[World]:
    """A world with its systems served over HTTP; without a `finder` nothing is sourced again."""
    clock = Clock()
    served: Mapping[str, System] = {**SINKS, "payments": "payments"}
    systems = {name: upstream(system, seed=SEED, now=clock) for name, system in served.items()}
    async with AsyncExitStack() as stack:
        ports: dict[str, Any] = {}
        for name, system in served.items():
            url = await stack.enter_async_context(serve(systems[name]))
            ports[name] = await stack.enter_async_context(
                connected(name, system, url, patience, clock)
            )
            stack.callback(systems[name].release)
        sinks = {name: ports[name] for name in SINKS}
        provider = ports["payments"] if charged else None
        kinds = Kinds(desk=desk)
        turns, steps, worker, service = assembled(store, clock, sinks, provider, patience, kinds)
        if finder is not None:
            steps = replace(steps, sourcing=replace(steps.sourcing, finder=finder))
            worker.steps = steps
        follower = OrderFollower(turns=turns, sinks=steps.sinks, worker=worker)
        yield World(store, clock, systems, turns, steps, worker, follower, service)


@asynccontextmanager
async def connected(
    name: str, system: System, url: str, patience: timedelta, clock: Clock
) -> AsyncIterator[Any]:
    policy = ClientPolicy(timeout=patience)
    async with open_client(name, url, policy=policy, clock=lambda: clock().timestamp()) as http:
        settings = sandbox.Settings(url=url, system=system, seed=SEED)
        wiring = Wiring(name=name, http=http, now=lambda: datetime.now(UTC))
        yield sandbox.connect(settings, wiring)


@dataclass(frozen=True)
class Kinds:
    """Of what a process is made; tests put wrong ones in their places."""

    turns: type[Turns] = Turns
    desk: type[PaymentDesk] = PaymentDesk
    service: type[OrderService] = OrderService


def assembled(
    store: Store,
    now: Any,
    sinks: Mapping[str, Any],
    provider: Any | None,
    patience: timedelta,
    kinds: Kinds = Kinds(),
) -> tuple[Turns, Steps, OrderWorker, OrderService]:
    turns = kinds.turns(store=store, now=now)
    desks = {
        name: HandingDesk(connection=name, sink=sink, timeout=patience)
        for name, sink in sinks.items()
    }
    desk = (
        None
        if provider is None
        else kinds.desk(connection="payments", provider=provider, timeout=patience)
    )
    charging = Charging(turns=turns, desk=desk)
    sourcing = Sourcing(turns=turns, route=route, finder=Nowhere())
    steps = Steps(turns=turns, sinks=desks, charging=charging, sourcing=sourcing)
    worker = OrderWorker(turns=turns, steps=steps)
    service = kinds.service(store, turns, worker, route=route, charged=provider is not None)
    return turns, steps, worker, service


def other(purchase: Purchase, **changes: Any) -> Purchase:
    return replace(purchase, **changes)
