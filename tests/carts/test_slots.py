"""What a cart holds has its places in slots of work; who finds none left is told the true cause."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from app.availability.tables import slot_places
from app.store import Store
from app.values import LocationCode, Sku
from tests.builders import a_level, a_price, a_product, a_variant
from tests.carts.shopping import Clock
from tests.gateways import Asker, Retailer, gateway_over
from tests.promises.worlds import DC, FAR, MONDAY, NEAR, RULES

OPTIONS = """query Options($input: PromiseOptionsInput!) { promiseOptions(input: $input) {
  ... on PromiseOptions { choices {
    options { token latest legs { location { code } service } } } } } }"""
CHANGED = (
    "... on CartChanged { cart { id version lines { id } hold { expiresAt } problems { code } } }"
)
DRIFTED = """... on PromiseDrifted { drift { cause before { latest }
  after { latest legs { location { code } } } } }"""
PICK_UP = {"methods": ["PICK_UP_IN_STORE"], "stores": ["ST-NEAR"]}
MINUTE = timedelta(minutes=1)


@dataclass
class Buying:
    """Carts for one unit of A each, over a process of its own."""

    ask: Asker
    store: Store
    clock: Clock

    async def do(self, name: str, told: str = CHANGED, **given: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:]
        text = f"""mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{
          __typename ... on Problem {{ code }} {told} }} }}"""
        done: dict[str, Any] = (await self.ask.data(text, input=given))["done"]
        return done

    async def options(self, how: Mapping[str, Any], sku: str = "A") -> list[dict[str, Any]]:
        asked = {"lines": [{"sku": sku, "quantity": 1}], **how}
        choices = (await self.ask.data(OPTIONS, input=asked))["promiseOptions"]["choices"]
        return [option for choice in choices for option in choice["options"]]

    async def from_shelf(self) -> dict[str, Any]:
        """What the store promises from its own shelf."""
        [found] = [
            one for one in await self.options(PICK_UP) if one["legs"][0]["service"] != "TRANSFER"
        ]
        return found

    async def promised(self, how: Mapping[str, Any], at: str) -> dict[str, Any]:
        """A cart with the first option from a location."""
        [option, *_] = [
            option
            for option in await self.options(how)
            if [leg["location"]["code"] for leg in option["legs"]] == [at]
        ]
        created = await self.do("cartCreate", lines=[{"sku": "A", "quantity": 1}])
        return await self.changed("cartPromiseSelect", created["cart"], token=option["token"])

    async def changed(self, name: str, cart: dict[str, Any], **given: Any) -> dict[str, Any]:
        done = await self.do(name, cartId=cart["id"], version=cart["version"], **given)
        assert done["__typename"] == "CartChanged", done
        changed: dict[str, Any] = done["cart"]
        return changed

    async def hold(self, cart: dict[str, Any]) -> dict[str, Any]:
        given = {"cartId": cart["id"], "version": cart["version"]}
        return await self.do("cartHold", CHANGED + DRIFTED, **given)

    async def taken(self) -> dict[tuple[str, datetime], int]:
        """Orders by location and the beginning of their slot."""

        def asked(connection: Connection) -> dict[tuple[str, datetime], int]:
            columns = slot_places.c
            question = select(columns.location, columns.begins, func.count().label("n")).group_by(
                columns.location, columns.begins
            )
            rows = connection.execute(question)
            return {
                (row.location, datetime.fromtimestamp(row.begins, MONDAY.tzinfo)): row.n
                for row in rows
            }

        return await self.store.read(asked)


@asynccontextmanager
async def buying(
    store: Store,
    clock: Clock | None = None,
    stocked: tuple[str, ...] = ("DC", "ST-NEAR", "ST-FAR"),
    **place: Any,
) -> AsyncIterator[Buying]:
    """Stores work from ten to eight in Milan and prepare in an hour; a slot takes two orders."""
    clock = clock or Clock(MONDAY)
    rules = deepcopy(RULES)
    slots = {"express_preparation": "PT1H", "slot": "PT1H", "slot_orders": 2}
    rules["workplaces"]["*"] |= slots | place
    rules["workplaces"]["DC"] |= {"slot": "PT2H", "slot_orders": 1}
    shop = Retailer(
        levels=[
            a_level(sku=Sku(sku), location=LocationCode(at), on_hand=99, as_of=MONDAY)
            for at in stocked
            for sku in "AB"
        ],
        known_products=[a_product(variants=(a_variant("A"), a_variant("B")))],
        known_prices=[a_price("A", "20.00"), a_price("B", "30.00")],
        known_locations=[DC, NEAR, FAR],
        as_of=MONDAY,
    )
    settings = {"promises": rules, "requests": {"budget": "PT60S"}}
    async with gateway_over({"shop": shop}, now=clock, kept_in=store, **settings) as ask:
        yield Buying(ask, store, clock)


def at(hour: int, minute: int = 0) -> datetime:
    """On that Monday, in UTC: an hour before Milan."""
    return MONDAY.replace(hour=hour, minute=minute)


async def test_a_hold_takes_the_slots_of_its_preparation_and_gives_them_back(store: Store) -> None:
    async with buying(store) as buyer:
        buyer.clock.now = at(9, 30)  # half an hour of work in each of two slots
        cart = await buyer.promised(PICK_UP, "ST-NEAR")
        assert await buyer.taken() == {}  # a promise is no hold
        held = (await buyer.hold(cart))["cart"]
        taken = await buyer.taken()
        released = await buyer.changed("cartHoldRelease", held)
        given_back = await buyer.taken()
        again = (await buyer.hold(released))["cart"]
        await buyer.changed("cartLinesAdd", again, lines=[{"sku": "A", "quantity": 1}])
        after_change = await buyer.taken()

    assert taken == {("ST-NEAR", at(9)): 1, ("ST-NEAR", at(10)): 1}
    assert given_back == {}
    assert after_change == {}


async def test_a_slot_that_is_full_is_a_drift_with_its_cause_and_what_there_is_instead(
    store: Store,
) -> None:
    async with buying(store, slot_orders=1) as buyer:
        first, second = [await buyer.promised(PICK_UP, "ST-NEAR") for _ in range(2)]
        held = await buyer.hold(first)
        shown = await buyer.from_shelf()
        full = await buyer.hold(second)

    assert held["__typename"] == "CartChanged"
    assert (full["__typename"], full["code"]) == ("PromiseDrifted", "PROMISE_DRIFTED")
    assert full["drift"]["cause"] == "CAPACITY"
    assert full["drift"]["after"]["latest"] > full["drift"]["before"]["latest"]
    assert shown["latest"] > full["drift"]["before"]["latest"]  # nobody is shown the slot any more


async def test_a_place_is_free_when_the_hold_has_run_out(store: Store) -> None:
    async with buying(
        store, slot_orders=1, preparation="PT15M", express_preparation="PT15M"
    ) as buyer:
        first, second = [await buyer.promised(PICK_UP, "ST-NEAR") for _ in range(2)]
        await buyer.hold(first)
        assert (await buyer.hold(second))["drift"]["cause"] == "CAPACITY"
        buyer.clock.passes(15 * MINUTE)
        third = await buyer.promised(PICK_UP, "ST-NEAR")
        held = await buyer.hold(third)

    assert held["__typename"] == "CartChanged"


async def test_what_is_held_does_not_drift_for_its_own_place(store: Store) -> None:
    look = "query Look($id: ID!) { cart(id: $id) { problems { code } } }"
    async with buying(store, slot_orders=1) as buyer:
        held = (await buyer.hold(await buyer.promised(PICK_UP, "ST-NEAR")))["cart"]
        again = (await buyer.hold(held))["cart"]
        seen = await buyer.ask.data(look, id=again["id"])
        taken = await buyer.taken()

    assert (held["problems"], seen) == ([], {"cart": {"problems": []}})
    assert taken == {("ST-NEAR", at(9)): 1}


async def test_another_process_sees_what_was_taken(store: Store) -> None:
    clock = Clock(MONDAY)
    async with (
        buying(store, clock, slot_orders=1) as one,
        buying(store, clock, slot_orders=1) as other,
    ):
        before = await other.from_shelf()
        cart = await other.promised(PICK_UP, "ST-NEAR")
        await one.hold(await one.promised(PICK_UP, "ST-NEAR"))
        refused = await other.hold(cart)  # asks anew
        after = await other.from_shelf()

    assert refused["drift"]["cause"] == "CAPACITY"
    assert after["latest"] > before["latest"]


async def test_what_is_brought_to_a_store_takes_slots_in_both_places(store: Store) -> None:
    async with buying(store, stocked=("DC",)) as buyer:
        await buyer.hold(await buyer.promised(PICK_UP, "DC"))
        taken = await buyer.taken()

    # Two hours from ten in the depot, whose slots are of two hours; two hours of receiving, from
    # when the store opens on Tuesday at ten, in Milan.
    tuesday = timedelta(days=1)
    assert taken == {
        ("DC", at(8)): 1,
        ("DC", at(10)): 1,
        ("ST-NEAR", at(9) + tuesday): 1,
        ("ST-NEAR", at(10) + tuesday): 1,
    }


async def test_an_order_counts_once_in_a_slot(store: Store) -> None:
    """However many promises its lines have there."""
    async with buying(store) as buyer:
        lines = [{"sku": sku, "quantity": 1} for sku in "AB"]
        cart = (await buyer.do("cartCreate", lines=lines))["cart"]
        for line, sku in zip(cart["lines"], "AB", strict=True):
            [option, *_] = await buyer.options(PICK_UP, sku)
            given = {"token": option["token"], "lineIds": [line["id"]]}
            cart = await buyer.changed("cartPromiseSelect", cart, **given)
        held = await buyer.hold(cart)
        taken = await buyer.taken()

    assert held["__typename"] == "CartChanged"
    assert taken == {("ST-NEAR", at(9)): 1}


async def test_a_cart_without_a_promise_takes_no_slot(store: Store) -> None:
    async with buying(store) as buyer:
        created = await buyer.do("cartCreate", lines=[{"sku": "A", "quantity": 1}])
        await buyer.hold(created["cart"])

        assert await buyer.taken() == {}


async def test_of_many_at_once_as_many_are_held_as_a_slot_takes(store: Store) -> None:
    async with buying(store, slot_orders=3) as buyer:
        carts = [await buyer.promised(PICK_UP, "ST-NEAR") for _ in range(8)]
        found = await asyncio.gather(*map(buyer.hold, carts))
        taken = await buyer.taken()

    causes = [one["drift"]["cause"] for one in found if one["__typename"] != "CartChanged"]
    assert causes == ["CAPACITY"] * 5
    assert taken == {("ST-NEAR", at(9)): 3}


async def test_who_is_crowded_out_again_and_again_is_told_of_capacity(
    store: Store, monkeypatch: Any
) -> None:
    """Somebody is faster each time, and gone when it is looked at again."""
    async with buying(store, slot_orders=1) as buyer:
        first, second = [await buyer.promised(PICK_UP, "ST-NEAR") for _ in range(2)]
        held = (await buyer.hold(first))["cart"]
        monkeypatch.setattr("app.availability.slots.SlotsTaken.taken", lambda *_, **__: {})
        crowded = await buyer.hold(second)
        await buyer.changed("cartHoldRelease", held)
        later = await buyer.hold(second)

    drift = crowded["drift"]
    assert drift["cause"] == "CAPACITY"
    assert drift["after"]["latest"] == drift["before"]["latest"]
    assert later["__typename"] == "CartChanged"
