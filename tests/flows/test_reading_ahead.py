"""A question that was asked before waits for its systems once, whatever hangs from what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.api.nodes import global_id
from app.ports import Product
from app.values import ProductId
from tests.builders import NOON, a_price, a_product, a_variant
from tests.gateways import Asker, Retailer, gateway_over

NOTHING_KEPT = {"fresh_for": "PT0S", "revalidate_for": "PT0S", "if_error_for": "PT0S"}
LISTING = """query Listing($first: Int = 5) {
  products(first: $first) {
    freshness
    edges { node { handle variants { sku price { amount { amount } freshness } } } }
  }
}"""


def shirt(number: int) -> Product:
    variants = (a_variant(f"SHIRT-{number}"),)
    return a_product(id=ProductId(str(number)), handle=f"shirt-{number}", variants=variants)


@dataclass
class Slow(Retailer):
    """Answers when as many questions are being asked as it `meets`."""

    meets: int = 1
    known_products: list[Product] = field(default_factory=lambda: [shirt(1), shirt(2)])
    known_prices: Any = tuple(a_price(f"SHIRT-{number}") for number in range(9))
    asking: int = 0
    most: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    now: datetime = NOON

    async def _asked(self, question: str, about: Any) -> None:
        if question == "locations":
            return
        self.calls.append((question, about))
        self.asking += 1
        self.most = max(self.most, self.asking)
        if self.asking >= self.meets:
            self.enough.set()
        await asyncio.wait_for(self.enough.wait(), timeout=20)
        self.asking -= 1

    def begin(self, meets: int = 1) -> None:
        self.calls.clear()
        self.now += timedelta(seconds=1)
        self.meets, self.most, self.enough = meets, 0, asyncio.Event()

    @property
    def told(self) -> list[tuple[str, tuple[str, ...]]]:
        return [
            (question, tuple(about[0]) if question == "prices" else ())
            for question, about in self.calls
        ]


@asynccontextmanager
async def asked_before(shop: Slow, **sections: Any) -> AsyncIterator[Asker]:
    """A gateway that keeps nothing and was asked for the listing once."""
    fresh = dict.fromkeys(("catalogue", "prices", "stock"), NOTHING_KEPT)
    async with gateway_over(
        {"shop": shop}, now=lambda: shop.now, freshness=fresh, **sections
    ) as ask:
        await ask.data(LISTING)
        yield ask


BOTH = ("SHIRT-1", "SHIRT-2")


async def test_prices_are_asked_for_with_the_page_that_named_them_before() -> None:
    shop = Slow()
    async with asked_before(shop) as ask:
        assert (shop.told, shop.most) == ([("browse", ()), ("prices", BOTH)], 1)
        shop.begin(meets=2)

        again = await ask.data(LISTING)

    assert (shop.told, shop.most) == ([("browse", ()), ("prices", BOTH)], 2)
    nodes = [edge["node"] for edge in again["products"]["edges"]]
    prices = [node["variants"][0]["price"] for node in nodes]
    assert prices == [{"amount": {"amount": "49.90"}, "freshness": "LIVE"}] * 2
    assert again["products"]["freshness"] == "LIVE"


async def test_what_the_page_names_now_is_what_is_told() -> None:
    shop = Slow()
    async with asked_before(shop) as ask:
        shop.begin()
        shop.known_products[1:] = [shirt(3), shirt(4)]

        changed = await ask.data(LISTING)
        told = shop.told
        shop.begin(meets=2)
        await ask.data(LISTING)

    nodes = [edge["node"] for edge in changed["products"]["edges"]]
    assert [node["handle"] for node in nodes] == ["shirt-1", "shirt-3", "shirt-4"]
    assert all(node["variants"][0]["price"]["freshness"] == "LIVE" for node in nodes)
    assert told == [("browse", ()), ("prices", BOTH), ("prices", ("SHIRT-3", "SHIRT-4"))]
    assert shop.told == [("browse", ()), ("prices", ("SHIRT-1", "SHIRT-3", "SHIRT-4"))]


async def test_another_question_is_not_foreseen() -> None:
    shop = Slow()
    async with asked_before(shop) as ask:
        shop.begin()
        await ask.data(LISTING, first=1)

    assert (shop.told, shop.most) == ([("browse", ()), ("prices", ("SHIRT-1",))], 1)


async def test_who_reads_another_language_asks_another_question() -> None:
    shop = Slow()
    async with asked_before(shop) as ask:
        shop.begin()
        shop.known_products[:] = [shirt(3)]
        await Asker(ask.http, {"accept-language": "en"}).data(LISTING)

    assert shop.told == [("browse", ()), ("prices", ("SHIRT-3",))]


async def test_what_may_tell_of_a_person_is_not_remembered() -> None:
    node = f'node(id: "{global_id("Product", "1")}") {{ id }}'
    personal = LISTING.replace("{", f"{{ {node}", 1)
    shop = Slow()
    async with asked_before(shop) as ask:
        shop.begin()
        await ask.data(personal)
        shop.begin()
        shop.known_products[:] = [shirt(3)]
        await ask.data(personal)

    assert shop.told[-1] == ("prices", ("SHIRT-3",))
    assert len(shop.told) == 3


async def test_a_setting_leaves_it() -> None:
    shop = Slow()
    settings = {"compiled": True, "at_first_sight": True, "ahead": False}
    async with asked_before(shop, execution=settings) as ask:
        shop.begin()
        await ask.data(LISTING)

    assert (shop.told, shop.most) == ([("browse", ()), ("prices", BOTH)], 1)
