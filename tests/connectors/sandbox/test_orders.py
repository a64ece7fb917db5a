"""Orders at the shop and at the warehouse: taken by our key, and taken off their stock."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from httpx import AsyncClient

from app.errors import UpstreamRefused, UpstreamUnavailable
from app.ports import OrderKey, OrderStatus, ProductKey, SoldOrder, UpstreamOrder
from app.values import CurrencyCode, LocationCode, Money, Sku
from connectors.kit.serve import serve
from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.places import DEPOT, WAREHOUSE
from connectors.sandbox.settings import System
from connectors.sandbox.specimen import SPECIMENS
from tests.connectors.sandbox.served import Served, connected

PLACES: dict[System, str] = {"shop": DEPOT, "warehouse": WAREHOUSE}


def an_order(system: System, key: str = "T-1") -> SoldOrder:
    specimen = next(one for one in SPECIMENS if one.label == system)
    assert specimen.orders is not None
    return replace(specimen.orders.order, key=OrderKey(key))


async def free(served: Served, system: System, sku: Sku) -> int:
    place = LocationCode(PLACES[system])
    (level,) = (await served.connection.stock_levels([sku], [place])).rows
    return int(level.on_hand - level.reserved)


@pytest.mark.parametrize("system", ["shop", "warehouse"])
async def test_the_goods_of_an_order_are_taken_off_the_stock_and_come_back(system: System) -> None:
    order = an_order(system)
    sku, later = order.lines[0].sku, timedelta(minutes=5)  # the warehouse takes snapshots
    async with connected(system) as served:
        before = await free(served, system, sku)
        await served.connection.hand_over(order)
        served.clock.move(later)
        during = await free(served, system, sku)
        await served.connection.cancel(order.key)
        served.clock.move(later)

        assert (during, await free(served, system, sku)) == (before - 1, before)


async def test_the_shop_says_what_the_buyer_pays_and_the_warehouse_knows_no_money() -> None:
    async with connected("shop") as shop, connected("warehouse") as warehouse:
        sold = await shop.connection.hand_over(an_order("shop"))
        sent = await warehouse.connection.hand_over(an_order("warehouse"))

    accepted = OrderStatus.ACCEPTED
    total = Money(Decimal("24.80"), CurrencyCode("EUR"))
    key = OrderKey("T-1")
    assert sold == UpstreamOrder(key=key, reference="SO-100001", status=accepted, total=total)
    assert sent == UpstreamOrder(key=key, reference="D-100001", status=accepted)


ENDS = {
    "shop": ("POST", "/v1/orders/{}/shipment", "/v1/orders/{}/cancel", "POST"),
    "warehouse": ("POST", "/wms/deliveries/{}/dispatch", "/wms/deliveries/{}", "DELETE"),
}


@pytest.mark.parametrize("system", ["shop", "warehouse"])
async def test_what_has_left_is_completed_and_cannot_be_cancelled(system: System) -> None:
    order = an_order(system)
    method, ship, _, _ = ENDS[system]
    async with connected(system) as served, serve(served.system) as url, AsyncClient() as http:
        sku = order.lines[0].sku
        before = await free(served, system, sku)
        await served.connection.hand_over(order)
        for _ in range(2):
            assert (await http.request(method, url + ship.format("T-1"))).status_code == 200
        assert (await http.request(method, url + ship.format("T-2"))).status_code == 404
        with pytest.raises(UpstreamRefused):
            await served.connection.cancel(order.key)
        (found,) = (await served.connection.placed([order.key])).rows
        served.clock.move(timedelta(minutes=5))

        assert found.status is OrderStatus.COMPLETED
        assert await free(served, system, sku) == before - 1


@pytest.mark.parametrize("system", ["shop", "warehouse"])
async def test_what_was_cancelled_does_not_leave(system: System) -> None:
    order = an_order(system)
    method, ship, cancel, by = ENDS[system]
    async with connected(system) as served, serve(served.system) as url, AsyncClient() as http:
        await served.connection.hand_over(order)
        assert (await http.request(by, url + cancel.format("T-1"))).status_code == 200
        assert (await http.request(method, url + ship.format("T-1"))).status_code == 409
        (found,) = (await served.connection.placed([order.key])).rows

    assert found.status is OrderStatus.CANCELLED


@pytest.mark.parametrize("system", ["shop", "warehouse"])
async def test_more_than_there_is_is_refused_whole(system: System) -> None:
    order = an_order(system)
    greedy = (order.lines[0], replace(order.lines[1], quantity=100_000))
    async with connected(system) as served:
        before = await free(served, system, order.lines[0].sku)
        with pytest.raises(UpstreamRefused):
            await served.connection.hand_over(replace(order, lines=greedy))
        served.clock.move(timedelta(minutes=5))

        assert await free(served, system, order.lines[0].sku) == before
        assert (await served.connection.placed([order.key])).rows == ()


async def test_another_order_under_a_known_key_is_refused() -> None:
    order = an_order("shop")
    async with connected("shop") as shop:
        await shop.connection.hand_over(order)
        with pytest.raises(UpstreamRefused):
            await shop.connection.hand_over(replace(order, lines=order.lines[:1]))


async def test_an_order_whose_answer_was_cut_is_found_by_its_key() -> None:
    order = an_order("shop")
    async with connected("shop") as shop:
        shop.system.break_with(Fault(kind="cut", times=1))
        with pytest.raises(UpstreamUnavailable):
            await shop.connection.hand_over(order)

        (found,) = (await shop.connection.placed([order.key])).rows
        assert found.status is OrderStatus.ACCEPTED
        assert shop.system.requests["/v1/orders/T-1"] == 1  # the client never sent it again


@pytest.mark.parametrize("system", ["shop", "warehouse"])
async def test_the_components_of_a_bundle_leave_the_shelf(system: System) -> None:
    """The shop knows its own set, the warehouse is told of its pieces alone."""
    order = an_order(system)
    async with connected("shop") as shop:
        (found,) = (await shop.connection.products([ProductKey("sku", Sku("SET20001"))])).rows
    (bundle,) = found.variants
    line = replace(order.lines[0], sku=bundle.sku, quantity=1, components=bundle.components)
    plates, glasses = bundle.components
    async with connected(system) as served:
        both = [plates.sku, glasses.sku]
        before = [await free(served, system, sku) for sku in both]
        single = replace(order.lines[1], sku=plates.sku, quantity=1)
        await served.connection.hand_over(replace(order, lines=(line, single)))
        served.clock.move(timedelta(minutes=5))
        after = [await free(served, system, sku) for sku in both]

    assert {plates.quantity, glasses.quantity} == {1, 2}
    taken = [was - left for was, left in zip(before, after, strict=True)]
    own = int(order.lines[0].location == single.location)
    assert taken == [plates.quantity + own, glasses.quantity]
