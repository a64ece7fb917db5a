"""What the gateway hears about a partner who sells for us, and what cannot be understood."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInputError, UpstreamRefused, UpstreamUnavailable
from app.ports import (
    Acknowledgement,
    ListingSink,
    MarketOrderNumber,
    MarketOrderStatus,
    MarketWriteKey,
    Offer,
    OfferState,
    OrderSource,
    Parcel,
    PublicationKey,
    ShippedLine,
    Wiring,
    Withheld,
)
from app.upstream.client import ClientPolicy, open_client
from app.values import CurrencyCode, Money, Sku
from connectors.filedrop import selling_mapping as mapping
from connectors.filedrop.connection import FiledropConnection
from connectors.filedrop.desk import Desk, app
from connectors.filedrop.drop import At, Seen, SilentError
from connectors.filedrop.folder import Folder
from connectors.kit.serve import serve
from tests.connectors.filedrop.files import NOON
from tests.connectors.filedrop.selling import row, seller, table

NUMBER = MarketOrderNumber("F-1")


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[Any]:
    async with (
        serve(app({"/desk": desk})) as url,
        open_client("boutique", f"{url}/desk", policy=ClientPolicy()) as http,
    ):
        wiring = Wiring(name="boutique", http=http, now=lambda: NOON)
        yield FiledropConnection(desk._settings, wiring)


def euros(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


@pytest.mark.parametrize(
    ("changes", "ports"),
    [
        ({"listings": None}, (False, True)),
        ({"sales": None}, (True, False)),
        ({}, (True, True)),
    ],
)
def test_a_connection_has_what_is_set_up(
    tmp_path: Path, changes: dict[str, Any], ports: tuple[bool, bool]
) -> None:
    wiring = Wiring(name="boutique", http=cast("Any", None), now=lambda: NOON)

    found = FiledropConnection(seller(tmp_path, **changes).desk._settings, wiring)

    assert (isinstance(found, ListingSink), isinstance(found, OrderSource)) == ports


async def test_figures_are_told_once_and_answered_as_they_were_told(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    offers = [
        Offer(sku=Sku("MUG"), quantity=4, price=euros("1")),
        Offer(sku=Sku("=X"), quantity=4),
        Offer(sku=Sku("MUG"), quantity=3, price=euros("9.90")),
        Offer(sku=Sku("ROPE"), quantity=0),
    ]
    async with connected(partner.desk) as boutique:
        answers = [await boutique.publish(offers, key=PublicationKey("K-1")) for _ in range(2)]
        shown = await boutique.listings([Sku("ROPE"), Sku("MUG"), Sku("TENT"), Sku("=X")])
        with pytest.raises(UpstreamRefused):
            await boutique.publish(offers, key=PublicationKey("../K"))

    told = [[(one.sku, one.state, one.reason) for one in answer.rows] for answer in answers]
    once = [
        ("MUG", OfferState.ACCEPTED, None),
        ("=X", OfferState.REFUSED, "SKU_NOT_WRITABLE"),
        ("ROPE", OfferState.ACCEPTED, None),
    ]
    assert told == [once, once]
    assert [(one.sku, one.buyable, one.quantity, one.price) for one in shown.rows] == [
        ("ROPE", False, 0, None),
        ("MUG", True, 3, euros("9.90")),
    ]
    assert len(partner.there("out")) == 1


async def test_an_order_is_told_with_all_that_the_gateway_needs(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    partner.send("sold-1", table(row("F-1", name2="Ada", by="2026-11-22T17:00Z")))

    async with connected(partner.desk) as boutique:
        page = await boutique.orders(None, first=10)
        await boutique.acknowledge(Acknowledgement(key=MarketWriteKey("ack-1"), order=NUMBER))
        parcel = Parcel(
            key=MarketWriteKey("P-1"),
            order=NUMBER,
            lines=(ShippedLine(reference="MUG", quantity=1),),
            carrier="DHL",
            tracking="0034",
            shipped_at=NOON,
        )
        receipt = await boutique.confirm_shipment(parcel)
        (part,) = (await boutique.numbered([NUMBER])).rows
        rest = replace(parcel, key=MarketWriteKey("P-2"))
        await boutique.confirm_shipment(rest)
        (whole,) = (await boutique.numbered([NUMBER])).rows
        with pytest.raises(UpstreamRefused):
            await boutique.confirm_shipment(replace(parcel, key=MarketWriteKey("P-3")))
        again = await boutique.orders(page.cursor, first=10)

    (order,) = page.orders
    (line,) = order.lines
    assert (order.number, order.status, order.parts) == (NUMBER, MarketOrderStatus.OPEN, (NUMBER,))
    assert (line.sku, line.quantity, line.unit_price) == ("MUG", 2, euros("9.90"))
    assert (order.total, order.withheld) == (euros("25.00"), frozenset())
    assert order.buyer.name == "Ada"
    assert order.recipient.name == "Grace Example"
    assert (order.recipient.address.lines, order.recipient.address.country) == (
        ("Via Esempio 12",),
        "IT",
    )
    assert order.ship_by.latest == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert order.placed_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert order.changed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (receipt.key, receipt.reference) == ("P-1", "P-1")
    assert (part.status, part.parts) == (MarketOrderStatus.PARTLY_SHIPPED, ())
    assert (whole.status, whole.lines[0].shipped) == (MarketOrderStatus.SHIPPED, 2)
    assert (again.orders, again.more, again.cursor) == ((), False, page.cursor)


class Counted(Folder):
    """A folder that counts what is asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.asked: Counter[str] = Counter()

    async def files(self, folder: str) -> list[Seen]:
        self.asked["files"] += 1
        return await super().files(folder)

    async def read(self, at: At, most: int) -> bytes:
        self.asked["read"] += 1
        return await super().read(at, most)


@pytest.mark.parametrize(
    ("orders", "first", "again"),
    [(5, {"read": 5 + 3}, {"read": 5}), (500, {"files": 1, "read": 3}, {"files": 1})],
)
async def test_what_another_process_said_is_heard_with_few_questions_however_many_orders(
    tmp_path: Path, orders: int, first: dict[str, int], again: dict[str, int]
) -> None:
    partner = seller(tmp_path)
    numbers = [MarketOrderNumber(f"F-{each}") for each in range(orders)]
    partner.send("sold-1", table(*(row(each) for each in numbers)))
    drop = Counted(tmp_path)
    async with connected(partner.another(drop)) as boutique, connected(partner.desk) as elsewhere:
        await boutique.orders(None, first=1)
        await elsewhere.orders(None, first=1)
        for place, number in enumerate(numbers[:3]):
            word = Acknowledgement(key=MarketWriteKey(f"ack-{place}"), order=number)
            await elsewhere.acknowledge(word)
        asked = []
        for _ in range(2):
            drop.asked.clear()
            told = (await boutique.numbered(numbers)).rows
            asked.append(dict(drop.asked))

    waiting = [one.number for one in told if one.parts]
    assert waiting == numbers[3:]
    assert asked == [first, again]


async def test_who_asks_at_the_end_has_the_inbox_looked_into(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    async with connected(partner.desk) as boutique:
        before = await boutique.orders(None, first=10)
        partner.send("sold-1", table(row("F-1")))
        after = await boutique.orders(before.cursor, first=10)

    assert before.orders == ()
    assert [one.number for one in after.orders] == [NUMBER]


async def test_an_order_of_a_refused_file_is_told_once_without_what_it_says(tmp_path: Path) -> None:
    partner = seller(tmp_path)
    partner.send("sold-1", table(row("F-1", units="many")))

    async with connected(partner.desk) as boutique:
        pages = [await boutique.orders(None, first=10) for _ in range(2)]

    told = [[(one.reference, one.reason) for one in page.rejected] for page in pages]
    assert told == [[("F-1", "line 2, column 4: quantity is not a whole number")], []]


async def test_a_foreign_cursor_is_told(tmp_path: Path) -> None:
    async with connected(seller(tmp_path).desk) as boutique:
        with pytest.raises(InvalidInputError, match="not a cursor of these orders"):
            await boutique.orders("elsewhere", first=10)


async def test_while_nobody_can_look_orders_are_unavailable_and_figures_are_not_told(
    tmp_path: Path,
) -> None:
    class Failing(Folder):
        async def files(self, folder: str) -> list[Seen]:
            raise SilentError(f"{folder} does not answer")

    partner = seller(tmp_path, Failing(str(tmp_path)))
    word = Acknowledgement(key=MarketWriteKey("ack-1"), order=NUMBER)
    offer = Offer(sku=Sku("MUG"), quantity=1)

    async with connected(partner.desk) as boutique:
        for asked in (
            boutique.orders(None, first=10),
            boutique.numbered([NUMBER]),
            boutique.acknowledge(word),
            boutique.publish([offer], key=PublicationKey("K-1")),
            boutique.listings([Sku("MUG")]),
        ):
            with pytest.raises(UpstreamUnavailable):
                await asked


LINE: dict[str, Any] = {
    "reference": "1", "sku": "MUG", "quantity": 2, "shipped": 0, "unit_price": "9.90",
    "total": None, "cancelled": False,
}  # fmt: skip
ROW: dict[str, Any] = {
    "number": "F-1", "marketplace": None, "placed_at": "2026-11-20T09:00:00+00:00",
    "changed_at": "2026-11-20T10:00:00+00:00", "state": "OPEN", "currency": "EUR", "total": None,
    "buyer": None, "email": "x@partner.example", "name": "Grace", "phone": None,
    "address": ["Via 1"], "postal_code": None, "city": None, "region": None, "country": None,
    "ship_by": None, "deliver_from": None, "deliver_by": None, "waits": True, "lines": [LINE],
}  # fmt: skip
anything: st.SearchStrategy[Any] = st.one_of(
    st.booleans(), st.floats(), st.lists(st.integers()), st.just({})
)


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 10**6)), min_size=1, max_size=5))
def test_what_is_paid_is_what_the_lines_come_to_where_nobody_says(
    lines: list[tuple[int, int]],
) -> None:
    rows = [
        {**LINE, "reference": f"{n}", "quantity": units, "unit_price": f"{cents / 100:.2f}"}
        for n, (units, cents) in enumerate(lines)
    ]

    found = mapping.order({**ROW, "lines": rows})

    assert found.total == Money(
        sum((Decimal(cents) / 100 * units for units, cents in lines), Decimal(0)),
        CurrencyCode("EUR"),
    )


@pytest.mark.parametrize(
    ("changes", "withheld"),
    [
        ({}, set()),
        ({"email": None}, {Withheld.BUYER}),
        ({"name": None}, {Withheld.RECIPIENT}),
        ({"lines": [{**LINE, "unit_price": None}]}, {Withheld.PRICES}),
    ],
)
def test_what_is_not_told_is_said(changes: dict[str, Any], withheld: set[Withheld]) -> None:
    assert mapping.order({**ROW, **changes}).withheld == withheld


@given(st.sampled_from(["number", "state", "currency", "placed_at", "waits"]), anything)
def test_anything_else_is_no_order(name: str, value: Any) -> None:
    if name == "waits" and isinstance(value, bool):
        return
    with pytest.raises((TypeError, ValueError, KeyError)):
        mapping.order({**ROW, name: value})


@given(st.sampled_from(["quantity", "shipped"]), st.integers(max_value=-1) | anything)
def test_anything_else_is_no_line(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        mapping.order({**ROW, "lines": [{**LINE, name: value}]})
