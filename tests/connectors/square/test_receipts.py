"""What orders of Square come to: receipts of tills, and purchases of customers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.errors import InvalidInputError, UpstreamBroken
from app.ports import (
    PurchaseChannel,
    PurchasedLine,
    PurchaseStatus,
    Receipt,
    ReceiptLine,
    ReceiptNumber,
    RejectedRow,
)
from app.values import CurrencyCode, LocationCode, Money, Sku
from connectors.square.specimen_orders import BOOTS, line, order, returned
from connectors.square.specimen_people import DARIA, KEYS
from connectors.square.specimen_shop import DUBLIN, _place, _variation
from tests.connectors.square.seller import DUB, ORK, Seller, a_seller

SEARCH = "/v2/orders/search"
CLOSED = LocationCode("Old shop")
MOST_PAGES = 50


def euros(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


def at(day: int, hour: int, micro: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, 0, 0, micro, tzinfo=UTC)


def number(own: str) -> ReceiptNumber:
    return ReceiptNumber(own)


async def numbers(seller: Seller, *, first: int, after: str | None = None) -> list[list[str]]:
    """The receipts of every page there is."""
    pages = []
    for _ in range(MOST_PAGES):
        page = await seller.connection.receipts(after, first=first)
        pages.append([str(one.number) for one in page.receipts])
        after = page.cursor
        if not page.more:
            return pages
    raise AssertionError("the pages do not end")


async def test_sales_exchanges_and_returns_are_receipts() -> None:
    async with a_seller() as seller:
        page = await seller.connection.receipts(None, first=50)

    boots = (ReceiptLine(sku=Sku("TRAIL-42"), quantity=1, total=euros("89.90")),)
    assert page.receipts == (
        Receipt(
            number=number("ORDER-1"),
            location=DUB,
            sold_at=at(10, 10, 123_000),
            lines=boots,
            total=euros("89.90"),
            customer=DARIA,
        ),
        Receipt(
            number=number("ORDER-2"),
            location=ORK,
            sold_at=at(11, 11),
            lines=(ReceiptLine(sku=Sku("BOTTLE"), quantity=2, total=euros("30.00")),),
            total=euros("35.00"),
            customer=DARIA,
        ),
        Receipt(
            number=number("ORDER-3"),
            location=DUB,
            sold_at=at(12, 12),
            lines=(ReceiptLine(sku=Sku("BOTTLE"), quantity=1, total=euros("15.00")),),
            total=euros("15.00"),
        ),
        Receipt(
            number=number("ORDER-3:r"),
            location=DUB,
            sold_at=at(12, 12),
            lines=boots,
            total=euros("89.90"),
            refund_of=number("ORDER-1"),
        ),
        Receipt(
            number=number("ORDER-4"),
            location=CLOSED,
            sold_at=at(12, 12),
            lines=(ReceiptLine(sku=Sku("ROPE-M"), quantity=4, total=euros("12.80")),),
            total=euros("12.80"),
        ),
    )
    assert (page.more, page.rejected) == (False, ())


@pytest.mark.parametrize("first", [1, 2, 3, 5])
@pytest.mark.parametrize("page", [1, 2, 1000])
async def test_pages_cut_an_exchange_and_an_instant_without_loss(first: int, page: int) -> None:
    async with a_seller(page=page) as seller:
        pages = await numbers(seller, first=first)

    told = [one for page in pages for one in page]
    assert told == ["ORDER-1", "ORDER-2", "ORDER-3", "ORDER-3:r", "ORDER-4"]
    assert {len(page) for page in pages[:-1]} <= {first}


async def test_what_comes_late_is_told_when_it_comes() -> None:
    """A till that was offline sends what it sold days ago; an order that changed comes again."""
    async with a_seller() as seller:
        page = await seller.connection.receipts(None, first=50)
        late = order("ORDER-0", "2026-11-09T08:00:00.000Z", [line("a", 100, BOOTS)])
        late["updated_at"] = "2026-11-14T08:00:00.000Z"
        seller.square.orders.orders[0] = {
            **seller.square.orders.orders[0],
            "updated_at": "2026-11-15T08:00:00.000Z",
        }
        seller.square.orders.orders.append(late)
        again = await seller.connection.receipts(page.cursor, first=50)
        nothing = await seller.connection.receipts(again.cursor, first=50)

    assert [(one.number, one.sold_at) for one in again.receipts] == [
        ("ORDER-0", at(9, 8)),
        ("ORDER-1", at(10, 10, 123_000)),
    ]
    assert (nothing.receipts, nothing.cursor, nothing.more) == ((), again.cursor, False)


async def test_the_last_moments_are_left_for_the_next_time() -> None:
    async with a_seller() as seller:
        sold = datetime.now(UTC).isoformat(timespec="milliseconds")
        seller.square.orders.orders = [order("ORDER-9", sold, [line("a", 100, BOOTS)])]
        now = await seller.connection.receipts(None, first=50)
        seller.clock.ahead += timedelta(seconds=31)
        then = await seller.connection.receipts(now.cursor, first=50)

    assert (now.receipts, now.more) == ((), False)
    assert [one.number for one in then.receipts] == ["ORDER-9"]


async def test_ten_locations_are_searched_at_once() -> None:
    async with a_seller() as seller:
        places = [_place(f"L{index}", f"Shop {index}") for index in range(21)]
        seller.square.shop.locations = tuple(places)
        seller.square.orders.orders = [
            order(f"O-{index:02}", f"2026-11-{index + 1:02}T08:00:00Z", [], place=f"L{index}")
            | {"line_items": [line("a", 100, BOOTS)]}
            for index in reversed(range(21))
        ]
        pages = await numbers(seller, first=4)

    assert [one for page in pages for one in page] == [f"O-{index:02}" for index in range(21)]
    assert {len(one.body["location_ids"]) for one in seller.asked(SEARCH)} == {10, 1}


async def test_what_was_taken_back_of_no_known_sale_is_told_as_that_and_hides_nothing() -> None:
    async with a_seller() as seller:
        unlinked = order(
            "ORDER-8",
            "2026-11-14T08:00:00.000Z",
            [line("a", 100, BOOTS)],
            returns=[returned("r", None, [line("a", 50, BOOTS)])],
        )
        seller.square.orders.orders = [unlinked]
        page = await seller.connection.receipts(None, first=50)
        after = await seller.connection.receipts(page.cursor, first=50)

    assert [one.number for one in page.receipts] == ["ORDER-8"]
    assert page.rejected == (RejectedRow("ORDER-8:r", "KeyError: 'source_order_id'"),)
    assert (after.receipts, after.rejected) == ((), ())


async def test_what_has_no_sku_counts_in_the_total_alone() -> None:
    async with a_seller() as seller:
        plain = _variation("V0PLAIN", "X", cents=1)
        del plain["item_variation_data"]["sku"]
        seller.square.shop.variations = (*seller.square.shop.variations, plain)
        lines = [line("a", 100, "V0PLAIN"), line("b", 200, "V0GONE"), line("c", 300, None)]
        seller.square.orders.orders = [order("ORDER-8", "2026-11-14T08:00:00.000Z", lines)]
        page = await seller.connection.receipts(None, first=50)

    (receipt,) = page.receipts
    assert (receipt.lines, receipt.total) == ((), euros("6.00"))


async def test_skus_are_asked_for_once_and_of_deleted_variations_too() -> None:
    async with a_seller() as seller:
        for _ in range(2):
            await seller.connection.receipts(None, first=50)

    (asked,) = seller.asked("/v2/catalog/batch-retrieve")
    assert asked.body == {
        "object_ids": ["V0TRAIL42", "V0BOTTLE", "V0ROPE"],
        "include_deleted_objects": True,
    }


@pytest.mark.parametrize(
    "cursor", ["", "x", "bm90IGpzb24=", "WzEsMl0=", "WyIyMDI2LTAxLTAxIiwgW11d", "eyJhIjoxfQ=="]
)
async def test_a_cursor_of_somebody_else_is_told(cursor: str) -> None:
    async with a_seller() as seller:
        with pytest.raises(InvalidInputError) as raised:
            await seller.connection.receipts(cursor, first=50)

    assert raised.value.argument == "after"
    assert seller.paths == []


@pytest.mark.parametrize("changes", [{"id": 7}, {"updated_at": "yesterday"}])
async def test_an_order_that_has_no_place_in_the_list_stops_it(changes: dict[str, Any]) -> None:
    async with a_seller(lying=True) as seller:
        odd = {**seller.square.orders.orders[0], **changes}
        orders = seller.square.orders
        seller.square.handlers["POST", SEARCH] = lambda _: {"orders": [odd, orders.orders[1]]}
        with pytest.raises(UpstreamBroken, match="told of no sound order"):
            await seller.connection.receipts(None, first=50)


async def test_receipts_of_a_location_that_cannot_be_read_are_not_passed_over() -> None:
    async with a_seller(lying=True) as seller:
        good = seller.square.shop.locations
        seller.square.shop.locations = (*good[1:], {**good[0], "name": 7})
        with pytest.raises(UpstreamBroken, match="locations with one that cannot be read"):
            await seller.connection.receipts(None, first=50)


async def test_purchases_are_told_the_latest_first_with_what_came_back() -> None:
    async with a_seller() as seller:
        sent = {"uid": "f", "type": "SHIPMENT", "state": "PROPOSED"}
        back = [returned("r", "ORDER-1", [line("a", 8990, BOOTS)])]
        seller.square.orders.orders.append(
            order(
                "ORDER-7",
                "2026-11-16T08:00:00.000Z",
                [line("a", 1500, "V0BOTTLE"), line("b", 500, None, name="Wrapping")],
                customer_id=DARIA,
                state="OPEN",
                returns=back,
                fulfillments=[sent],
                net_amounts={"total_money": {"amount": -6990, "currency": "EUR"}},
            )
        )
        answer = await seller.connection.purchases([KEYS[0], KEYS[1]], until=at(20, 0), most=2)

    assert [(one.customer, one.reference) for one in answer.rows] == [
        (DARIA, "ORDER-7"),
        (DARIA, "ORDER-2"),
    ]
    first, second = answer.rows
    assert first.lines == (
        PurchasedLine(name="Goods", quantity=1, sku=Sku("BOTTLE"), total=euros("15.00")),
        PurchasedLine(name="Wrapping", quantity=1, total=euros("5.00")),
        PurchasedLine(name="Goods", quantity=-1, sku=Sku("TRAIL-42"), total=euros("-89.90")),
    )
    assert (first.total, first.channel, first.status, first.location) == (
        euros("-69.90"),
        PurchaseChannel.ONLINE,
        PurchaseStatus.OPEN,
        DUB,
    )
    assert (second.channel, second.status, second.placed_at) == (
        PurchaseChannel.STORE,
        PurchaseStatus.COMPLETED,
        at(11, 11),
    )


async def test_the_latest_is_told_first_wherever_it_was_bought() -> None:
    async with a_seller() as seller:
        places = [_place(f"L{index:02}", f"Shop {index}") for index in range(11)]
        seller.square.shop.locations = tuple(places)
        seller.square.orders.orders = [
            order(
                f"O-{index:02}",
                f"2026-11-{1 + index:02}T08:00:00Z",
                [line("a", 100, BOOTS)],
                place=f"L{index:02}",
                customer_id=DARIA,
            )
            for index in range(11)
        ]
        answer = await seller.connection.purchases(KEYS[:1], until=at(20, 0), most=3)

    assert [one.reference for one in answer.rows] == ["O-10", "O-09", "O-08"]
    assert [one.placed_at.day for one in answer.rows] == [11, 10, 9]
    assert len(seller.asked(SEARCH)) == 2


async def test_nothing_is_told_of_whom_the_directory_has_forgotten() -> None:
    async with a_seller() as seller:
        await seller.connection.erase(KEYS[0])
        answer = await seller.connection.purchases([KEYS[0]], until=at(20, 0), most=9)

    assert answer.rows == ()
    assert SEARCH not in seller.paths
    assert any(one.get("customer_id") == DARIA for one in seller.square.orders.orders)


async def test_a_refund_at_a_location_is_of_that_location() -> None:
    async with a_seller() as seller:
        back = [returned("r", "ORDER-1", [line("a", 8990, BOOTS)])]
        seller.square.orders.orders = [
            order("ORDER-8", "2026-11-14T08:00:00.000Z", [], place=DUBLIN, returns=back)
        ]
        page = await seller.connection.receipts(None, first=50)

    assert [(one.number, one.location, one.refund_of) for one in page.receipts] == [
        ("ORDER-8:r", DUB, "ORDER-1")
    ]
