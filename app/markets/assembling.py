"""Which connections are marketplaces, and who works for them? As the settings say."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.availability.service import AvailabilityService
from app.markets import order_rows, polling
from app.markets.book import MarketBook
from app.markets.judging import Judge
from app.markets.looking import Catalogue, Looking
from app.markets.model import LONGEST_NUMBER, Saying
from app.markets.polling import OrderPoller
from app.markets.stock import MarketStock
from app.markets.telling import ListingTeller
from app.markets.words import Words
from app.orders.incoming import IncomingOrders, Market
from app.ports import ListingSink, OrderNews, OrderSource
from app.pricing.service import PricingService
from app.settings import Market as Terms
from app.settings import Settings
from app.store import Store, Work
from app.upstream.registry import Connections, OpenConnection
from app.values import ChannelCode, LocationCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Selling:
    """What marketplaces sell, and who takes over what they sold."""

    availability: AvailabilityService
    pricing: PricingService
    incoming: IncomingOrders
    catalogue: Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Markets:
    """Everybody who works for a marketplace, by the name of its connection."""

    store: Store
    now: Callable[[], datetime]
    connections: Connections
    pollers: Mapping[str, OrderPoller] = field(default_factory=dict)
    tellers: Mapping[str, ListingTeller] = field(default_factory=dict)

    def work(self) -> Iterator[Coroutine[Any, Any, None]]:
        """All of it, until cancelled."""
        yield from (one.run() for one in self.pollers.values())
        yield from (one.run() for one in self.tellers.values())

    def wake(self) -> None:
        """Something has happened here: there may be less to sell."""
        for one in self.tellers.values():
            one.wake()

    async def heard(self, connection: str, body: bytes) -> None:
        """A marketplace says that something has changed: the orders that it names are read.

        Raises:
            StoreUnavailable: unknown whether they will be.
        """
        if (poller := self.pollers.get(connection)) is None:
            return
        port = self.connections[connection].port
        named = port.changed_orders(body) if isinstance(port, OrderNews) else ()
        numbers = [one for one in named if len(one) <= LONGEST_NUMBER]

        def change(work: Work) -> None:
            if numbers:
                polling.begin(work, connection)
                order_rows.ask(work.connection, connection, numbers, work.now)
            else:
                polling.nudge(work, connection)

        await self.store.act(change, now=self.now())
        poller.wake()


def markets_over(
    settings: Settings,
    connections: Connections,
    selling: Selling,
    store: Store,
    book: MarketBook,
    now: Callable[[], datetime],
) -> Markets:
    """Everybody who works for the marketplaces of the settings."""
    making = _Making(settings, selling, store, book, now)
    pollers, tellers = {}, {}
    for name, terms in settings.markets.items():
        connection, stock = connections[name], making.stock(terms)
        if isinstance(connection.port, OrderSource):
            pollers[name] = making.poller(connection, connection.port, terms, stock)
        if isinstance(connection.port, ListingSink):
            tellers[name] = making.teller(connection, connection.port, terms, stock)
    return Markets(store=store, now=now, connections=connections, pollers=pollers, tellers=tellers)


@dataclass(frozen=True, slots=True)
class _Making:
    settings: Settings
    selling: Selling
    store: Store
    book: MarketBook
    now: Callable[[], datetime]

    def stock(self, terms: Terms) -> MarketStock:
        lists = self.settings.pricing.lists
        return MarketStock(
            terms=terms,
            channel=self.settings.channels[terms.channel],
            availability=self.selling.availability,
            pricing=self.selling.pricing,
            store=self.store,
            listed=None if terms.price_list is None else lists[terms.price_list],
        )

    def poller(
        self, connection: OpenConnection, source: OrderSource, terms: Terms, stock: MarketStock
    ) -> OrderPoller:
        name, timeout = connection.name, connection.configured.timeout
        market = Market(
            connection=name,
            channel=ChannelCode(terms.channel),
            locations=tuple(map(LocationCode, terms.locations)),
        )
        incoming = self.selling.incoming
        return OrderPoller(
            name=name,
            terms=terms,
            source=source,
            judge=Judge(market=market, incoming=incoming, stock=stock, now=self.now),
            words=Words(name=name, source=source, store=self.store, now=self.now, timeout=timeout),
            store=self.store,
            book=self.book,
            now=self.now,
            timeout=timeout,
        )

    def teller(
        self, connection: OpenConnection, sink: ListingSink, terms: Terms, stock: MarketStock
    ) -> ListingTeller:
        async def said(skus: Any) -> Saying:
            return await stock.said(skus, self.now())

        return ListingTeller(
            name=connection.name,
            terms=terms,
            sink=sink,
            looking=Looking(said, self.selling.catalogue, terms.skus),
            store=self.store,
            book=self.book,
            now=self.now,
        )
