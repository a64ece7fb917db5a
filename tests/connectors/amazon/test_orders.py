"""Which orders do we hear of from Amazon, and what does it hear of them?"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.errors import (
    InvalidInputError,
    UpstreamBroken,
    UpstreamRefused,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import (
    Address,
    MarketBuyer,
    MarketLine,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderPage,
    MarketOrderStatus,
    Recipient,
    ShippedLine,
    TimeWindow,
    Withheld,
)
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.amazon.specimen import SETTINGS
from connectors.amazon.specimen_orders import (
    CANCELLED,
    ITALY,
    MIXED,
    OPEN,
    PENDING,
    PLANNED,
    PRIVATE,
    SHIPMENT,
    shipment,
)
from tests.connectors.amazon.seller import Seller, a_parcel, a_seller, a_word

SEARCH = "/orders/2026-01-01/orders"
CONFIRM = f"/orders/v0/orders/{OPEN}/shipmentConfirmation"
SHIPMENTS = "/externalFulfillment/2024-09-11/shipments"
EVERY = {OPEN, MIXED, PLANNED, PENDING, CANCELLED}


def euros(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


def alone() -> dict[str, Any]:
    """Settings of an application without the roles for people."""
    orders: Any = SETTINGS["orders"]
    return {"orders": {**orders, "people": False}}


async def every_page(seller: Seller, after: str | None, first: int) -> list[MarketOrderPage]:
    pages = [await seller.connection.orders(after, first=first)]
    while pages[-1].more:
        pages.append(await seller.connection.orders(pages[-1].cursor, first=first))
    return pages


def numbers(pages: list[MarketOrderPage]) -> list[str]:
    return [order.number for page in pages for order in page.orders]


async def test_an_order_is_told_with_all_that_amazon_tells_of_it() -> None:
    async with a_seller() as seller:
        (order,) = (await seller.connection.numbered([MarketOrderNumber(MIXED)])).rows

    assert order == MarketOrder(
        number=MarketOrderNumber(MIXED),
        marketplace=ITALY,
        placed_at=datetime(2025, 6, 1, 8, tzinfo=UTC),
        changed_at=datetime(2025, 6, 2, 9, tzinfo=UTC),
        status=MarketOrderStatus.OPEN,
        lines=(
            MarketLine(
                reference="21",
                sku=Sku("ROPE-M"),
                quantity=3,
                unit_price=euros("12.80"),
                total=euros("12.80"),
            ),
            MarketLine(
                reference="22",
                sku=Sku("BOTTLE"),
                quantity=1,
                unit_price=euros("15.00"),
                total=euros("15.00"),
                cancel_asked=True,
            ),
        ),
        total=euros("45.00"),
        buyer=MarketBuyer(name=PRIVATE[0], email="x7q@marketplace.example"),
        recipient=Recipient(
            name=PRIVATE[0],
            phone=PRIVATE[2],
            address=Address(
                lines=(PRIVATE[1],),
                postal_code="50100",
                city="Firenze",
                country=CountryCode("IT"),
            ),
        ),
        ship_by=TimeWindow(
            earliest=datetime(2025, 6, 2, 6, tzinfo=UTC),
            latest=datetime(2025, 6, 3, 21, 59, 59, tzinfo=UTC),
        ),
    )


async def test_what_amazon_does_not_tell_yet_is_told_as_withheld() -> None:
    async with a_seller() as seller:
        asked = [MarketOrderNumber(PENDING), MarketOrderNumber(CANCELLED)]
        pending, cancelled = (await seller.connection.numbered(asked)).rows

    assert pending.status is MarketOrderStatus.PENDING
    assert pending.withheld == {Withheld.PRICES}
    assert cancelled.status is MarketOrderStatus.CANCELLED
    assert [(line.quantity, line.cancelled) for line in cancelled.lines] == [(0, True)]


async def test_without_the_roles_people_are_neither_asked_for_nor_told() -> None:
    async with a_seller(**alone()) as seller:
        seller.amazon.orders.people = False
        page = await seller.connection.orders(None, first=10)

    (search,) = seller.asked(SEARCH)
    assert (
        search.arguments["includedData"] == "FULFILLMENT,PROCEEDS,CANCELLATION,FULFILLMENT_ORDERS"
    )
    assert {order.number for order in page.orders} == EVERY
    assert all(order.withheld >= {Withheld.BUYER, Withheld.RECIPIENT} for order in page.orders)
    assert [order for order in page.orders if order.buyer or order.recipient] == []


async def test_people_asked_for_without_the_roles_are_refused_as_a_whole() -> None:
    async with a_seller() as seller:
        seller.amazon.orders.people = False
        with pytest.raises(UpstreamUnauthorized, match="answered search-orders with 403"):
            await seller.connection.orders(None, first=10)


@pytest.mark.parametrize("first", [1, 2, 3, 5, 100, 1000])
async def test_pages_of_any_size_hold_every_order_once(first: int) -> None:
    async with a_seller() as seller:
        pages = await every_page(seller, None, first)

    assert sorted(numbers(pages)) == sorted(EVERY)
    assert max(len(page.orders) for page in pages) <= first
    assert len(pages) == -(-len(EVERY) // first)


async def test_only_orders_that_the_seller_ships_are_asked_for() -> None:
    async with a_seller() as seller:
        seller.amazon.orders.orders[OPEN]["fulfillment"]["fulfilledBy"] = "AMAZON"
        pages = await every_page(seller, None, 100)

    assert set(numbers(pages)) == EVERY - {OPEN}


async def test_a_later_question_begins_where_amazon_said_that_it_had_looked() -> None:
    async with a_seller() as seller:
        (page,) = await every_page(seller, None, 100)
        seller.clock.pass_by(hours=1)
        (nothing,) = await every_page(seller, page.cursor, 100)
        await seller.connection.confirm_shipment(a_parcel())
        seller.clock.pass_by(minutes=5)
        (changed,) = await every_page(seller, nothing.cursor, 100)

    asked = [one.arguments["lastUpdatedAfter"] for one in seller.asked(SEARCH)]
    assert asked == [
        "2025-06-01T00:00:00.000Z",
        "2025-07-01T11:58:00.000Z",
        "2025-07-01T12:58:00.000Z",
    ]
    assert nothing.orders == ()
    assert [(one.number, one.status) for one in changed.orders] == [
        (OPEN, MarketOrderStatus.PARTLY_SHIPPED)
    ]


async def test_an_order_that_changes_while_pages_are_read_is_told_at_last() -> None:
    async with a_seller() as seller:
        first = await seller.connection.orders(None, first=1)
        await seller.connection.confirm_shipment(a_parcel())
        rest = await every_page(seller, first.cursor, 1)
        seller.clock.pass_by(minutes=5)
        later = await every_page(seller, rest[-1].cursor, 1)

    assert {*numbers([first]), *numbers(rest), *numbers(later)} == EVERY
    assert numbers(later) == [OPEN]


async def test_fewer_orders_than_before_are_told_without_losing_the_rest() -> None:
    async with a_seller() as seller:
        first = await seller.connection.orders(None, first=2)
        rest = await every_page(seller, first.cursor, 1)

    assert sorted(numbers([first, *rest])) == sorted(EVERY)
    assert [len(page.orders) for page in rest] == [1, 1, 1]


async def test_a_token_that_amazon_forgot_begins_the_stretch_again() -> None:
    async with a_seller() as seller:
        first = await seller.connection.orders(None, first=4)
        seller.amazon.orders.forgets_tokens = True
        seller.clock.pass_by(hours=2)
        again = await seller.connection.orders(first.cursor, first=100)

    assert {order.number for order in again.orders} == EVERY
    assert not again.more


async def test_a_fresh_token_that_is_refused_is_a_refusal() -> None:
    async with a_seller() as seller:
        first = await seller.connection.orders(None, first=4)
        seller.amazon.orders.forgets_tokens = True
        with pytest.raises(UpstreamRefused, match="answered search-orders with InvalidInput"):
            await seller.connection.orders(first.cursor, first=4)


@pytest.mark.parametrize(
    "cursor",
    ["", "?", "bm9uZQ==", "W10=", "WyIyMDI1LTA2LTAxIiwgbnVsbCwgbnVsbCwgMTAwLCAwXQ=="],
)
async def test_a_foreign_cursor_is_told(cursor: str) -> None:
    async with a_seller() as seller:
        with pytest.raises(InvalidInputError, match="after is not a cursor of these orders"):
            await seller.connection.orders(cursor, first=4)

    assert seller.paths == []


async def test_an_order_that_cannot_be_read_hides_no_other_and_tells_nobodys_name() -> None:
    async with a_seller(lying=True) as seller:
        seller.amazon.orders.orders[MIXED]["recipient"]["deliveryAddress"]["city"] = [PRIVATE[0]]
        del seller.amazon.orders.orders[OPEN]["orderItems"][0]["product"]["sellerSku"]
        page = await seller.connection.orders(None, first=10)

    assert {order.number for order in page.orders} == EVERY - {MIXED, OPEN}
    assert {(row.reference, row.reason) for row in page.rejected} == {
        (MIXED, "TypeError: city: not a text"),
        (OPEN, "KeyError: 'sellerSku'"),
    }


async def test_a_parcel_is_told_in_amazons_words() -> None:
    async with a_seller() as seller:
        parcel = a_parcel(carrier="Other", carrier_name="Bike & Co", service="Same day")
        receipt = await seller.connection.confirm_shipment(parcel)

    (told,) = seller.asked(CONFIRM)
    assert told.body == {
        "marketplaceId": ITALY,
        "packageDetail": {
            "packageReferenceId": receipt.reference,
            "carrierCode": "Other",
            "carrierName": "Bike & Co",
            "shippingMethod": "Same day",
            "trackingNumber": "00340434161094000000",
            "shipDate": "2025-07-01T12:00:00.000Z",
            "orderItems": [{"orderItemId": "11", "quantity": 2}],
        },
    }


async def test_a_parcel_is_told_once_and_the_next_one_besides() -> None:
    async with a_seller() as seller:
        first = await seller.connection.confirm_shipment(a_parcel())
        again = await seller.connection.confirm_shipment(a_parcel())
        rest = a_parcel("P-2", lines=(ShippedLine(reference="12", quantity=1),))
        other = await seller.connection.confirm_shipment(rest)
        (order,) = (await seller.connection.numbered([MarketOrderNumber(OPEN)])).rows

    assert again == first
    assert other.reference != first.reference
    assert len(seller.asked(CONFIRM)) == 2
    assert seller.amazon.orders.held() == [(OPEN, {"11": 2}), (OPEN, {"12": 1})]
    assert order.status is MarketOrderStatus.SHIPPED
    assert [line.shipped for line in order.lines] == [2, 1]


@pytest.mark.parametrize(
    "lines",
    [
        (ShippedLine(reference="11", quantity=3),),
        (ShippedLine(reference="99", quantity=1),),
        (),
    ],
    ids=["more than was ordered", "a line nobody knows", "nothing"],
)
async def test_an_impossible_parcel_is_refused(lines: tuple[ShippedLine, ...]) -> None:
    async with a_seller() as seller:
        with pytest.raises(UpstreamRefused, match="answered confirm-shipment with InvalidInput"):
            await seller.connection.confirm_shipment(a_parcel(lines=lines))

    assert seller.amazon.orders.held() == []


async def test_parcels_of_planned_shipments_are_not_told_by_the_order() -> None:
    async with a_seller() as seller:
        parcel = a_parcel(order=PLANNED, lines=(ShippedLine(reference="31", quantity=1),))
        with pytest.raises(UpstreamRefused, match="external fulfilment alone"):
            await seller.connection.confirm_shipment(parcel)

    assert seller.paths == [f"{SEARCH}/{PLANNED}"]


async def test_an_order_without_planned_shipments_waits_for_no_word() -> None:
    async with a_seller() as seller:
        receipt = await seller.connection.acknowledge(a_word(OPEN))

    assert (receipt.order, receipt.reference) == (OPEN, None)
    assert seller.paths == [f"{SEARCH}/{OPEN}"]


def plan_another(seller: Seller) -> None:
    seller.amazon.orders.shipments["D2"] = shipment("D2", PLANNED)
    planned = seller.amazon.orders.orders[PLANNED]["fulfillmentOrders"]
    planned.append({"fulfillmentOrderId": "D2"})


async def test_every_planned_shipment_gets_our_word_once() -> None:
    async with a_seller() as seller:
        plan_another(seller)
        await seller.connection.acknowledge(a_word(PLANNED))
        await seller.connection.acknowledge(a_word(PLANNED))

    said = [one for one in seller.watched.exchanges if one.method == "POST"][1:]
    assert [(one.path, one.arguments) for one in said] == [
        (f"{SHIPMENTS}/{SHIPMENT}", {"operation": "CONFIRM"}),
        (f"{SHIPMENTS}/D2", {"operation": "CONFIRM"}),
    ]


async def test_half_a_word_is_an_unknown_outcome_and_is_made_whole() -> None:
    async with a_seller() as seller:
        plan_another(seller)
        seller.amazon.orders.refuses = "D2"
        with pytest.raises(UpstreamUnavailable, match="for a part of the order"):
            await seller.connection.acknowledge(a_word(PLANNED))
        seller.amazon.orders.refuses = None
        await seller.connection.acknowledge(a_word(PLANNED))

    assert seller.amazon.orders.held() == [(PLANNED, "ACKNOWLEDGED")] * 2


async def test_our_word_for_what_amazon_cancelled_is_refused() -> None:
    async with a_seller() as seller:
        seller.amazon.orders.shipments[SHIPMENT]["status"] = "CANCELLED"
        with pytest.raises(UpstreamRefused, match="has cancelled a shipment"):
            await seller.connection.acknowledge(a_word(PLANNED))


async def test_our_word_for_a_shipment_in_a_state_nobody_knows_is_not_given() -> None:
    async with a_seller(lying=True) as seller:
        seller.amazon.orders.shipments[SHIPMENT]["status"] = "ON_THE_MOON"
        with pytest.raises(UpstreamBroken, match="a status that is known"):
            await seller.connection.acknowledge(a_word(PLANNED))


async def test_where_amazon_does_not_say_how_far_it_looked_more_is_asked_again() -> None:
    async with a_seller() as seller:
        seller.amazon.orders.tells_the_end = False
        page = await seller.connection.orders(None, first=100)
        with suppress(UpstreamRefused):  # the answer's Date is not of the miniature's year
            await seller.connection.orders(page.cursor, first=100)

    again = datetime.fromisoformat(seller.asked(SEARCH)[1].arguments["lastUpdatedAfter"])
    assert page.as_of - again == timedelta(minutes=2, seconds=15)
