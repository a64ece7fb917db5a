"""What do Amazon's words about listings mean in ours, and ours in its?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.ports import Listing, Offer, OfferState, PublishedOffer
from app.values import CurrencyCode, Sku
from connectors.amazon.mapping import count, money
from connectors.amazon.optional import Row, maybe, maybe_things, things, words
from connectors.kit.cells import text


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where listings stand: a marketplace, its currency, and who fulfils."""

    marketplace: str
    currency: CurrencyCode
    channel: str


def kind(row: Row, shelf: Shelf) -> tuple[Sku, str]:
    """What kind of product a listing is of, which a change of it has to name."""
    told = _of(shelf, things(row, "productTypes"))
    return Sku(text(row, "sku")), text(told, "productType")


def listing(row: Row, shelf: Shelf, as_of: datetime) -> Listing:
    """What is listed of a SKU."""
    summary = _of(shelf, things(row, "summaries"))
    stocks = maybe_things(row, "fulfillmentAvailability")
    offers = maybe_things(row, "offers")
    stock = next((one for one in stocks if _channel(one) == shelf.channel), {})
    offer = next((one for one in offers if _is_retail(one, shelf)), {})
    return Listing(
        sku=Sku(text(row, "sku")),
        buyable="BUYABLE" in words(summary, "status"),
        quantity=maybe(stock, "quantity", count),
        price=maybe(offer, "price", money),
        as_of=as_of,
    )


def _channel(row: Row) -> str:
    return text(row, "fulfillmentChannelCode")


def _is_retail(row: Row, shelf: Shelf) -> bool:
    return text(row, "marketplaceId") == shelf.marketplace and text(row, "offerType") == "B2C"


def _of(shelf: Shelf, rows: Iterable[Row]) -> Row:
    for row in rows:
        if text(row, "marketplaceId") == shelf.marketplace:
            return row
    raise LookupError("of another marketplace")


def patches(offer: Offer, shelf: Shelf) -> list[dict[str, Any]]:
    """What changes of a listing; each attribute is replaced as a whole."""
    found = []
    if offer.quantity is not None:
        stock = {"fulfillment_channel_code": shelf.channel, "quantity": offer.quantity}
        found.append(_patch("fulfillment_availability", stock))
    if offer.price is not None:
        schedule = [{"value_with_tax": float(offer.price.amount)}]
        price = {
            "marketplace_id": shelf.marketplace,
            "currency": offer.price.currency,
            "our_price": [{"schedule": schedule}],
        }
        found.append(_patch("purchasable_offer", price))
    return found


def _patch(attribute: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"op": "replace", "path": f"/attributes/{attribute}", "value": [value]}


def impossible(offer: Offer, shelf: Shelf) -> str | None:
    """Why an offer cannot be listed, whatever Amazon says."""
    if "," in offer.sku:
        return "a SKU with a comma cannot be asked for"
    if offer.quantity is not None and offer.quantity < 0:
        return "the quantity is below none"
    if offer.price is not None and offer.price.currency != shelf.currency:
        return "the price is in another currency than the marketplace"
    if offer.price is not None and offer.price.amount <= 0:
        return "the price is nothing or less"
    return None


def issues(row: Row) -> str:
    """The codes of what is wrong with a submission."""
    wrong = (one for one in maybe_things(row, "issues") if one.get("severity") == "ERROR")
    codes = dict.fromkeys(code for one in wrong if (code := text(one, "code")).isalnum())
    return ", ".join(codes) or "no code"


def published(row: Row, sku: Sku) -> PublishedOffer:
    """What became of a submission.

    Raises:
        LookupError, TypeError, ValueError: it is not what the contract says.
    """
    if text(row, "sku") != sku:
        raise ValueError("sku: is another listing")
    reference, state = text(row, "submissionId"), text(row, "status")
    if state == "ACCEPTED":
        return PublishedOffer(sku=sku, state=OfferState.ACCEPTED, reference=reference)
    if state != "INVALID":
        raise ValueError("status: nobody knows it")
    return PublishedOffer(
        sku=sku, state=OfferState.REFUSED, reference=reference, reason=issues(row)
    )


def is_strange(row: Any, skus: Collection[str]) -> bool:
    """Whether a listing is of a SKU that nobody asked for."""
    sku = row.get("sku") if isinstance(row, Mapping) else None
    return isinstance(sku, str) and sku not in skus
