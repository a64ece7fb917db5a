"""What goes on beside the answers, for as long as the process serves?"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from redis.asyncio import Redis

from app.api.context import Services
from app.availability.model import Aggregate
from app.availability.projection import ProjectedStock, Projection, catalogue_skus
from app.availability.service import AvailabilityService
from app.carts.sweeping import sweep
from app.events.following import Events
from app.events.retention import keep_short
from app.events.waking import Waking
from app.locations.service import LocationService
from app.markets.assembling import Markets, Selling, markets_over
from app.markets.book import MarketBook
from app.orders import allotting
from app.orders.looking import OrderFollower
from app.partners.limits import Sold, left
from app.partners.model import Stock
from app.partners.terms import Terms, terms_of
from app.partners.watching import Watching
from app.ports import CatalogSource, Hint, StockSource, WebhookReader
from app.settings import Bindings, Settings
from app.settings import Events as EventSettings
from app.store import Store
from app.store.rounds import Rounds
from app.store.standing import StandingStore
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.registry import Connections, port_of
from app.upstream.report import Report
from app.values import Locale, LocationCode, Sku
from app.webhooks.book import WebhookBook
from app.webhooks.delivering import Delivering
from app.webhooks.hearing import HandOn
from app.webhooks.sending import Sender

Tell = Callable[[frozenset[str]], Awaitable[None]]
"""Says to every process what is out of date."""
FIRST_RETRIES = timedelta(seconds=2)  # between tries while a source of locations has never answered
SWEEP_EVERY = timedelta(minutes=10)
LOOK_WITHIN = timedelta(seconds=5)  # for one look at some of a partner's assortment

STOCK = "Stock"  # the kind of what changes


@asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on for as long as the block lasts."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def refresh_locations(locations: LocationService, tell: Tell) -> None:
    """Read them again, and say so where something has changed.

    What has changed may be found where it was not before: whatever tells of locations counts.
    """
    if changed := await locations.refresh():
        every = frozenset({"Location", "LocationConnection"})
        await tell(every | {f"Location:{code}" for code in changed})


async def keep_locations(locations: LocationService, tell: Tell, *, every: timedelta) -> None:
    """Read them again every now and then, until cancelled."""
    while True:
        wait = min(FIRST_RETRIES, every) if locations.incomplete else every
        await asyncio.sleep(wait.total_seconds())
        await refresh_locations(locations, tell)


async def keep_log_short(store: Store, now: Callable[[], datetime], terms: EventSettings) -> None:
    """Forget what happened long ago, until cancelled."""
    await keep_short(store, now, keep_for=terms.keep_for, keep_at_most=terms.keep_at_most)


async def keep_swept(store: Store, now: Callable[[], datetime]) -> None:
    """Forget what has long been over, until cancelled."""

    async def once() -> bool:
        await store.act(sweep, now=now())
        return False

    await asyncio.sleep(SWEEP_EVERY.total_seconds())
    await Rounds("sweep", every=SWEEP_EVERY).run(once)


def telling(
    events: Events, store: StandingStore, client: Redis | None
) -> Iterator[Coroutine[Any, Any, None]]:
    """The work of telling what happens: reading it, waking other readers with what happens here."""
    waking = Waking(events.tail, client)
    store.heard.append(waking.told)
    yield events.tail.run()
    yield waking.run()


def delivering(
    events: Events, store: StandingStore, sending: Mapping[str, Sender], book: WebhookBook
) -> Coroutine[Any, Any, None]:
    """The work of telling endpoints what happens."""
    work = Delivering(events=events, senders=sending, book=book)
    store.heard.append(work.wake)
    return work.run()


def stock_of(connection: str) -> str:
    """What a change of the stock that a connection knows goes by."""
    return f"{STOCK}:{connection}"


def selling(
    settings: Settings,
    services: Services,
    store: StandingStore,
    book: MarketBook,
    now: Callable[[], datetime],
) -> Markets:
    """Everybody who works for a marketplace, woken with what happens here."""
    bind, first = settings.bind, settings.channels[settings.first_channel]
    catalogue = services.connections[bind.catalogue]
    skus = partial(
        catalogue_skus,
        port_of(services.connections, bind.catalogue, CatalogSource),
        connection=bind.catalogue,
        locale=Locale(first.locale),
        within=catalogue.configured.timeout,
    )
    sold = Selling(
        availability=services.availability,
        pricing=services.pricing,
        incoming=services.incoming,
        catalogue=skus,
    )
    markets = markets_over(settings, services.connections, sold, store, book, now)
    store.heard.append(markets.wake)
    return markets


def handing_on(
    bind: Bindings,
    connections: Connections,
    tell: Tell,
    markets: Markets,
    orders: OrderFollower,
) -> HandOn:
    """Tells every process what a message from outside says that is to be read anew.

    What marketplaces say is theirs to hear, too, and whose orders have changed is asked for them.
    """

    async def hand_on(connection: str, body: bytes) -> None:
        await markets.heard(connection, body)
        reader = connections[connection].port
        hints = reader.hints(body) if isinstance(reader, WebhookReader) else Hint
        if Hint.ORDERS in hints:
            await orders.hear(connection)
        if tags := frozenset(_changed(bind, connection, hints)):
            await tell(tags)

    return hand_on


def _changed(bind: Bindings, connection: str, hints: Iterable[Hint]) -> Iterator[str]:
    """Of what is not bound to a connection, it has nothing to say."""
    for hint in hints:
        if hint is Hint.CATALOGUE and connection == bind.catalogue:
            yield from ("Product", "ProductVariant")
        if hint is Hint.PRICES and connection == bind.prices:
            yield "Price"
        if hint is Hint.STOCK and connection in bind.stock:
            yield from ("Availability", "AggregateAvailability", stock_of(connection))


def projections(
    settings: Settings, connections: Connections, locations: LocationService, store: Store
) -> Iterator[Coroutine[Any, Any, None]]:
    """The work of every projection: it reads the stock of one connection as a whole."""
    bind, first = settings.bind, settings.channels[settings.first_channel]
    catalogue = connections[bind.catalogue]
    skus = partial(
        catalogue_skus,
        port_of(connections, bind.catalogue, CatalogSource),
        connection=bind.catalogue,
        locale=Locale(first.locale),
        within=catalogue.configured.timeout,
    )
    for name, terms in settings.projection.items():
        projection = Projection(
            port_of(connections, name, StockSource),
            store,
            terms=terms,
            health=connections[name].health,
            timeout=connections[name].configured.timeout,
        )
        yield projection.keep(skus, partial(_of_source, name, bind, locations))


def watching(
    settings: Settings,
    connections: Connections,
    availability: AvailabilityService,
    store: Store,
    now: Callable[[], datetime],
) -> Watching:
    """Looks at what each partner sees, as the channel that it buys through has it."""
    bind = settings.bind
    catalogue = connections[bind.catalogue]
    first = settings.channels[settings.first_channel]
    skus = partial(
        catalogue_skus,
        port_of(connections, bind.catalogue, CatalogSource),
        connection=bind.catalogue,
        locale=Locale(first.locale),
        within=catalogue.configured.timeout,
    )

    async def look(terms: Terms, asked: Sequence[Sku]) -> Mapping[Sku, Stock]:
        inquiry = Inquiry(Deadline.after(LOOK_WITHIN), Report())
        places = availability.selling(terms.selling, to=None, report=inquiry.report)
        found = await availability.together(asked, places, inquiry, global_buffer=terms.told.buffer)
        moment = now()
        asked_of = partial(allotting.sold, terms=terms, now=moment, skus=asked)
        sold = await store.read(asked_of) if terms.told.limits.any else Sold()
        return {sku: shown(terms, sold, sku, one, moment) for sku, one in found.items()}

    return Watching(store, terms_of(settings), look, skus, now)


def shown(terms: Terms, sold: Sold, sku: Sku, there: Aggregate, now: datetime) -> Stock:
    """What a partner is told of a SKU: no more than it may still sell."""
    most = left(terms.told.limits, sold, sku)
    mine = there if most is None else there.at_most(most)
    return Stock(str(mine.status), mine.available_to_sell, terms.prices(sku, now))


def projected_stock(
    settings: Settings, store: Store | None, now: Callable[[], datetime]
) -> ProjectedStock | None:
    """What is told of silent connections that are read as a whole; None where none is."""
    serve_for = {name: one.serve_for for name, one in settings.projection.items()}
    return None if store is None or not serve_for else ProjectedStock(store, serve_for, now=now)


def _of_source(name: str, bind: Bindings, locations: LocationService) -> list[LocationCode]:
    """The locations whose stock a connection knows."""
    return [code for code in locations.codes if bind.stock_source(code) == name]
