"""Orders handed over to a real Tryton 8.2: one for each key, and its stock is reserved."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from app.errors import UpstreamError, UpstreamRefused, UpstreamUnauthorized, UpstreamUnavailable
from app.ports import OrderKey, OrderStatus, UpstreamHttp, WireRequest, WireResponse, Wiring
from app.upstream.client import ClientPolicy, open_client
from app.values import LocationCode, Sku
from connectors.tryton import Settings, connect
from connectors.tryton.connection import TrytonConnection
from tests.real.assortment import BOLOGNA, LYON
from tests.real.sales import euro, sold
from tests.real.tryton.orders_user import SELLER, seller
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer, tryton_server

pytestmark = pytest.mark.xdist_group("real")

PATIENT = ClientPolicy(timeout=timedelta(seconds=30))
NUMBERS = count(1)
FIELDS = ("state", "number", "warehouse.code", "shipments.state", "party.name")


@dataclass
class LosesAnswers:
    """The guarded client, which loses the answer of one request after its effect."""

    http: UpstreamHttp
    lost: int | None
    sent: int = 0

    async def send(self, request: WireRequest) -> WireResponse:
        response = await self.http.send(request)
        self.sent += 1
        if self.sent == self.lost:
            raise UpstreamUnavailable("the answer was lost")
        return response


@pytest.fixture(scope="module")
def server() -> Iterator[TrytonServer]:
    """A Tryton of these tests' own: they change its stock."""
    with tryton_server() as running:
        seller(TrytonRpc(running.url, running.database, *running.admin))
        yield running


@asynccontextmanager
async def connected(
    server: TrytonServer, *, lost: int | None = None, account: tuple[str, str] = SELLER
) -> AsyncIterator[tuple[TrytonConnection, LosesAnswers]]:
    settings = Settings.model_validate(
        {
            "url": server.url,
            "database": server.database,
            "username": account[0],
            "password": account[1],
            "orders": True,
        }
    )
    async with open_client("erp", server.url, policy=PATIENT) as http:
        line = LosesAnswers(http, lost)
        yield connect(settings, Wiring(name="erp", http=line, now=lambda: datetime.now(UTC))), line


def a_key() -> str:
    return f"T-{next(NUMBERS)}"


async def reserved(erp: TrytonConnection, sku: str) -> dict[str, int]:
    places = [LocationCode(BOLOGNA), LocationCode(LYON)]
    return {row.location: row.reserved for row in (await erp.stock_levels([Sku(sku)], places)).rows}


def in_tryton(server: TrytonServer, key: str) -> list[Any]:
    admin = TrytonRpc(server.url, server.database, *server.admin)
    rows: list[Any] = admin.call(
        "model.sale.sale.search_read",
        [("reference", "=", key)],
        0,
        None,
        [["id", "ASC"]],
        list(FIELDS),
    )
    return rows


def made_again(server: TrytonServer, key: str, buttons: tuple[str, ...]) -> None:
    """A second sale with the key, pressed on so far."""
    admin = TrytonRpc(server.url, server.database, *server.admin)
    first = in_tryton(server, key)[0]["id"]
    (made,) = admin.call("model.sale.sale.copy", [first], {"reference": key})
    for button in buttons:
        admin.press("sale.sale", button, made)


async def test_an_order_reserves_its_goods_in_each_warehouse(server: TrytonServer) -> None:
    key = a_key()
    order = sold(key, ("BOTTLE", 2, BOLOGNA), ("BOTTLE", 3, LYON), ("TRAIL-42", 1, BOLOGNA))
    async with connected(server) as (erp, _):
        before = await reserved(erp, "BOTTLE")
        told = await erp.hand_over(order)
        again = await erp.hand_over(order)
        after = await reserved(erp, "BOTTLE")
        (known,) = (await erp.placed([order.key, OrderKey("nobody")])).rows

    assert told == again == known
    assert told.status is OrderStatus.ACCEPTED
    assert told.total == order.total == euro("599.00")
    assert after == {BOLOGNA: before[BOLOGNA] + 2, LYON: before[LYON] + 3}
    rows = in_tryton(server, key)
    assert {(row["state"], row["warehouse."]["code"]) for row in rows} == {
        ("processing", BOLOGNA),
        ("processing", LYON),
    }
    assert told.reference == "+".join(row["number"] for row in rows)


async def test_a_cancelled_order_gives_its_goods_back_and_stays_cancelled(
    server: TrytonServer,
) -> None:
    order = sold(a_key(), ("JACKET-S", 4, BOLOGNA), ("JACKET-S", 1, LYON))
    async with connected(server) as (erp, _):
        before = await reserved(erp, "JACKET-S")
        await erp.hand_over(order)
        cancelled = [await erp.cancel(order.key) for _ in range(2)]
        assert await reserved(erp, "JACKET-S") == before
        revived = await erp.hand_over(order)
        nobody = await erp.cancel(OrderKey("nobody"))

    assert [one and one.status for one in (*cancelled, revived)] == [OrderStatus.CANCELLED] * 3
    assert nobody is None


@pytest.mark.parametrize("lost", range(1, 14))
async def test_one_order_whichever_answer_is_lost(server: TrytonServer, lost: int) -> None:
    key = a_key()
    order = sold(key, ("TRAIL-40", 1, BOLOGNA), email=f"buyer-{lost}@example.com")
    async with connected(server) as (erp, _):
        before = await reserved(erp, "TRAIL-40")
        async with connected(server, lost=lost) as (losing, line):
            try:
                await losing.hand_over(order)
            except UpstreamError:
                assert line.sent >= lost
        told = await erp.hand_over(order)
        after = await reserved(erp, "TRAIL-40")

    assert told.status is OrderStatus.ACCEPTED
    assert after[BOLOGNA] == before[BOLOGNA] + 1
    assert [row["state"] for row in in_tryton(server, key)] == ["processing"]


async def test_one_order_when_several_hand_it_over_at_once(server: TrytonServer) -> None:
    key = a_key()
    order = sold(key, ("JACKET-L", 1, LYON))
    async with connected(server) as (erp, _), connected(server) as (other, _):
        before = await reserved(erp, "JACKET-L")
        await asyncio.gather(
            *(one.hand_over(order) for one in (erp, other, erp)), return_exceptions=True
        )
        told = await erp.hand_over(order)
        after = await reserved(erp, "JACKET-L")

    assert told.status is OrderStatus.ACCEPTED
    assert after[LYON] == before[LYON] + 1
    assert [row["state"] for row in in_tryton(server, key)] == ["processing"]


async def test_what_was_made_twice_is_undone_but_for_the_first(server: TrytonServer) -> None:
    """As when a draft was committed so late that whoever was faster has overlooked it."""
    key = a_key()
    order = sold(key, ("JACKET-M", 2, LYON))
    async with connected(server) as (erp, _):
        before = await reserved(erp, "JACKET-M")
        first = await erp.hand_over(order)
        for buttons in ((), ("quote",), ("quote", "confirm")):
            made_again(server, key, buttons)
        assert (await reserved(erp, "JACKET-M"))[LYON] == before[LYON] + 4
        again = await erp.hand_over(order)
        after = await reserved(erp, "JACKET-M")

    assert again == first
    assert after[LYON] == before[LYON] + 2
    kept, stopped = in_tryton(server, key)
    assert {one["state"] for one in kept["shipments."]} == {"waiting"}
    assert {one["state"] for one in stopped["shipments."]} == {"cancelled"}


async def test_what_is_confirmed_after_the_cancellation_is_stopped(server: TrytonServer) -> None:
    key = a_key()
    order = sold(key, ("JACKET-S", 1, LYON))
    async with connected(server) as (erp, _):
        before = await reserved(erp, "JACKET-S")
        await erp.hand_over(order)
        await erp.cancel(order.key)
        made_again(server, key, ("quote", "confirm"))
        told = await erp.hand_over(order)
        after = await reserved(erp, "JACKET-S")

    assert told.status is OrderStatus.CANCELLED
    assert after == before


async def test_what_cannot_be_sold_is_refused_and_leaves_nothing(server: TrytonServer) -> None:
    orders = (sold(a_key(), ("NO-SUCH-SKU", 1, LYON)), sold(a_key(), ("BOTTLE", 1, "NOWHERE")))
    async with connected(server) as (erp, _):
        for order in orders:
            with pytest.raises(UpstreamRefused):
                await erp.hand_over(order)
            assert in_tryton(server, order.key) == []


async def test_a_shipped_order_is_completed_and_cannot_be_cancelled(server: TrytonServer) -> None:
    order = sold(a_key(), ("BOTTLE", 1, BOLOGNA))
    async with connected(server) as (erp, _):
        await erp.hand_over(order)
        admin = TrytonRpc(server.url, server.database, *server.admin)
        (sale,) = in_tryton(server, order.key)
        (shipment,) = [one["id"] for one in sale["shipments."]]
        for button in ("assign_try", "pick", "pack", "do"):
            admin.press("stock.shipment.out", button, shipment)
        (told,) = (await erp.placed([order.key])).rows
        with pytest.raises(UpstreamRefused):
            await erp.cancel(order.key)

    assert told.status in {OrderStatus.ACCEPTED, OrderStatus.COMPLETED}  # until it is invoiced


async def test_the_user_that_only_reads_is_told_that_nothing_happened(server: TrytonServer) -> None:
    order = sold(a_key(), ("BOTTLE", 1, LYON))
    async with connected(server, account=(server.username, server.password)) as (erp, _):
        with pytest.raises(UpstreamUnauthorized):
            await erp.hand_over(order)
    assert in_tryton(server, order.key) == []
