"""What does a unit cost through a cart's channel, and is it sold there at all?"""

import asyncio
from collections.abc import Collection, Mapping

from app.carts.acting import Request
from app.carts.model import Snapshot
from app.carts.refusals import PriceUnknown, VariantNotSold
from app.ports import Price, Product, ProductKey
from app.pricing.listing import rule_of, words
from app.pricing.model import ANYBODY, Standing
from app.pricing.service import PricingService
from app.products.service import ProductService
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import Channel, Sku


class Pricing:
    """Asks the owner of prices, and the catalogue."""

    def __init__(self, prices: PricingService, products: ProductService) -> None:
        self._prices = prices
        self._products = products

    async def snapshots(
        self,
        skus: Collection[Sku],
        channel: Channel,
        request: Request,
        standing: Standing = ANYBODY,
    ) -> Mapping[Sku, Snapshot]:
        """What each costs now. The catalogue may be silent, the owner of prices may not.

        Raises:
            VariantNotSold: some do not exist, or have no price there.
            PriceUnknown: nobody can say.
        """
        if not skus:
            return {}
        keys = {sku: ProductKey("sku", sku) for sku in skus}
        read, known = await asyncio.gather(
            self._prices.prices(skus, channel=channel, inquiry=request.inquiry, standing=standing),
            self._products.find(keys.values(), request.inquiry),
        )
        if gone := [sku for sku in skus if _absent(known[keys[sku]]) or _absent(read[sku])]:
            raise VariantNotSold(gone)
        snapshots = {sku: _snapshot(read[sku], known[keys[sku]], request) for sku in skus}
        if unknown := [sku for sku, found in snapshots.items() if found is None]:
            raise PriceUnknown(unknown)
        # A price of another currency is none: it is never converted.
        if other := [sku for sku, one in snapshots.items() if one and not _in(one, channel)]:
            raise VariantNotSold(other)
        return {sku: one for sku, one in snapshots.items() if one is not None}


def _absent(reading: Reading[Price] | Reading[Product]) -> bool:
    """Whether its owner says that there is no such thing."""
    return reading.value is None and reading.freshness is not Freshness.UNKNOWN


def _in(snapshot: Snapshot, channel: Channel) -> bool:
    return snapshot.amount.currency == channel.currency


def _snapshot(
    reading: Reading[Price], product: Reading[Product], request: Request
) -> Snapshot | None:
    if (price := reading.value) is None:
        return None
    categories = () if product.value is None else product.value.categories
    return Snapshot(
        amount=price.amount,
        tax_included=price.tax_included,
        as_of=reading.as_of,
        taken_at=request.now,
        price_list=rule_of(price),
        categories=tuple(sorted(words(categories))),
    )
