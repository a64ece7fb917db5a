"""Answers: what does it cost through this channel?"""

from collections.abc import Collection, Mapping
from datetime import timedelta

from app.ports import Price, PriceSource
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.values import Channel, ChannelCode, Sku


class PricingService:
    """Reads prices from the connection that owns them, one call a channel."""

    def __init__(
        self, source: PriceSource, *, health: Health, policy: FreshnessPolicy, timeout: timedelta
    ) -> None:
        self._source = source
        self._health = health
        self._policy = policy
        self._timeout = timeout
        self._readers: dict[ChannelCode, Reader[Sku, Price]] = {}

    async def prices(
        self, skus: Collection[Sku], *, channel: Channel, inquiry: Inquiry
    ) -> Mapping[Sku, Reading[Price]]:
        """A price for every SKU; value None: the owner has none in the channel's currency."""
        return await self._reader(channel).read(skus, inquiry)

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
