"""Orders of Amazon enter our books once, however often they are read."""

import json
from pathlib import Path

import pytest

from app.availability.model import Spot
from app.orders.incoming import IncomingOrders, Market
from app.orders.refusals import MarketOrderNotReady
from app.ports import MarketOrder, MarketOrderNumber, MarketOrderStatus
from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import ChannelCode, LocationCode, Sku
from connectors.amazon import mapping
from connectors.amazon.specimen_orders import MIXED, OPEN, PLANNED
from connectors.sandbox.retailer.places import DEPOT
from tests.connectors.amazon.contract import NOTIFICATION, model, models
from tests.connectors.amazon.seller import Seller, a_parcel, a_seller
from tests.orders.world import World, opened, route

AMAZON = Market(
    connection="amazon", channel=ChannelCode("AMAZON"), locations=(LocationCode(DEPOT),)
)
SKUS = [Sku("TRAIL-42"), Sku("BOTTLE"), Sku("ROPE-M")]


async def every_order(seller: Seller, after: str | None = None) -> tuple[list[MarketOrder], str]:
    found: list[MarketOrder] = []
    more, cursor = True, after
    while more:
        page = await seller.connection.orders(cursor, first=2)
        found += page.orders
        cursor, more = page.cursor, page.more
    assert cursor is not None
    return found, cursor


async def taken(world: World, store: Store, told: list[MarketOrder]) -> set[str]:
    """The numbers of Amazon's that are in our books after these."""
    desk = IncomingOrders(store, world.turns, world.worker, service=world.service, route=route)
    numbers: set[str] = set()
    for one in told:
        try:
            await desk.take(AMAZON, one)
        except MarketOrderNotReady:
            assert one.status in {MarketOrderStatus.PENDING, MarketOrderStatus.CANCELLED}
        else:
            numbers.add(one.number)
    return numbers


async def test_orders_that_are_read_again_and_changed_are_taken_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    await upgrade(url)
    async with (
        open_store(url) as store,
        opened(store, charged=False) as world,
        a_seller() as seller,
    ):
        await world.stock(*(Spot(sku, LocationCode(DEPOT)) for sku in SKUS))
        told, cursor = await every_order(seller)
        first = await taken(world, store, told)
        await seller.connection.confirm_shipment(a_parcel())
        seller.clock.pass_by(minutes=5)
        changed, _ = await every_order(seller, cursor)
        again = await taken(world, store, [*changed, *told])
        orders = await world.orders()
        left = await world.sellable(Spot(Sku("TRAIL-42"), LocationCode(DEPOT)))

    assert first == again == {OPEN, MIXED, PLANNED}
    assert [one.number for one in changed] == [OPEN]
    assert len(orders) == 3
    assert left == 8


@pytest.mark.skipif(
    models() is None, reason="Amazon's schema of notifications is not there, see contract.py"
)
async def test_a_notification_leads_to_the_order_as_it_stands() -> None:
    told = json.loads(json.dumps(model(NOTIFICATION)["examples"][0]))
    told["Payload"]["OrderChangeNotification"]["AmazonOrderId"] = OPEN
    async with a_seller() as seller:
        number = mapping.changed_order(told)
        (order,) = (await seller.connection.numbered([number or MarketOrderNumber("")])).rows

    assert order.number == OPEN
    assert [line.sku for line in order.lines] == ["TRAIL-42", "BOTTLE"]
