"""Orders handed over to a real Vendure 3.7: one for each key, and its stock falls."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from app.errors import UpstreamError, UpstreamRefused, UpstreamUnauthorized, UpstreamUnavailable
from app.ports import OrderKey, OrderStatus, WireRequest, WireResponse, Wiring
from app.upstream.client import ClientPolicy, GuardedHttp, open_client
from app.values import CountryCode, LocationCode, Sku
from connectors.vendure import Settings, connect
from connectors.vendure.connection import VendureConnection
from tests.real.assortment import DEPOT
from tests.real.sales import euro, sold
from tests.real.vendure.live import live
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator

pytestmark = pytest.mark.xdist_group("real")

PATIENT = ClientPolicy(timeout=timedelta(seconds=30))
OUTLET = "OUT-NOV"
LOCATIONS = {LocationCode(DEPOT): "E-commerce depot", LocationCode(OUTLET): "Outlet Noventa"}
RIGHTS = (
    *("ReadCatalog", "ReadCustomer", "ReadShippingMethod"),
    *("ReadOrder", "CreateOrder", "UpdateOrder", "DeleteOrder"),
)
ORDERS = {
    "key_field": "orderKey",
    "location_field": "location",
    "shipping_methods": {"SHIP_TO_HOME": "standard-shipping"},
}
IN_FORCE = """query($key: String!) {
  orders(options: { filter: { orderKey: { eq: $key } } }) {
    items { state customer { emailAddress } shippingAddress { streetLine1 postalCode }
            payments { state amount } lines { quantity productVariant { sku } } } } }"""
NUMBERS = count(1)


class LosesAnswers:
    """The guarded client, which loses the answer of one request after its effect."""

    def __init__(self, http: GuardedHttp, lost: int | None) -> None:
        self._http = http
        self._lost = lost
        self.sent = 0

    async def send(self, request: WireRequest) -> WireResponse:
        response = await self._http.send(request)
        self.sent += 1
        if self.sent == self._lost:
            raise UpstreamUnavailable("the answer was lost")
        return response


@asynccontextmanager
async def connected(
    server: VendureServer,
    *,
    lost: int | None = None,
    account: tuple[str, str] | None = None,
) -> AsyncIterator[tuple[VendureConnection, LosesAnswers]]:
    username, password = account or (server.username, server.password)
    settings = Settings.model_validate(
        {"url": server.url, "username": username, "password": password, "orders": ORDERS}
    )
    async with open_client("shop", server.url, policy=PATIENT) as http:
        line = LosesAnswers(http, lost)
        wiring = Wiring(name="shop", http=line, now=lambda: datetime.now(UTC), locations=LOCATIONS)
        yield connect(settings, wiring), line


@pytest.fixture(scope="module")
def server() -> Iterator[VendureServer]:
    """A Vendure of these tests' own: they change its stock."""
    with live() as running:
        yield running


def a_key() -> str:
    return f"V-{next(NUMBERS)}"


async def free(
    shop: VendureConnection, sku: str, places: Collection[str] = (DEPOT, OUTLET)
) -> dict[str, int]:
    found = await shop.stock_levels([Sku(sku)], [LocationCode(one) for one in places])
    return {row.location: row.on_hand - row.reserved for row in found.rows}


def in_vendure(server: VendureServer, key: str) -> list[Any]:
    visitor = administrator(server)
    items: list[Any] = visitor.ask(IN_FORCE, {"key": key})["orders"]["items"]
    visitor.close()
    return items


async def test_an_order_is_paid_and_takes_its_goods_where_it_says(server: VendureServer) -> None:
    key = a_key()
    order = sold(key, ("BOTTLE", 2, DEPOT), ("BOTTLE", 3, OUTLET), ("JACKET-S", 1, DEPOT))
    async with connected(server) as (shop, line):
        before = await free(shop, "BOTTLE")
        line.sent = 0
        told = await shop.hand_over(order)
        calls = line.sent
        again = await shop.hand_over(order)
        after = await free(shop, "BOTTLE")
        (known,) = (await shop.placed([order.key, OrderKey("nobody")])).rows

    assert told == again == known
    assert told.status is OrderStatus.ACCEPTED
    # Its own prices: 5 x 19.50 + 159.90, plus 22 % tax, and 5.00 for the way.
    assert told.total == euro("319.03")
    assert after == {DEPOT: before[DEPOT] - 2, OUTLET: before[OUTLET] - 3}
    assert calls == 6
    (made,) = in_vendure(server, key)
    assert (made["state"], made["customer"]) == (
        "PaymentSettled",
        {"emailAddress": "ada@example.com"},
    )
    assert made["shippingAddress"] == {"streetLine1": "Via Roma 1", "postalCode": "37121"}
    assert [one["state"] for one in made["payments"]] == ["Settled"]
    assert sum(one["quantity"] for one in made["lines"]) == 6


async def test_a_cancelled_order_gives_its_goods_back_and_stays_cancelled(
    server: VendureServer,
) -> None:
    order = sold(a_key(), ("JACKET-M", 4, DEPOT))
    async with connected(server) as (shop, _):
        before = await free(shop, "JACKET-M")
        await shop.hand_over(order)
        cancelled = [await shop.cancel(order.key) for _ in range(2)]
        assert await free(shop, "JACKET-M") == before
        revived = await shop.hand_over(order)
        nobody = await shop.cancel(OrderKey("nobody"))

    assert [one and one.status for one in (*cancelled, revived)] == [OrderStatus.CANCELLED] * 3
    assert nobody is None


@pytest.mark.parametrize("lost", range(1, 8))
async def test_one_order_whichever_answer_is_lost(server: VendureServer, lost: int) -> None:
    key = a_key()
    order = sold(key, ("TRAIL-42", 1, OUTLET))
    async with connected(server) as (shop, _):
        before = await free(shop, "TRAIL-42", [OUTLET])
        async with connected(server, lost=lost) as (losing, line):
            try:
                await losing.hand_over(order)
            except UpstreamError:
                assert line.sent >= lost
        told = await shop.hand_over(order)
        after = await free(shop, "TRAIL-42", [OUTLET])

    assert told.status is OrderStatus.ACCEPTED
    assert after[OUTLET] == before[OUTLET] - 1
    (made,) = in_vendure(server, key)
    assert len(made["payments"]) == 1


async def test_one_order_when_several_hand_it_over_at_once(server: VendureServer) -> None:
    key = a_key()
    order = sold(key, ("JACKET-L", 1, OUTLET))
    async with connected(server) as (shop, _), connected(server) as (other, _):
        before = await free(shop, "JACKET-L", [OUTLET])
        outcomes = await asyncio.gather(
            *(one.hand_over(order) for one in (shop, other, shop, other)), return_exceptions=True
        )
        told = await shop.hand_over(order)
        after = await free(shop, "JACKET-L", [OUTLET])

    assert [one for one in outcomes if isinstance(one, BaseException)] == []
    assert {one.reference for one in outcomes if not isinstance(one, BaseException)} == {
        told.reference
    }
    assert after[OUTLET] == before[OUTLET] - 1
    (made,) = in_vendure(server, key)
    assert len(made["payments"]) == 1


async def test_what_cannot_be_sold_is_refused_and_leaves_nothing(server: VendureServer) -> None:
    orders = (
        sold(a_key(), ("NO-SUCH-SKU", 1, DEPOT)),
        sold(a_key(), ("BOTTLE", 1, "NOWHERE")),
        sold(a_key(), ("BOTTLE", 1, DEPOT), ("TRAIL-40", 900, DEPOT)),
        replace(
            sold(a_key(), ("BOTTLE", 1, DEPOT)),
            address=replace(sold("x").address, country=CountryCode("BR")),  # type: ignore[type-var]  # it has one
        ),
    )
    async with connected(server) as (shop, _):
        before = await free(shop, "BOTTLE")
        for order in orders:
            with pytest.raises(UpstreamRefused):
                await shop.hand_over(order)
        assert (await shop.placed([order.key for order in orders])).rows == ()
        assert await free(shop, "BOTTLE") == before


async def test_the_rights_that_the_readme_names_suffice(server: VendureServer) -> None:
    account = ("orders@example.com", "Meadow-Lighthouse-19")
    visitor = administrator(server)
    role = visitor.ask(
        """mutation($i: CreateRoleInput!) { createRole(input: $i) { id } }""",
        {"i": {"code": "gateway-orders", "description": "g", "permissions": list(RIGHTS)}},
    )["createRole"]["id"]
    person = {"firstName": "G", "lastName": "W", "roleIds": [role]}
    visitor.ask(
        """mutation($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }""",
        {"i": {**person, "emailAddress": account[0], "password": account[1]}},
    )
    visitor.close()
    order = sold(a_key(), ("TRAIL-42", 1, DEPOT), email="someone-new@example.com")
    async with connected(server, account=account) as (shop, _):
        told = await shop.hand_over(order)
        cancelled = await shop.cancel(order.key)

    assert told.status is OrderStatus.ACCEPTED
    assert cancelled is not None
    assert cancelled.status is OrderStatus.CANCELLED


async def test_a_wrong_password_says_that_nothing_happened(server: VendureServer) -> None:
    order = sold(a_key(), ("BOTTLE", 1, DEPOT))
    async with connected(server, account=("superadmin", "wrong")) as (shop, _):
        with pytest.raises(UpstreamUnauthorized):
            await shop.hand_over(order)
    assert in_vendure(server, order.key) == []
