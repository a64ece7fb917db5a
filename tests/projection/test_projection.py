"""The stock of a system, read as a whole: the newest news stays, whoever brings it when."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from itertools import pairwise
from time import monotonic
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from sqlalchemy import Connection, select

from app.availability import ledger, level_rows
from app.availability.model import Spot
from app.availability.projection import Projection, catalogue_skus
from app.availability.tables import stock_levels
from app.errors import MisconfiguredError, UpstreamUnavailable
from app.ports import StockLevel
from app.settings import Projection as Terms
from app.settings import parse
from app.store import Store, Work, open_store
from app.upstream.health import Health
from app.values import Locale, LocationCode, Sku
from tests.builders import NOON, a_level, a_location, a_product, a_variant
from tests.carts.shopping import COAT, DEPOT, MILAN, SHIRT, Clock, a_shop, shopping
from tests.gateways import Retailer, sandbox_gateway

MINUTE = timedelta(minutes=1)
A = Spot(Sku("A"), LocationCode("ST-1"))


class News(NamedTuple):
    """`age` and `read` in seconds before noon."""

    age: int
    read: int
    on_hand: int


def told(connection: Connection) -> dict[Spot, int]:
    rows = connection.execute(select(stock_levels))
    return {Spot(Sku(one.sku), LocationCode(one.location)): one.on_hand for one in rows}


def recorded(work: Work, news: Sequence[News]) -> None:
    for one in news:
        level = a_level(
            sku=A.sku,
            location=A.location,
            on_hand=one.on_hand,
            as_of=NOON - timedelta(seconds=one.age),
        )
        ledger.record(work, "tills", [level], read_at=NOON - timedelta(seconds=one.read))


def cleared(work: Work) -> None:
    work.connection.execute(stock_levels.delete())


@pytest.fixture
def opened(address: str) -> Iterator[tuple[asyncio.Runner, Store]]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield runner, runner.run(stack.enter_async_context(open_store(address)))
        runner.run(stack.aclose())


news = st.builds(News, st.integers(0, 3), st.integers(0, 3), st.integers(0, 9))


def newest_stays(opened: tuple[asyncio.Runner, Store], examples: int) -> None:
    runner, store = opened

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(news, min_size=1, max_size=8, unique_by=lambda one: one[:2]), st.data())
    def holds(all_news: list[News], data: st.DataObject) -> None:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(all_news)), max_size=3)))
        ends = [0, *cuts, len(all_news)]
        acts = [all_news[start:end] for start, end in pairwise(ends)]

        async def at_once() -> dict[Spot, int]:
            await store.act(cleared, now=NOON)
            await asyncio.gather(
                *(store.act(partial(recorded, news=some), now=NOON) for some in acts)
            )
            return await store.read(told)

        newest = min(all_news, key=lambda one: (one.age, one.read))
        assert runner.run(at_once()) == {A: newest.on_hand}

    holds()


def test_the_newest_news_stays_in_whatever_order_it_comes(
    opened: tuple[asyncio.Runner, Store],
) -> None:
    newest_stays(opened, 60)


def who_speaks_last(connection: Any, told: Any, *, read_at: Any) -> None:
    connection.execute(stock_levels.delete())
    PUT(connection, told, read_at=read_at)


def only_the_first(connection: Any, told: Any, *, read_at: Any) -> None:
    if not connection.execute(select(stock_levels)).all():
        PUT(connection, told, read_at=read_at)


PUT = level_rows.put_levels


@pytest.mark.parametrize("wrong", [who_speaks_last, only_the_first])
def test_wrong_ways_to_keep_news_are_told(
    opened: tuple[asyncio.Runner, Store], monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    monkeypatch.setattr(level_rows, "put_levels", wrong)

    with pytest.raises((AssertionError, Flaky)):  # writers that race are not always wrong
        newest_stays(opened, 60)


async def test_many_levels_at_once_from_several_writers(store: Store) -> None:
    """Locks are taken in one order, so that nobody waits in a circle."""
    spots = [Spot(Sku(f"S{n:04}"), LocationCode("ST-1")) for n in range(1_200)]

    def levels(writer: int) -> list[StockLevel]:
        ordered = spots if writer % 2 else spots[::-1]
        as_of = NOON + writer * MINUTE
        return [
            a_level(sku=s.sku, location=s.location, on_hand=writer, as_of=as_of) for s in ordered
        ]

    await asyncio.wait_for(
        asyncio.gather(
            *(
                store.act(partial(ledger.record, source="tills", levels=levels(n)), now=NOON)
                for n in range(4)
            )
        ),
        120,
    )

    assert set((await store.read(told)).items()) == {(spot, 3) for spot in spots}


def a_projection(store: Store, shop: Retailer, clock: Clock, **terms: Any) -> Projection:
    health = Health(connection="shop", now=clock, clock=monotonic)
    return Projection(
        shop,
        store,
        terms=Terms(**{"every": MINUTE, **terms}),
        health=health,
        timeout=timedelta(seconds=30),
    )


async def batches(*skus: Sequence[Sku]) -> AsyncIterator[Sequence[Sku]]:
    for some in skus:
        yield some


async def test_a_pull_reads_everything_in_batches(store: Store) -> None:
    shop = a_shop()
    projection = a_projection(store, shop, Clock(), batch=2)

    count = await projection.pull(batches([SHIRT, COAT, Sku("X")], [Sku("Y")]), [MILAN, DEPOT])

    assert count == 3
    assert await store.read(told) == {
        Spot(SHIRT, MILAN): 3,
        Spot(SHIRT, DEPOT): 10,
        Spot(COAT, MILAN): 2,
    }
    asked = [skus for _, (skus, _) in shop.calls]
    assert asked == [(SHIRT, COAT), ("X",), ("Y",)]


async def test_what_a_system_has_without_end_is_kept_as_the_most_there_can_be(store: Store) -> None:
    shop = a_shop(levels=[a_level(sku=SHIRT, location=MILAN, on_hand=9_999_999_999)])

    await a_projection(store, shop, Clock()).pull(batches([SHIRT]), [MILAN])

    assert await store.read(told) == {Spot(SHIRT, MILAN): 999_999_999}


async def test_a_time_in_the_future_is_not_believed(store: Store) -> None:
    clock = Clock()
    shop = a_shop(levels=[a_level(sku=SHIRT, location=MILAN, as_of=NOON + timedelta(days=9))])
    projection = a_projection(store, shop, clock)
    await projection.pull(batches([SHIRT]), [MILAN])

    clock.passes(MINUTE)
    shop.levels = [a_level(sku=SHIRT, location=MILAN, on_hand=1, as_of=clock.now)]
    await projection.pull(batches([SHIRT]), [MILAN])

    assert await store.read(told) == {Spot(SHIRT, MILAN): 1}


async def test_the_catalogue_tells_which_skus_there_are() -> None:
    products = [a_product(variants=(a_variant(f"S{n}"), a_variant(f"T{n}"))) for n in range(3)]
    catalogue = Retailer(known_products=products)
    found = [
        some
        async for some in catalogue_skus(
            catalogue, connection="shop", locale=Locale("it"), within=timedelta(seconds=30)
        )
    ]

    assert found == [["S0", "T0", "S1", "T1", "S2", "T2"]]


async def test_in_each_period_one_process_reads(store: Store) -> None:
    clock = Clock()
    processes = [a_projection(store, a_shop(), clock) for _ in range(4)]

    first = await asyncio.gather(*(one._mine() for one in processes))
    again = await asyncio.gather(*(one._mine() for one in processes))
    clock.passes(MINUTE)
    later = await asyncio.gather(*(one._mine() for one in processes))

    assert (sum(first), sum(again), sum(later)) == (1, 0, 1)


async def test_what_failed_is_read_again_long_before_the_next_period(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.availability.projection.SOONEST", 0.001)
    shop = a_shop(error=UpstreamUnavailable("did not answer"))
    projection = a_projection(store, shop, Clock(), every=timedelta(hours=1))

    async def passing() -> None:
        while not await store.read(told):
            shop.error = shop.error if len(shop.calls) < 3 else None
            await asyncio.sleep(0.001)

    keeping = asyncio.create_task(projection.keep(lambda: batches([COAT]), lambda: [MILAN]))
    await asyncio.wait_for(passing(), 60)
    keeping.cancel()

    assert await store.read(told) == {Spot(COAT, MILAN): 2}


async def test_it_is_tried_again_ever_later_but_in_each_period(store: Store) -> None:
    hourly = a_projection(store, a_shop(), Clock(), every=timedelta(hours=1))

    assert [hourly._pause(failures) for failures in (1, 2, 3, 12, 13, 10_000, 0)] == [
        *(1, 2, 4, 2048, 3600, 3600, 3600)
    ]


async def test_a_projection_goes_on_after_a_failure(store: Store) -> None:
    clock, shop = Clock(), a_shop(error=UpstreamUnavailable("did not answer"))
    projection = a_projection(store, shop, clock, every=timedelta(milliseconds=1))

    async def passing() -> None:
        while not await store.read(told):
            if shop.calls:
                shop.error = None
            clock.passes(MINUTE)
            await asyncio.sleep(0.001)

    keeping = asyncio.create_task(projection.keep(lambda: batches([COAT]), lambda: [MILAN]))
    await asyncio.wait_for(passing(), 60)
    keeping.cancel()

    assert await store.read(told) == {Spot(COAT, MILAN): 2}


AVAILABILITY = """{ variants(skus: ["COAT-L"]) {
  availability { location { code } status availableToSell freshness asOf } } }"""
FORCED = AVAILABILITY.replace("availability {", 'availability(maxAge: "PT0S") {')


async def test_what_was_read_is_told_as_stale_while_its_system_is_silent(store: Store) -> None:
    shop = a_shop(known_locations=[a_location(MILAN)])
    await a_projection(store, shop, Clock()).pull(batches([COAT]), [MILAN])
    projection = {"shop": {"every": "PT1M", "serve_for": "PT30M"}}
    async with shopping(store, shop, projection=projection) as shopper:
        await shopper.ask.data('{ variants(skus: ["COAT-L"]) { sku } }')
        shopper.clock.passes(10 * MINUTE)
        shop.error = UpstreamUnavailable("did not answer")
        body = await shopper.ask(AVAILABILITY)
        forced = await shopper.ask(FORCED)
        shopper.clock.passes(20 * MINUTE)
        too_late = await shopper.ask(AVAILABILITY)

    known, asked, late = (
        one["data"]["variants"][0]["availability"] for one in (body, forced, too_late)
    )
    assert known == [
        {
            "location": {"code": MILAN},
            "status": "IN_STOCK",
            "availableToSell": 2,
            "freshness": "STALE",
            "asOf": NOON.isoformat(),
        }
    ]
    assert body["errors"][0]["extensions"]["connection"] == "shop"
    assert [one["status"] for one in (*asked, *late)] == ["UNKNOWN", "UNKNOWN"]


async def test_the_demo_retailer_can_be_read_as_a_whole() -> None:
    async with sandbox_gateway(projection={"tills": {"every": "PT1H"}}) as sandbox:
        store = sandbox.gateway.store

        async def filled() -> dict[Spot, int]:
            found: dict[Spot, int] = {}
            while len(found) < 1_000:
                await asyncio.sleep(0.01)
                found = await store.read(told)
            return found

        found = await asyncio.wait_for(filled(), 60)

    assert {spot.location[:3] for spot in found} == {"ST-"}


def test_a_projection_of_no_stock_is_a_mistake_in_the_settings() -> None:
    document = {
        "connections": {"shop": {"connector": "sandbox"}},
        "bind": {"catalogue": "shop", "prices": "shop", "stock": {"shop": ["*"]}},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
        "projection": {"shopp": {"every": "PT1M"}},
    }
    with pytest.raises(MisconfiguredError, match="projection names unknown connection of stock"):
        parse(document)
