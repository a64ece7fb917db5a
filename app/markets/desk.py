"""What may an operator do about marketplaces? Look, have things tried again, and report parcels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, select

from app.errors import InvalidInputError
from app.markets import listing_rows, order_rows, parcel_rows, polling
from app.markets.model import Known, Shown
from app.markets.parcel_rows import Leaving
from app.markets.tables import market_shelves, market_sources
from app.ports import Parcel
from app.settings import Market, unknown
from app.store import Store, Work


@dataclass(frozen=True, slots=True)
class Standing:
    """How a marketplace is doing: orders by fate, listings by state, and what is in the way."""

    name: str
    polled_at: datetime | None
    poll_reason: str | None
    orders: Mapping[str, int]
    listings: Mapping[str, int]
    behind: int
    since: datetime | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class MarketDesk:
    """Marketplaces of the settings, by the name of their connection."""

    store: Store
    markets: Mapping[str, Market]

    async def standing(self, name: str) -> Standing:
        """How one is doing."""
        self._known(name)
        return await self.store.read(partial(_standing, name=name))

    async def troubled(self, name: str) -> list[tuple[Known, str | None]]:
        """Orders that somebody has to look at, with the state of ours."""
        self._known(name)
        return await self.store.read(partial(order_rows.troubled, name=name))

    async def parcels(self, name: str) -> list[Leaving]:
        """Parcels of which it does not want to hear."""
        self._known(name)
        return await self.store.read(partial(parcel_rows.refused, name=name))

    async def listings(self, name: str) -> list[Shown]:
        """Listings that it does not take as they are, or has yet to hear of."""
        self._known(name)
        return await self.store.read(partial(listing_rows.troubled, name=name))

    async def retry(self, name: str, number: str | None, now: datetime) -> list[str]:
        """Read again what could not be taken, or one order; which they are."""
        self._known(name)

        def change(work: Work) -> list[str]:
            polling.nudge(work, name)
            return order_rows.ask_again(work.connection, name, now, number)

        return await self.store.act(change, now=now)

    async def put_aside(self, name: str, number: str, now: datetime) -> bool:
        """Try an order no more that could not be taken; whether there is such a one."""
        self._known(name)
        aside = partial(order_rows.put_aside, name=name, number=number)
        return await self.store.act(lambda work: aside(work.connection), now=now)

    async def resync(self, name: str, now: datetime) -> int:
        """Tell all of it anew, whatever was told; how many listings that are."""
        self._known(name)
        forget = partial(listing_rows.forget, name=name, now=now)
        return await self.store.act(lambda work: forget(work.connection), now=now)

    async def ship(self, name: str, parcel: Parcel, now: datetime) -> bool:
        """Let it be told of a parcel, once; False where that was said before."""
        self._known(name)
        add = partial(parcel_rows.add, name=name, parcel=parcel, now=now)

        def change(work: Work) -> bool:
            polling.begin(work, name)
            return add(work.connection)

        return await self.store.act(change, now=now)

    def _known(self, name: str) -> None:
        if name not in self.markets:
            raise InvalidInputError(
                unknown(name, self.markets, what="market").capitalize(), argument="market"
            )


def _standing(connection: Connection, name: str) -> Standing:
    source = connection.execute(
        select(market_sources).where(market_sources.c.connection == name)
    ).one_or_none()
    shelf = connection.execute(
        select(market_shelves).where(market_shelves.c.connection == name)
    ).one_or_none()
    behind, since = listing_rows.behind(connection, name)
    return Standing(
        name=name,
        polled_at=None if source is None else source.polled_at,
        poll_reason=None if source is None else source.reason,
        orders=order_rows.counted(connection, name),
        listings=listing_rows.counted(connection, name),
        behind=behind,
        since=since,
        paused_until=None if shelf is None else shelf.paused_until,
    )
