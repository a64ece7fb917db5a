"""Answers: what does it cost through this channel?"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import NamedTuple

from app.ports import Price, PriceSource
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.values import Channel, ChannelCode, Sku


class Tag(NamedTuple):
    """A SKU on the shelf of a channel: what a price is asked by."""

    sku: Sku
    channel: ChannelCode


class PricingService:
    """Reads prices from the connection that owns them, one call a channel."""

    def __init__(
        self, source: PriceSource, *, health: Health, policy: FreshnessPolicy, timeout: timedelta
    ) -> None:
        self._source = source
        self._health = health
        self._policy = policy
        self._timeout = timeout
        self._readers: dict[ChannelCode, Reader[Tag, Price]] = {}

    async def prices(
        self, skus: Collection[Sku], *, channel: Channel, inquiry: Inquiry
    ) -> Mapping[Sku, Reading[Price]]:
        """A price for every SKU; value None: the owner has none in the channel's currency."""
        tags = {sku: Tag(sku, channel.code) for sku in skus}
        read = await self._reader(channel).read(tags.values(), inquiry)
        return {sku: read[tag] for sku, tag in tags.items()}

    def _reader(self, channel: Channel) -> Reader[Tag, Price]:
        if channel.code not in self._readers:

            async def fetch(tags: Collection[Tag]) -> Fetched[Tag, Price]:
                answer = await self._source.prices([tag.sku for tag in tags], channel=channel)
                values = {
                    Tag(price.sku, channel.code): (price, price.as_of) for price in answer.rows
                }
                return Fetched(values, answer.as_of, answer.rejected)

            self._readers[channel.code] = Reader(
                port="PriceSource",
                fetch=fetch,
                policy=self._policy,
                health=self._health,
                timeout=self._timeout,
            )
        return self._readers[channel.code]
