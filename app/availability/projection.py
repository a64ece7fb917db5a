"""What did the systems say when they were last read as a whole? Kept in the store for everybody.

A projection asks one connection for the stock of every SKU, again and again; in each period one
process does. Who asks for what a silent system knows is told what was read, as STALE.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec import structs

from app.availability import ledger, level_rows
from app.availability.model import Availability, AvailabilityStatus, Spot, Spread, bounded
from app.errors import GatewayError
from app.ports import CatalogSource, ProductQuery, StockSource
from app.settings import Projection as Terms
from app.store import Store, StoreUnavailable, Work
from app.store.keys import Once, claim, settle
from app.upstream.asking import asked
from app.upstream.health import Health
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import Locale, LocationCode, Sku

PAGE = 100  # products
SOONEST = 1.0  # seconds until what failed is tried again; twice as long each time, up to a period
log = structlog.get_logger(__name__)
Batches = AsyncIterator[Sequence[Sku]]


class Projection:
    """Reads the stock of one connection as a whole."""

    def __init__(
        self,
        source: StockSource,
        store: Store,
        *,
        terms: Terms,
        health: Health,
        timeout: timedelta,
    ) -> None:
        """`timeout` is for one question; the health tells of which connection."""
        self._source = source
        self._store = store
        self._terms = terms
        self._health = health
        self._timeout = timeout

    async def keep(
        self, skus: Callable[[], Batches], locations: Callable[[], Collection[LocationCode]]
    ) -> None:
        """Read it once in each period, until cancelled; what fails is told and tried again soon."""
        name = self._health.connection
        mine, failures = False, 0
        while True:
            try:
                mine = mine or await self._mine()
                if mine:
                    levels = await self.pull(skus(), locations())
                    log.info("projection.read", connection=name, levels=levels)
                mine, failures = False, 0
            except GatewayError as error:
                failures += 1
                log.warning("projection.behind", connection=name, reason=str(error))
            except Exception as bug:  # noqa: BLE001  it goes on, whatever it was
                failures += 1
                log.error("projection.bug", connection=name, kind=type(bug).__name__)  # noqa: TRY400
            await asyncio.sleep(self._pause(failures))

    def _pause(self, failures: int) -> float:
        """Seconds until the next look."""
        every = self._terms.every.total_seconds()
        return min(every, SOONEST * 2 ** min(failures - 1, 20)) if failures else every

    async def pull(self, skus: Batches, locations: Collection[LocationCode]) -> int:
        """Read everything once; the number of levels that came.

        Raises:
            UpstreamError: the connection let us down; what came before is kept.
            StoreUnavailable: so did the store.
        """
        count = 0
        async for some in skus:
            for start in range(0, len(some), self._terms.batch):
                count += await self._read(some[start : start + self._terms.batch], locations)
        return count

    async def _read(self, skus: Sequence[Sku], locations: Collection[LocationCode]) -> int:
        began = self._health.now()
        question = partial(self._source.stock_levels, skus, locations)
        answer = await asked(self._health.connection, question, within=self._timeout)
        now = self._health.now()
        levels = [
            structs.replace(level, as_of=self._health.truthful(level.as_of, now))
            for level in map(bounded, answer.rows)
        ]
        source = self._health.connection
        record = partial(ledger.record, source=source, levels=levels, read_at=began)
        await self._store.act(record, now=now)
        return len(levels)

    async def _mine(self) -> bool:
        """Whether this process is the one that reads in this period."""
        now, every = self._health.now(), self._terms.every
        period = int(now.timestamp() // every.total_seconds())
        name = self._health.connection
        once = Once(scope="projection", key=f"{name}:{period}", digest=name)

        def take(work: Work) -> bool:
            if claim(work, once, kept_for=every) is not None:
                return False
            settle(work, once, {"taken": True})
            return True

        return await self._store.act(take, now=now)


class ProjectedStock:
    """What is told of silent connections; `serve_for` says of which, and for how long."""

    def __init__(
        self, store: Store, serve_for: Mapping[str, timedelta], *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._serve_for = serve_for
        self._now = now

    async def filled(self, spreads: Mapping[Sku, Spread]) -> Mapping[Sku, Spread]:
        """The same, where something is unknown that was read not too long ago."""
        unknown = [
            part.spot
            for spread in spreads.values()
            for part in spread.parts
            if part.status is AvailabilityStatus.UNKNOWN and part.source in self._serve_for
        ]
        if not unknown:
            return spreads
        try:
            found = await self._store.read(partial(level_rows.news, spots=unknown))
        except StoreUnavailable:
            return spreads
        return {sku: self._with(spread, found) for sku, spread in spreads.items()}

    def _with(self, spread: Spread, found: Mapping[Spot, level_rows.News]) -> Spread:
        parts = tuple(self._known(part, found.get(part.spot)) for part in spread.parts)
        return spread if parts == spread.parts else Spread(parts)

    def _known(self, part: Availability, news: level_rows.News | None) -> Availability:
        if part.status is not AvailabilityStatus.UNKNOWN or news is None:
            return part
        serve_for = self._serve_for.get(part.source or "")
        if serve_for is None or news.source != part.source:
            return part
        if news.level.as_of <= self._now() - serve_for:
            return part
        reading = Reading(news.level, news.level.as_of, Freshness.STALE, news.source)
        return Availability.of(part.spot, reading)


async def catalogue_skus(
    catalogue: CatalogSource, *, connection: str, locale: Locale, within: timedelta
) -> Batches:
    """Every SKU of the catalogue, a page at a time, each `within` a time.

    Raises:
        UpstreamError: the catalogue let us down.
    """
    query = ProductQuery(first=PAGE, locale=locale)
    while True:
        page = await asked(connection, partial(catalogue.browse, query), within=within)
        skus = [variant.sku for edge in page.edges for variant in edge.product.variants]
        yield skus
        if not page.has_next or not page.edges:
            return
        query = structs.replace(query, after=page.edges[-1].cursor)
