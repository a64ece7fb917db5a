"""How is a partner who sells for us asked and told?"""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from app.errors import InvalidInputError, UpstreamBroken
from app.ports import (
    Acknowledgement,
    Answer,
    Listing,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderPage,
    MarketReceipt,
    MarketWriteKey,
    Offer,
    Parcel,
    PublicationKey,
    PublishedOffer,
    RejectedRow,
    Wiring,
)
from app.values import Sku
from connectors.filedrop import selling_mapping as mapping
from connectors.filedrop.asking import Asking, as_of
from connectors.filedrop.sold import place
from connectors.kit.cells import text
from connectors.kit.rows import answer, batches, list_at, merged

IDS_PER_CALL = 500
LARGEST_PAGE = 200
BAD_CURSOR = "after is not a cursor of these orders"


class Selling:
    """Asks the desk."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._asking = Asking(wiring.http)

    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        """See `app.ports.ListingSink`. One call, and one file."""
        if not offers:
            return Answer(rows=(), as_of=self._wiring.now())
        latest = {one.sku: one for one in offers}
        told = {"offers": [mapping.offer(one) for one in latest.values()]}
        path = f"publications/{quote(key, safe='')}"
        document = await self._asking.write("publish", "PUT", path, told)
        found = answer(
            list_at(document, "results"),
            mapping.published,
            as_of=as_of(document),
            reference=lambda row: row["sku"],
        )
        return merged([found], key=lambda row: row.sku, as_of=found.as_of)

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        """See `app.ports.ListingSink`. One call for each 500 SKUs."""
        answers = [await self._listed(batch) for batch in batches(skus, IDS_PER_CALL)]
        return merged(answers, key=lambda row: row.sku, as_of=self._wiring.now())

    async def orders(self, after: str | None, *, first: int) -> MarketOrderPage:
        """See `app.ports.OrderSource`. One call; a cursor is a place among what came."""
        if after is not None and place(after) is None:
            raise InvalidInputError(BAD_CURSOR, argument="after")
        asked = {"after": after, "first": min(max(first, 1), LARGEST_PAGE)}
        document = await self._asking.ask("sales", "sales", asked)
        read = _orders(document)
        told = answer(
            list_at(document, "rejected"),
            lambda row: RejectedRow(text(row, "reference"), text(row, "reason")),
            as_of=read.as_of,
            reference=lambda row: row["reference"],
        )
        return MarketOrderPage(
            orders=read.rows,
            cursor=_stated(document, "cursor", str),
            more=_stated(document, "more", bool),
            as_of=read.as_of,
            rejected=(*read.rejected, *told.rows, *told.rejected),
        )

    async def numbered(self, numbers: Collection[MarketOrderNumber]) -> Answer[MarketOrder]:
        """See `app.ports.OrderSource`. One call for each 500 numbers."""
        answers = [await self._numbered(batch) for batch in batches(numbers, IDS_PER_CALL)]
        return merged(answers, key=lambda order: order.number, as_of=self._wiring.now())

    async def acknowledge(self, acknowledgement: Acknowledgement) -> MarketReceipt:
        """See `app.ports.OrderSource`. One call."""
        key, order = acknowledgement.key, acknowledgement.order
        path, document = f"sales/acceptances/{quote(key, safe='')}", {"order": order}
        return _receipt(await self._asking.write("accept", "PUT", path, document), key, order)

    async def confirm_shipment(self, parcel: Parcel) -> MarketReceipt:
        """See `app.ports.OrderSource`. One call."""
        path = f"sales/parcels/{quote(parcel.key, safe='')}"
        document = {"order": parcel.order, "parcel": mapping.parcel(parcel)}
        told = await self._asking.write("despatch", "PUT", path, document)
        return _receipt(told, parcel.key, parcel.order)

    async def _listed(self, skus: list[Sku]) -> Answer[Listing]:
        document = await self._asking.ask("listings", "listings", {"skus": skus})
        return answer(
            list_at(document, "listings"),
            mapping.listing,
            as_of=as_of(document),
            reference=lambda row: row["sku"],
        )

    async def _numbered(self, numbers: list[MarketOrderNumber]) -> Answer[MarketOrder]:
        return _orders(await self._asking.ask("sale", "sales/numbered", {"numbers": numbers}))


def _orders(document: Any) -> Answer[MarketOrder]:
    found = answer(
        list_at(document, "orders"),
        mapping.order,
        as_of=as_of(document),
        reference=lambda row: row["number"],
    )
    return merged([found], key=lambda order: order.number, as_of=found.as_of)


def _stated(document: Any, name: str, kind: type) -> Any:
    """A value that an answer must have.

    Raises:
        UpstreamBroken: it has none.
    """
    if not isinstance(value := document.get(name), kind):
        raise UpstreamBroken(f"the answer states no usable {name}")
    return value


def _receipt(document: Any, key: MarketWriteKey, order: MarketOrderNumber) -> MarketReceipt:
    """The receipt of a word; an answer that is about another order is none.

    Raises:
        UpstreamBroken: see above.
    """
    told = document if isinstance(document, dict) else {}
    if told.get("order") != order or "reference" not in told:
        raise UpstreamBroken("the answer tells of another order")
    return MarketReceipt(key=key, order=order, reference=told["reference"])
