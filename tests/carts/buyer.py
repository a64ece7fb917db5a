"""A process that buys without end, to be killed.

It asks for carts and holds by keys of its own, tells each key before it asks and each answer after
it, so that whoever kills it knows what was acknowledged.
"""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection

from app.api.context import Services
from app.availability.refusals import InsufficientStock
from app.carts.acting import Request, once_of
from app.carts.model import Cart
from app.store import open_store
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from app.values import ChannelCode, LocationCode, Sku
from tests.builders import a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Retailer, running_over

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SKUS = [Sku(f"S{n}") for n in range(6)]
UNITS = 5  # of each SKU, at one location
PLACE = LocationCode("ST-1")
WEB = ChannelCode("WEB")


def a_shop() -> Retailer:
    return Retailer(
        known_products=[a_product(variants=tuple(a_variant(sku) for sku in SKUS))],
        known_prices=[a_price(sku) for sku in SKUS],
        known_locations=[a_location(PLACE)],
        levels=[a_level(sku=sku, location=PLACE, on_hand=UNITS) for sku in SKUS],
    )


def request(scope: str, key: str) -> Request:
    inquiry = Inquiry(Deadline.after(timedelta(minutes=1)), Report())
    return Request(now=NOON, inquiry=inquiry, once=once_of(scope, key, key))


async def bought(services: Services, key: str, sku: Sku) -> tuple[Cart, bool]:
    """The cart that a key made and whether it holds a unit; the same however often it is asked."""
    cart = await services.carts.create(WEB, [(sku, 1)], request("new", f"{key}-create-cart"))
    try:
        held = await services.cart_holds.hold(
            cart.id, 1, None, request(cart.id, f"{key}-hold-units")
        )
    except InsufficientStock:
        return cart, False
    return held, True


def live(url: str, number: int, line: Connection) -> None:
    """Buy until killed."""
    asyncio.run(_live(url, number, line))


async def _live(url: str, number: int, line: Connection) -> None:
    async with open_store(url, patience=timedelta(seconds=30)) as store:
        services = (await running_over({"shop": a_shop()}, kept_in=store)).services
        for turn in itertools.count():
            key, sku = f"{number:03}-{turn:04}", SKUS[turn % len(SKUS)]
            line.send({"asked": key, "sku": sku})
            cart, held = await bought(services, key, sku)
            line.send({"done": key, "cart": cart.id, "held": held})
