"""How is the marketplace asked and told?"""

import re
from collections.abc import Collection
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from app.errors import InvalidInputError, UpstreamBroken, UpstreamRefused
from app.ports import (
    Acknowledgement,
    Answer,
    Listing,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderPage,
    MarketReceipt,
    Offer,
    Parcel,
    PublicationKey,
    PublishedOffer,
    Wiring,
)
from app.values import Sku
from connectors.kit import cells
from connectors.kit.rows import answer, list_at
from connectors.sandbox import fields
from connectors.sandbox import market_mapping as mapping
from connectors.sandbox.answers import joined, stated
from connectors.sandbox.orders import says
from connectors.sandbox.wire import Caller, in_batches, pairs

LARGEST_PAGE = 100
PLACE = re.compile(r"[0-9]{1,12}")
BAD_CURSOR = "after is not a cursor of these orders"


class MarketConnection:
    """Fulfils `OrderSource` and `ListingSink`, and knows what its messages mean."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._call = Caller(wiring.http)

    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        """See `OrderSource`. A cursor is a place in the log of changes."""
        if after is not None and not PLACE.fullmatch(after):
            raise InvalidInputError(BAD_CURSOR, argument="after")
        query = [("since", after or "0"), ("limit", str(min(first, LARGEST_PAGE)))]
        try:
            document = await self._call.get("market-orders", "market/orders", query)
        except UpstreamRefused as error:
            if says(error.body, "bad_since"):
                raise InvalidInputError(BAD_CURSOR, argument="after") from error
            raise
        read = joined([_orders(document)], lambda order: order.number)
        return MarketOrderPage(
            orders=read.rows,
            cursor=str(stated(fields.count, document, "end")),
            more=stated(fields.flag, document, "more"),
            as_of=read.as_of,
            rejected=read.rejected,
        )

    async def numbered(self, numbers: Collection[MarketOrderNumber]) -> Answer[MarketOrder]:
        """See `OrderSource`."""
        if not numbers:
            return Answer(rows=(), as_of=self._wiring.now())
        answers = await in_batches(numbers, self._numbered)
        return joined(answers, lambda order: order.number)

    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        """See `OrderSource`. One call; it is known by the order."""
        path = f"market/orders/{quote(acknowledgement.order, safe='')}/acceptance"
        _is_of(await self._call.write("accept", "PUT", path, {}), acknowledgement.order)
        return MarketReceipt(key=acknowledgement.key, order=acknowledgement.order)

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        """See `OrderSource`. One call; a parcel has our key in its address."""
        order, key = quote(parcel.order, safe=""), quote(parcel.key, safe="")
        path = f"market/orders/{order}/parcels/{key}"
        _is_of(await self._call.write("send", "PUT", path, mapping.parcel(parcel)), parcel.order)
        return MarketReceipt(key=parcel.key, order=parcel.order, reference=parcel.key)

    async def publish(
        self,
        offers: Collection[Offer],
        *,
        key: PublicationKey,  # noqa: ARG002  figures are absolute, and need none
    ) -> Answer[PublishedOffer]:
        """See `ListingSink`."""
        if not offers:
            return Answer(rows=(), as_of=self._wiring.now())
        latest = {one.sku: one for one in offers}

        async def put(skus: list[Sku]) -> Answer[PublishedOffer]:
            told = {"offers": [mapping.offer(latest[sku]) for sku in skus]}
            document = await self._call.write("publish", "POST", "market/offers", told)
            return answer(
                list_at(document, "results"),
                mapping.published,
                as_of=stated(cells.instant, document, "asOf"),
                reference=lambda row: row["sku"],
            )

        return joined(await in_batches(latest, put), lambda row: row.sku)

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        """See `ListingSink`."""
        if not skus:
            return Answer(rows=(), as_of=self._wiring.now())
        return joined(await in_batches(skus, self._listed), lambda row: row.sku)

    def changed_orders(self, body: bytes) -> Collection[MarketOrderNumber]:
        """See `OrderNews`."""
        try:
            return mapping.changed(orjson.loads(body))
        except orjson.JSONDecodeError:
            return ()

    async def _numbered(self, numbers: list[MarketOrderNumber]) -> Answer[MarketOrder]:
        asked = pairs("no", numbers)
        return _orders(await self._call.get("market-order", "market/orders/lookup", asked))

    async def _listed(self, skus: list[Sku]) -> Answer[Listing]:
        document = await self._call.get("offers", "market/offers", pairs("sku", skus))
        as_of = stated(cells.instant, document, "asOf")
        return answer(
            list_at(document, "offers"),
            partial(mapping.listing, as_of=as_of),
            as_of=as_of,
            reference=lambda row: row["sku"],
        )


def _orders(document: Any) -> Answer[MarketOrder]:
    return answer(
        list_at(document, "orders"),
        mapping.order,
        as_of=stated(cells.instant, document, "asOf"),
        reference=lambda row: row["no"],
    )


def _is_of(document: Any, number: MarketOrderNumber) -> None:
    """Let a write's answer be of the order that it was about.

    Raises:
        UpstreamBroken: it is not, or cannot be read.
    """
    try:
        told = mapping.order(document["order"])
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise UpstreamBroken("the answer tells of no order") from error
    if told.number != number:
        raise UpstreamBroken("the answer tells of another order")
