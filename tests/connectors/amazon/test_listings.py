"""What becomes of quantities and prices that go out to Amazon?"""

from decimal import Decimal
from typing import Any

import pytest

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import Listing, Offer, OfferState, PublicationKey, PublishedOffer
from app.values import CurrencyCode, Money, Sku
from connectors.amazon.specimen_listings import listing
from connectors.amazon.specimen_orders import ITALY
from connectors.kit.faults import FaultyWire, answering, cut, refusing
from tests.connectors.amazon.seller import Seller, a_seller

BOTTLE, ROPE, BOOTS = Sku("BOTTLE"), Sku("ROPE-M"), Sku("TRAIL-42")
ITEMS = "/listings/2021-08-01/items/A3SPECIMEN"
KEY = PublicationKey("K-1")


def euros(amount: str, currency: str = "EUR") -> Money:
    return Money(Decimal(amount), CurrencyCode(currency))


async def published(seller: Seller, *offers: Offer) -> tuple[PublishedOffer, ...]:
    return (await seller.connection.publish(offers, key=KEY)).rows


def states(rows: tuple[PublishedOffer, ...]) -> dict[str, tuple[str, str | None]]:
    return {row.sku: (row.state, row.reason) for row in rows}


async def test_a_listing_is_told_as_it_stands() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.listings([BOTTLE, Sku("NO-SUCH"), Sku("A,B"), BOTTLE])

    assert answer.rows == (
        Listing(sku=BOTTLE, buyable=True, quantity=12, price=euros("15.00"), as_of=answer.as_of),
    )


async def test_a_listing_that_amazon_says_little_of_is_told_with_that() -> None:
    async with a_seller() as seller:
        known = seller.amazon.listings.listings["BOTTLE"]
        known["summaries"][0]["status"] = ["DISCOVERABLE"]
        known["offers"][0]["offerType"] = "B2B"
        known["fulfillmentAvailability"] = [{"fulfillmentChannelCode": "AMAZON_EU", "quantity": 3}]
        (row,) = (await seller.connection.listings([BOTTLE])).rows

    assert (row.buyable, row.quantity, row.price) == (False, None, None)


async def test_a_quantity_and_a_price_are_told_in_amazons_words() -> None:
    async with a_seller() as seller:
        await published(seller, Offer(sku=BOTTLE, quantity=3, price=euros("14.90")))

    (patch,) = seller.asked(f"{ITEMS}/BOTTLE")
    assert patch.arguments == {"marketplaceIds": ITALY}
    assert patch.body == {
        "productType": "BOTTLE",
        "patches": [
            {
                "op": "replace",
                "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}],
            },
            {
                "op": "replace",
                "path": "/attributes/purchasable_offer",
                "value": [
                    {
                        "marketplace_id": ITALY,
                        "currency": "EUR",
                        "our_price": [{"schedule": [{"value_with_tax": 14.9}]}],
                    }
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("offer", "figures"),
    [
        (Offer(sku=BOTTLE, quantity=0), (0, "15.00")),
        (Offer(sku=BOTTLE, price=euros("9.99")), (12, "9.99")),
        (Offer(sku=BOTTLE), (12, "15.00")),
    ],
    ids=["a quantity", "a price", "neither"],
)
async def test_a_figure_that_is_not_told_stays(offer: Offer, figures: tuple[int, str]) -> None:
    async with a_seller() as seller:
        (row,) = await published(seller, offer)

    assert row.state is OfferState.ACCEPTED
    assert seller.amazon.listings.held("BOTTLE") == [("BOTTLE", figures)]


async def test_each_sku_is_told_what_became_of_it() -> None:
    async with a_seller() as seller:
        rows = await published(
            seller,
            Offer(sku=BOTTLE, quantity=1),
            Offer(sku=Sku("NO-SUCH"), quantity=1),
            Offer(sku=ROPE, quantity=-1),
            Offer(sku=BOOTS, price=euros("1.00", "GBP")),
            Offer(sku=Sku("A,B"), quantity=1),
        )

    assert states(rows) == {
        "BOTTLE": ("ACCEPTED", None),
        "NO-SUCH": ("REFUSED", "it is not listed"),
        "ROPE-M": ("REFUSED", "the quantity is below none"),
        "TRAIL-42": ("REFUSED", "the price is in another currency than the marketplace"),
        "A,B": ("REFUSED", "a SKU with a comma cannot be asked for"),
    }
    assert rows[0].reference == "submission-1"


async def test_what_amazon_finds_invalid_is_told_by_its_codes() -> None:
    async with a_seller() as seller:
        seller.amazon.listings.invalid = {"ROPE-M"}
        rows = await published(seller, Offer(sku=ROPE, quantity=1), Offer(sku=BOTTLE, quantity=1))

    assert states(rows) == {"ROPE-M": ("REFUSED", "90000900"), "BOTTLE": ("ACCEPTED", None)}


async def test_the_last_offer_of_a_sku_counts_and_it_is_sent_alone() -> None:
    async with a_seller() as seller:
        rows = await published(seller, Offer(sku=BOTTLE, quantity=1), Offer(sku=BOTTLE, quantity=2))

    assert len(rows) == 1
    assert len(seller.asked(f"{ITEMS}/BOTTLE")) == 1
    assert seller.amazon.listings.held("BOTTLE")[0][1][0] == 2


async def test_listings_are_asked_for_twenty_at_a_time() -> None:
    skus = [Sku(f"S-{number}") for number in range(41)]
    async with a_seller() as seller:
        known: dict[str, Any] = {sku: listing(sku, 1, "1.00", "SHOES") for sku in skus}
        seller.amazon.listings.listings = known
        found = await seller.connection.listings(skus)

    asked = [one.arguments["identifiers"].count(",") + 1 for one in seller.asked(ITEMS)]
    assert [row.sku for row in found.rows] == skus
    assert asked == [20, 20, 1]


FAULTS: dict[str, tuple[Any, type[UpstreamError], str]] = {
    "429": (refusing(429, retry_after=7), UpstreamThrottled, "NOT_SENT"),
    "403": (refusing(403), UpstreamUnauthorized, "NOT_SENT"),
    "500": (refusing(500), UpstreamUnavailable, "UNKNOWN"),
    "cut": (cut, UpstreamUnavailable, "UNKNOWN"),
    "rubbish": (answering(200, b"<html>"), UpstreamBroken, "UNKNOWN"),
}


def a_patch(scope: Any) -> bool:
    return bool(scope["method"] == "PATCH")


@pytest.mark.parametrize(("fault", "kind", "state"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_failure_on_the_way_is_told_of_what_it_concerns(
    fault: Any, kind: type[UpstreamError], state: str
) -> None:
    wires: list[FaultyWire] = []

    def around(app: Any) -> FaultyWire:
        wires.append(FaultyWire(app))
        return wires[-1]

    offers = [Offer(sku=sku, quantity=5) for sku in (BOTTLE, ROPE, BOOTS)]
    async with a_seller(around=around, lying=True) as seller:
        wires[0].break_with(fault, after=1, matching=a_patch)
        rows = await published(seller, *offers)
        wires[0].mend()

    assert states(rows) == {
        "BOTTLE": ("ACCEPTED", None),
        "ROPE-M": (state, kind.code),
        "TRAIL-42": ("NOT_SENT", kind.code),
    }
    assert seller.asked(f"{ITEMS}/TRAIL-42") == []


@pytest.mark.parametrize(
    ("fault", "kind"), [(fault, kind) for fault, kind, _ in FAULTS.values()], ids=FAULTS.keys()
)
async def test_a_failure_before_anything_is_known_is_raised(
    fault: Any, kind: type[UpstreamError]
) -> None:
    wires: list[FaultyWire] = []

    def around(app: Any) -> FaultyWire:
        wires.append(FaultyWire(app))
        return wires[-1]

    async with a_seller(around=around, lying=True) as seller:
        wires[0].break_with(fault, matching=a_patch)
        with pytest.raises(kind):
            await published(seller, Offer(sku=BOTTLE, quantity=5), Offer(sku=ROPE, quantity=5))

    assert seller.asked(f"{ITEMS}/ROPE-M") == []


async def test_one_refused_sku_does_not_stop_the_others() -> None:
    wires: list[FaultyWire] = []

    def around(app: Any) -> FaultyWire:
        wires.append(FaultyWire(app))
        return wires[-1]

    async with a_seller(around=around, lying=True) as seller:
        wires[0].break_with(refusing(400), times=1, matching=a_patch)
        rows = await published(seller, Offer(sku=BOTTLE, quantity=5), Offer(sku=ROPE, quantity=5))
        wires[0].break_with(refusing(400), times=1, matching=a_patch)
        with pytest.raises(UpstreamRefused):
            await published(seller, Offer(sku=BOTTLE, quantity=5))

    assert [row.state for row in rows] == [OfferState.REFUSED, OfferState.ACCEPTED]


async def test_a_listing_without_its_kind_is_not_written() -> None:
    async with a_seller() as seller:
        seller.amazon.listings.listings["BOTTLE"]["productTypes"] = []
        rows = await published(seller, Offer(sku=BOTTLE, quantity=5), Offer(sku=ROPE, quantity=5))

    assert states(rows) == {
        "BOTTLE": ("REFUSED", "Amazon does not say what kind of product it is"),
        "ROPE-M": ("ACCEPTED", None),
    }
