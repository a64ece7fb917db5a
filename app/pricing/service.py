"""Answers: what does it cost through this channel?"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.ports import Price, PriceSource
from app.upstream.changes import Changes
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.values import Channel, ChannelCode, Sku


class PricingService:
    """Reads prices from the connection that owns them, one call a channel."""

    def __init__(
        self,
        source: PriceSource,
        *,
        health: Health,
        policy: FreshnessPolicy,
        timeout: timedelta,
        changes: Changes | None = None,
    ) -> None:
        """`changes` tells what must be asked for again, however fresh it is."""
        self._source = source
        self._changes = Changes(health.now) if changes is None else changes
        self._health = health
        self._policy = policy
        self._timeout = timeout
        self._readers: dict[ChannelCode, Reader[Sku, Price]] = {}

    async def prices(
        self, skus: Collection[Sku], *, channel: Channel, inquiry: Inquiry
    ) -> Mapping[Sku, Reading[Price]]:
        """A price for every SKU; value None: the owner has none in the channel's currency."""
        reader = self._reader(channel)
        read = await reader.read(skus, inquiry)
        if self._changes:
            for since, outdated in self._outdated(skus).items():
                read |= await reader.read(outdated, inquiry, max_age=since)
        return read

    def _outdated(self, skus: Collection[Sku]) -> Mapping[timedelta, list[Sku]]:
        """Those whose price may have changed, by how long ago."""
        found: dict[timedelta, list[Sku]] = {}
        for sku in skus:
            names = ("Price", "ProductVariant", f"ProductVariant:{sku}")
            if (since := self._changes.since(names)) is not None:
                found.setdefault(since, []).append(sku)
        return found

    def _reader(self, channel: Channel) -> Reader[Sku, Price]:
        if channel.code not in self._readers:

            async def fetch(skus: Collection[Sku]) -> Fetched[Sku, Price]:
                answer = await self._source.prices(list(skus), channel=channel)
                values = {price.sku: (price, price.as_of) for price in answer.rows}
                return Fetched(values, answer.as_of, answer.rejected)

            self._readers[channel.code] = Reader(
                port="PriceSource",
                fetch=fetch,
                policy=self._policy,
                health=self._health,
                timeout=self._timeout,
            )
        return self._readers[channel.code]
