"""A bundle is as many as its components make up, and takes them from whoever else wants them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.availability import ledger
from app.availability.model import Spot
from app.availability.tables import hold_lines, holds, stock_levels
from app.errors import UpstreamUnavailable
from app.ports import BundleComponent, StockLevel
from app.store import Store, Work
from app.values import LocationCode, Sku
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.carts.shopping import DEPOT, MILAN, Shopper, shopping
from tests.gateways import Retailer, gateway_over

PAN, LID = Sku("PAN"), Sku("LID")
SET, DUO = Sku("SET"), Sku("DUO")
MADE_OF = {SET: {PAN: 2, LID: 1}, DUO: {PAN: 1, LID: 1}}
SEEN = """query Seen($skus: [Sku!]!, $cart: ID) { variants(skus: $skus) { sku
  availability(cart: $cart) { location { code } status availableToSell onHand promised }
  availableToSell(cart: $cart) { status availableToSell } } }"""
PROBLEMS = "problems { code line { sku } available }"


def a_shop(stock: dict[tuple[Sku, LocationCode], int], **changes: Any) -> Retailer:
    """Pans, lids, sets of two pans with a lid, and duos of one with one."""
    bundles = [
        a_variant(sku, components=tuple(BundleComponent(one, n) for one, n in parts.items()))
        for sku, parts in MADE_OF.items()
    ]
    return Retailer(
        levels=[a_level(sku=sku, location=at, on_hand=n) for (sku, at), n in stock.items()],
        known_products=[a_product(variants=(a_variant(PAN), a_variant(LID), *bundles))],
        known_prices=[a_price(sku, "10.00") for sku in (PAN, LID, SET, DUO)],
        known_locations=[a_location(MILAN), a_location(DEPOT)],
        **changes,
    )


STOCK = {(PAN, MILAN): 5, (LID, MILAN): 3, (PAN, DEPOT): 9, (LID, DEPOT): 1}


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store, a_shop(STOCK)) as one:
        yield one


async def seen(shopper: Shopper, sku: Sku, **more: Any) -> tuple[dict[str, Any], Any]:
    [variant] = (await shopper.ask.data(SEEN, skus=[sku], **more))["variants"]
    each = {one["location"]["code"]: one["availableToSell"] for one in variant["availability"]}
    return each, variant["availableToSell"]["availableToSell"]


async def held(shopper: Shopper, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
    return await shopper.cart("cartHold", cartId=cart["id"], version=cart["version"], **more)


async def refused(shopper: Shopper, cart: dict[str, Any]) -> dict[str, Any]:
    done = await shopper("cartHold", cartId=cart["id"], version=cart["version"])
    assert done["__typename"] != "CartChanged"
    return done


def units(cart: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(one["sku"], one["locationCode"], one["quantity"]) for one in cart["hold"]["units"]]


async def test_there_are_as_many_as_the_scarcest_component_makes_up(shopper: Shopper) -> None:
    assert await seen(shopper, SET) == ({MILAN: 2, DEPOT: 1}, 3)  # 5 pans, 1 lid
    assert await seen(shopper, DUO) == ({MILAN: 3, DEPOT: 1}, 4)


@pytest.mark.parametrize(
    ("stock", "status"),
    [
        ({(PAN, MILAN): 2, (LID, MILAN): 1}, "IN_STOCK"),
        ({(PAN, MILAN): 1, (LID, MILAN): 1}, "OUT_OF_STOCK"),
        ({(PAN, MILAN): 2, (LID, MILAN): 0}, "OUT_OF_STOCK"),
        ({(PAN, MILAN): -2, (LID, MILAN): 1}, "OUT_OF_STOCK"),
        ({(PAN, MILAN): 2}, "NOT_CARRIED"),
    ],
)
async def test_its_status_is_that_of_its_components(
    store: Store, stock: dict[Any, int], status: str
) -> None:
    async with shopping(store, a_shop(stock)) as shopper:
        [variant] = (await shopper.ask.data(SEEN, skus=[SET]))["variants"]

    assert [one["status"] for one in variant["availability"]] == [status, "NOT_CARRIED"]


async def test_a_bundle_is_unknown_where_one_component_is(store: Store) -> None:
    """Milan's lids are known to a system that is silent."""
    lids = a_shop({(PAN, MILAN): 5, (LID, MILAN): 5})
    bind = {"stock": {"shop": [DEPOT], "tills": [MILAN]}}
    async with gateway_over(
        {"shop": a_shop(STOCK), "tills": lids}, kept_in=store, bind=bind
    ) as ask:
        lids.error = UpstreamUnavailable("silent")
        [variant] = (await ask(SEEN, skus=[SET]))["data"]["variants"]

    assert [one["status"] for one in variant["availability"]] == ["UNKNOWN", "IN_STOCK"]
    assert [one["availableToSell"] for one in variant["availability"]] == [None, 1]


async def test_it_costs_no_call_more_than_a_single_one(shopper: Shopper) -> None:
    def calls() -> Counter[str]:
        return Counter(name for name, _ in shopper.shop.calls)

    await shopper.ask.data(SEEN, skus=[PAN])
    shopper.shop.calls.clear()
    await shopper.ask.data(SEEN, skus=[PAN, LID])
    single = calls()
    shopper.shop.calls.clear()
    await shopper.ask.data(SEEN, skus=[SET, DUO, PAN, LID])
    assert calls()["stock_levels"] == single["stock_levels"]

    bundle, one = [await shopper.new(**wanted) for wanted in ({"SET": 1, "DUO": 1}, {"PAN": 1})]
    shopper.shop.calls.clear()
    await held(shopper, one)
    single = calls()
    shopper.shop.calls.clear()
    await held(shopper, bundle)
    assert calls() == single == {"stock_levels": 1}


async def test_a_hold_takes_components_from_everybody(shopper: Shopper) -> None:
    cart = await held(shopper, await shopper.new(SET=2))

    assert units(cart) == [(SET, MILAN, 2)]
    assert await seen(shopper, PAN) == ({MILAN: 1, DEPOT: 9}, 10)
    assert await seen(shopper, LID) == ({MILAN: 1, DEPOT: 1}, 2)
    assert await seen(shopper, DUO) == ({MILAN: 1, DEPOT: 1}, 2)
    assert await seen(shopper, SET) == ({MILAN: 0, DEPOT: 1}, 1)
    assert await seen(shopper, SET, cart=cart["id"]) == ({MILAN: 2, DEPOT: 1}, 3)
    look = await shopper.look(cart["id"], f"hold {{ units {{ sku quantity }} }} {PROBLEMS}")
    assert look == {"hold": {"units": [{"sku": SET, "quantity": 2}]}, "problems": []}


async def test_lines_of_one_cart_share_components(shopper: Shopper) -> None:
    """Two sets and a pan are all five pans of Milan; another duo comes from the depot."""
    cart = await held(shopper, await shopper.new(SET=2, PAN=1, DUO=1))

    assert sorted(units(cart)) == sorted([(SET, MILAN, 2), (PAN, MILAN, 1), (DUO, DEPOT, 1)])
    assert await seen(shopper, PAN) == ({MILAN: 0, DEPOT: 8}, 8)


async def test_what_lines_want_together_is_refused_and_nothing_is_held(store: Store) -> None:
    async with shopping(store, a_shop({(PAN, MILAN): 5, (LID, MILAN): 9})) as shopper:
        cart = await shopper.new(SET=2, PAN=2)
        done = await refused(shopper, cart)
        look = await shopper.look(cart["id"], PROBLEMS)
        free = await seen(shopper, PAN)

    assert done["__typename"] == "InsufficientStock"
    assert [(one["sku"], one["asked"], one["available"]) for one in done["shortages"]] == [
        (PAN, 2, 1)
    ]
    assert look == {
        "problems": [{"code": "INSUFFICIENT_STOCK", "line": {"sku": PAN}, "available": 1}]
    }
    assert free == ({MILAN: 5, DEPOT: None}, 5)


async def test_a_problem_names_the_bundle(shopper: Shopper) -> None:
    cart = await shopper.new(SET=4)
    done = await refused(shopper, cart)
    look = await shopper.look(cart["id"], PROBLEMS)

    assert [(one["sku"], one["asked"], one["available"]) for one in done["shortages"]] == [
        (SET, 4, 3)
    ]
    assert look == {
        "problems": [{"code": "INSUFFICIENT_STOCK", "line": {"sku": SET}, "available": 3}]
    }


async def test_parts_are_units_of_the_bundle(shopper: Shopper) -> None:
    cart = await shopper.new(SET=2)
    [line] = [one["id"] for one in cart["lines"]]
    parts = [{"lineId": line, "location": at, "quantity": 1} for at in (MILAN, DEPOT)]
    cart = await held(shopper, cart, parts=parts)

    assert units(cart) == [(SET, MILAN, 1), (SET, DEPOT, 1)]
    assert await seen(shopper, LID) == ({MILAN: 2, DEPOT: 0}, 2)


@pytest.mark.parametrize(("sets", "kept"), [(3, "CartChanged"), (4, "InsufficientStock")])
async def test_what_a_channel_never_sells_of_a_component_is_in_no_bundle(
    store: Store, sets: int, kept: str
) -> None:
    """Of nine pans two are kept back: seven make three sets, though nothing keeps sets back."""
    web = {"currency": "EUR", "country": "IT", "locale": "it", "global_buffer": 2}
    shop = a_shop({(PAN, MILAN): 9, (LID, MILAN): 9})
    async with shopping(store, shop, channels={"WEB": web}) as shopper:
        told = await seen(shopper, SET)
        cart = await shopper.new(SET=sets)
        done = await shopper("cartHold", cartId=cart["id"], version=cart["version"])

    assert told == ({MILAN: 4, DEPOT: None}, 3)
    assert done["__typename"] == kept


async def test_who_is_faster_by_a_component_is_told_of_as_the_bundle(
    shopper: Shopper, monkeypatch: Any
) -> None:
    """Lids are gone between the look and the hold, each time."""
    cart = await shopper.new(SET=1)
    place = ledger.place

    def late(work: Any, holder: str, demand: Any, **more: Any) -> Any:
        news = work.now + timedelta(seconds=1)
        levels = [StockLevel(sku=LID, location=at, on_hand=0, as_of=news) for at in (MILAN, DEPOT)]
        ledger.record(work, "shop", levels)
        return place(work, holder, demand, **more)

    monkeypatch.setattr(ledger, "place", late)
    done = await refused(shopper, cart)

    assert done["shortages"] == [{"sku": SET, "location": MILAN, "asked": 1, "available": 0}]


WANTED = st.lists(
    st.tuples(st.sampled_from([PAN, LID, SET, DUO]), st.integers(1, 3)), min_size=2, max_size=8
)


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],  # what fails is small already
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pans=st.integers(0, 8), lids=st.integers(0, 6), wanted=WANTED)
async def test_bundles_and_singles_never_oversell_a_component(
    store: Store, pans: int, lids: int, wanted: list[tuple[Sku, int]]
) -> None:
    """Carts at once, of everything that is made of the same two things in two places."""

    def clear(work: Work) -> None:
        for table in (hold_lines, holds, stock_levels):
            work.connection.execute(table.delete())

    await store.act(clear, now=NOON)
    stock = {(PAN, MILAN): pans, (LID, MILAN): lids, (PAN, DEPOT): 1, (LID, DEPOT): 1}
    async with shopping(store, a_shop(stock)) as shopper:
        carts = [await shopper.new(**{sku: n}) for sku, n in wanted]
        asked = [{"cartId": cart["id"], "version": cart["version"]} for cart in carts]
        done = await asyncio.gather(*(shopper("cartHold", **one) for one in asked))

    sold: Counter[tuple[Sku, str]] = Counter()
    for (sku, count), one in zip(wanted, done, strict=True):
        assert one["__typename"] in {"CartChanged", "InsufficientStock"}
        kept = units(one["cart"]) if one["__typename"] == "CartChanged" else []
        assert sum(n for _, _, n in kept) in {0, count}
        for _, at, n in kept:
            for part, each in MADE_OF.get(sku, {sku: 1}).items():
                sold[part, at] += each * n
    left = {spot: there - sold[spot] for spot, there in stock.items()}
    assert min(left.values()) >= 0
    spots = [Spot(*spot) for spot in stock]
    told = await store.read(partial(ledger.sellable, spots=spots, now=NOON))
    assert told == {spot: left[spot] for spot in told}  # where anything was held
    assert {spot for spot in sold if sold[spot]} <= told.keys()
