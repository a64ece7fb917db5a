"""Orders at Tryton: what is said to it, and what its recorded answers mean."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamRefused
from app.ports import OrderKey, OrderStatus, UpstreamHttp, WireRequest, WireResponse, Wiring
from app.upstream.client import ClientPolicy, open_client
from app.values import CurrencyCode, LocationCode, Money
from connectors.kit.serve import serve
from connectors.tryton import Settings, connect
from connectors.tryton.order_mapping import Sale, chosen, order, sale
from connectors.tryton.specimen import DATABASE, PASSWORD, app
from connectors.tryton.specimen_sales import FOLDER, orders_specimen

ORDER = orders_specimen().order
LOCATIONS = {LocationCode("BOLOGNA"): "WH-BLQ", LocationCode("LYON"): "Lyon"}
BEFORE = ["login", "preferences"]
NEW = [
    *("sales", "sold-products", "warehouses", "party", "country", "new-party", "party"),
    *("draft-sales", "sales", "quote-sale.sale", "sales", "confirm-sale.sale", "sales"),
]
WRITES = {"login", "new-party", "draft-sales", "quote-sale.sale", "confirm-sale.sale"}


@dataclass
class Line:
    """The guarded client, overheard."""

    http: UpstreamHttp
    sent: list[WireRequest] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        return [request.operation for request in self.sent]

    def told(self, operation: str) -> Any:
        (request,) = [one for one in self.sent if one.operation == operation]
        assert request.body is not None
        return orjson.loads(request.body)["params"]

    async def send(self, request: WireRequest) -> WireResponse:
        self.sent.append(request)
        return await self.http.send(request)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Any, Line, Any]]:
    tryton: Any = app()
    patient = ClientPolicy(timeout=timedelta(seconds=30))
    async with serve(tryton) as url, open_client("erp", url, policy=patient) as http:
        line = Line(http)
        settings = Settings.model_validate(
            {
                "url": url,
                "database": DATABASE,
                "username": "connector",
                "password": PASSWORD,
                "orders": True,
            }
        )
        wiring = Wiring(name="erp", http=line, now=lambda: datetime.now(UTC), locations=LOCATIONS)
        yield connect(settings, wiring), line, tryton.state.tryton.sales


def recorded(name: str) -> Any:
    return orjson.loads((FOLDER / f"{name}.json").read_bytes())["response"]["result"]


async def test_a_new_order_is_drafted_found_quoted_and_confirmed() -> None:
    async with connected() as (erp, line, _):
        await erp.hand_over(ORDER)
        assert line.operations == [*BEFORE, *NEW]
        assert {one.operation for one in line.sent if not one.safe} == WRITES
        ((drafted,), _) = line.told("draft-sales")

    assert drafted["reference"] == "T-1"
    assert drafted["invoice_method"] == "manual"
    assert [(one.get("product"), one["quantity"]) for one in drafted["lines"][0][1]] == [
        (2, 1),
        (5, 2),
        (None, 1),
    ]
    assert drafted["lines"][0][1][0]["unit_price"] == {"__class__": "Decimal", "decimal": "99.00"}


async def test_a_known_order_is_one_call() -> None:
    async with connected() as (erp, line, _):
        first = await erp.hand_over(ORDER)
        line.sent.clear()
        assert await erp.hand_over(ORDER) == first
        assert line.operations == ["sales"]


async def test_lines_of_two_warehouses_are_two_sales_of_one_call() -> None:
    lyon = replace(ORDER.lines[1], location=LocationCode("LYON"))
    async with connected() as (erp, line, sales):
        told = await erp.hand_over(replace(ORDER, lines=(ORDER.lines[0], lyon)))
        (drafted, _) = line.told("draft-sales")
        assert len(drafted) == len(sales.held()) == 2
        numbers = [str(one.id) for one in sales.sales.values()]
    assert told.reference == "+".join(numbers)


async def test_a_draft_that_was_made_twice_is_thrown_away() -> None:
    async with connected() as (erp, _, sales):
        await erp.hand_over(ORDER)
        (first,) = sales.sales.values()
        sales.answer("sale.sale", "create", [[first.values]])
        await erp.hand_over(ORDER)
        assert list(sales.sales.values()) == [first]


async def test_a_buyer_who_is_known_is_not_made_again() -> None:
    async with connected() as (erp, line, _):
        await erp.hand_over(ORDER)
        line.sent.clear()
        await erp.hand_over(replace(ORDER, key=OrderKey("T-2")))
        assert "new-party" not in line.operations


async def test_a_place_nobody_knows_is_refused_before_anything_is_written() -> None:
    nowhere = replace(ORDER.lines[0], location=LocationCode("NOWHERE"))
    async with connected() as (erp, line, _):
        with pytest.raises(UpstreamRefused):
            await erp.hand_over(replace(ORDER, lines=(nowhere,)))
        assert {one.operation for one in line.sent if not one.safe} == {"login"}


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("07-sale.sale.search_read", None),
        ("11-sale.sale.search_read", OrderStatus.ACCEPTED),
        ("13-sale.sale.search_read", OrderStatus.CANCELLED),
    ],
)
def test_what_was_recorded_of_a_sale(name: str, status: OrderStatus | None) -> None:
    (row,) = recorded(name)
    one = sale(row)
    assert (one.key, one.status) == (OrderKey("N-1"), status)
    assert one.total == Money(Decimal("203.00"), CurrencyCode("EUR"))
    told = order([one])
    assert (None if told is None else told.status) == status


@given(
    begun=st.lists(st.booleans(), min_size=1, max_size=6),
    warehouses=st.lists(st.integers(min_value=1, max_value=2), min_size=6, max_size=6),
)
def test_one_sale_counts_for_each_warehouse_and_what_is_in_force_goes_first(
    begun: list[bool], warehouses: list[int]
) -> None:
    sales = [a_sale(number, warehouses[number], begun=one) for number, one in enumerate(begun)]
    counting = chosen(sales)
    assert {one.warehouse for one in counting} == {one.warehouse for one in sales}
    for one in counting:
        rivals = [each for each in sales if each.warehouse == one.warehouse]
        in_force = [each for each in rivals if each.status is not None]
        assert one == min(in_force or rivals, key=lambda each: each.id)
    assert (order(counting) is None) == any(one.status is None for one in counting)


def a_sale(number: int, warehouse: int, *, begun: bool) -> Sale:
    return Sale(
        id=number,
        key=OrderKey("T-1"),
        warehouse=warehouse,
        number=None,
        state="draft" if begun else "processing",
        status=None if begun else OrderStatus.ACCEPTED,
        total=Money(Decimal(1), CurrencyCode("EUR")),
        shipments=(),
    )
