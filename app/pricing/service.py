"""Answers: what does it cost through this channel?"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Self

from app.ports import Price, PriceSource
from app.pricing.listing import listed
from app.pricing.model import ANYBODY, Standing
from app.pricing.rules import Active, RuleBook
from app.upstream.changes import Changes
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.upstream.second_level import Kind, SecondLevel, through
from app.values import Channel, ChannelCode, Money, Sku

KINDS = ("Price", "ProductVariant")  # of what changes


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
        level: SecondLevel | None = None,
    ) -> None:
        """`changes` tells what must be asked for again; `level` is what other processes read."""
        self._book: RuleBook | None = None
        self._level = level
        self._source = source
        self._changes = Changes(health.now) if changes is None else changes
        self._health = health
        self._policy = policy
        self._timeout = timeout
        self._readers: dict[ChannelCode, Reader[Sku, Price]] = {}

    def ruled_by(self, book: RuleBook) -> Self:
        """The same, with the retailer's own rules."""
        self._book = book or None
        return self

    async def prices(
        self,
        skus: Collection[Sku],
        *,
        channel: Channel,
        inquiry: Inquiry,
        standing: Standing = ANYBODY,
    ) -> Mapping[Sku, Reading[Price]]:
        """A price for every SKU; value None: there is none in the channel's currency.

        It is its owner's, or that of a price list which may take its place.
        """
        reader = self._reader(channel)
        read: Mapping[Sku, Reading[Price]] = await reader.read(skus, inquiry)
        if self._changes:
            named = {sku: _names(sku) for sku in skus}
            for since, outdated in self._changes.outdated(named).items():
                read = {**read, **await reader.read(outdated, inquiry, max_age=since)}
        if (active := self.rules(channel.code)) is not None and active.lists:
            known = active.listed
            return {
                sku: listed(one, sku, active, standing) if sku in known else one
                for sku, one in read.items()
            }
        return read

    def rules(self, channel: ChannelCode) -> Active | None:
        """The rules that hold through a channel now; None where there are none at all."""
        return None if self._book is None else self._book.at(channel, self._health.now())

    def _reader(self, channel: Channel) -> Reader[Sku, Price]:
        if channel.code not in self._readers:

            async def fetch(skus: Collection[Sku]) -> Fetched[Sku, Price]:
                answer = await self._source.prices(list(skus), channel=channel)
                values = {price.sku: (price, price.as_of) for price in answer.rows}
                return Fetched(values, answer.as_of, answer.rejected)

            self._readers[channel.code] = Reader(
                port="PriceSource",
                fetch=through(self._level, _kind(channel), fetch),
                policy=self._policy,
                health=self._health,
                timeout=self._timeout,
                changes=partial(self._changes.count, *KINDS),
            )
        return self._readers[channel.code]


def _names(sku: Sku) -> tuple[str, ...]:
    """What a change of its price goes by."""
    return (*KINDS, f"ProductVariant:{sku}")


def _kind(channel: Channel) -> Kind[Price]:
    name = f"price {channel.code} {channel.currency}"
    return Kind(name=name, read=_written, changes_of=lambda price: _names(price.sku))


def _written(told: Mapping[str, Any]) -> Price:
    """A price that was written down as JSON."""
    compare_at = told["compare_at"]
    return Price(
        sku=told["sku"],
        amount=_money(told["amount"]),
        compare_at=None if compare_at is None else _money(compare_at),
        tax_included=told["tax_included"],
        as_of=datetime.fromisoformat(told["as_of"]),
    )


def _money(told: Mapping[str, Any]) -> Money:
    return Money(Decimal(told["amount"]), told["currency"])
