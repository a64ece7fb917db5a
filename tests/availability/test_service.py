"""From where can be sold, by whose rules, and how long is an answer the same object?"""

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from app import settings as config
from app.availability.model import FulfilmentMethod, Spread
from app.availability.reading import stock_reader
from app.availability.service import AvailabilityService
from app.errors import InvalidInputError
from app.locations.model import Places, Search
from app.locations.service import LocationService
from app.ports import Answer, BundleComponent, StockLevel
from app.products.bundles import MadeOf
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.reader import FreshnessPolicy, Inquiry
from app.upstream.readings import Cells
from app.upstream.report import Report
from app.values import CountryCode, LocationCode, Sku
from app.values import LocationService as Service
from tests.builders import NOON, a_level, a_location
from tests.gateways import Retailer

HOUR = timedelta(hours=1)
SHIRT, COAT = Sku("SHIRT-M"), Sku("COAT-M")


class Stage:
    """A service over made-up systems; a location's source is named by the part before its dash."""

    def __init__(self, *locations: Any, **sources: Retailer) -> None:
        health = {
            name: Health(connection=name, now=lambda: NOON, clock=monotonic) for name in sources
        }
        self.directory = Retailer(known_locations=locations)
        self.locations = LocationService(
            {
                "directory": (
                    self.directory,
                    Health(connection="d", now=lambda: NOON, clock=monotonic),
                )
            },
            configured={},
            timeout=lambda _: HOUR,
        )
        self.readers = {
            name: stock_reader(
                source,
                health=health[name],
                policy=FreshnessPolicy(fresh_for=HOUR),
                timeout=HOUR,
            )
            for name, source in sources.items()
        }
        self.service = self.with_catalogue(None)

    def with_catalogue(self, catalogue: Any) -> AvailabilityService:
        return AvailabilityService(
            self.readers,
            source_of=lambda code: (
                name if (name := code.partition("-")[0]) in self.readers else None
            ),
            locations=self.locations,
            catalogue=catalogue,
        )

    def holding(self, search: Search = Search(), **wanted: Any) -> Places:  # noqa: B008  frozen
        return self.service.holding(search, report=Report(), **wanted)


def rules(**said: Any) -> config.Channel:
    return config.Channel(currency="EUR", country="IT", locale="it", **said)


def inquiry() -> Inquiry:
    return Inquiry(Deadline.after(timedelta(seconds=5)), Report())


async def a_stage(**sources: Retailer) -> Stage:
    stage = Stage(
        a_location("a-1", services=frozenset({Service.SHIP_FROM})),
        a_location("a-2", services=frozenset({Service.PICKUP, Service.RESERVE})),
        a_location("b-1", services=frozenset()),
        a_location("none-1", services=frozenset({Service.PICKUP})),
        **(sources or {"a": Retailer(), "b": Retailer()}),
    )
    await stage.locations.refresh()
    return stage


async def test_places_hold_stock_and_offer_a_method_unless_they_are_asked_for() -> None:
    stage = await a_stage()
    codes = frozenset({LocationCode("none-1")})

    found: Mapping[str, Places] = {
        "everywhere": stage.holding(),
        "pickup": stage.holding(methods=[FulfilmentMethod.PICK_UP_IN_STORE]),
        "either": stage.holding(
            methods=[FulfilmentMethod.SHIP_TO_HOME, FulfilmentMethod.RESERVE_IN_STORE]
        ),
        "no method": stage.holding(methods=[]),
        "asked for": stage.holding(Search(codes=codes)),
    }

    assert {name: list(places.codes) for name, places in found.items()} == {
        "everywhere": ["a-1", "a-2", "b-1"],
        "pickup": ["a-2"],
        "either": ["a-1", "a-2"],
        "no method": [],
        "asked for": ["none-1"],
    }


@pytest.mark.parametrize(
    ("said", "to", "expected"),
    [
        ({}, None, ["a-1", "a-2", "b-1"]),
        ({"sells_from": ("b-*", "a-2")}, None, ["a-2", "b-1"]),
        ({}, "JP", ["a-1"]),
        ({"ships_to": ("IT", "FR")}, "FR", ["a-1"]),
        ({"ships_to": ("IT", "FR")}, "JP", []),
        ({"ships_to": ("IT", "FR"), "sells_from": ("b-*",)}, "IT", []),
    ],
)
async def test_a_channel_sells_from_its_locations_and_ships_where_it_ships(
    said: dict[str, Any], to: str | None, expected: list[str]
) -> None:
    stage = await a_stage()
    country = None if to is None else CountryCode(to)

    assert list(stage.service.selling(rules(**said), to=country, report=Report()).codes) == expected


async def test_places_are_the_same_until_the_directory_is_read_again() -> None:
    stage = await a_stage()
    before = stage.holding()
    assert stage.holding() is before
    assert stage.holding().first(2) is before.first(2)
    assert before.first(3) is before
    stage.directory.known_locations = [a_location("a-1", name="New name")]

    await stage.locations.refresh()

    assert [place.location.name for place in stage.holding().all] == ["New name"]


@pytest.mark.parametrize("skus", [[SHIRT], [SHIRT, COAT]], ids=len)
async def test_what_several_sources_say_is_put_together_once_until_one_says_something_new(
    skus: list[Sku],
) -> None:
    first = Retailer(levels=[a_level(location=LocationCode("a-1"), on_hand=1)])
    second = Retailer(levels=[a_level(location=LocationCode("b-1"), on_hand=2)])
    stage = await a_stage(a=first, b=second)
    places = stage.holding()

    async def spread(**wanted: Any) -> Any:
        return (await stage.service.at(skus, places, inquiry(), **wanted))[SHIRT]

    for _ in range(3):
        before, again = await spread(), await spread()
    second.levels = [a_level(location=LocationCode("b-1"), on_hand=7)]
    await spread(max_age=timedelta())
    await spread()
    after = await spread()

    assert again is before
    assert [part.available_to_sell for part in before.parts] == [1, None, 2]
    assert [part.available_to_sell for part in after.parts] == [1, None, 7]
    assert [part.source for part in after.parts] == ["a", "a", "b"]


async def test_each_source_is_asked_once_for_all_skus_at_all_its_locations() -> None:
    first, second = Retailer(), Retailer()
    stage = await a_stage(a=first, b=second)

    await stage.service.together([SHIRT, COAT], stage.holding(), inquiry(), global_buffer=0)

    assert first.calls == [("stock_levels", ((COAT, SHIRT), ("a-1", "a-2")))]
    assert second.calls == [("stock_levels", ((COAT, SHIRT), ("b-1",)))]


async def test_one_answer_holds_so_much_and_no_more() -> None:
    stage = await a_stage()
    skus = [Sku(f"S{number}") for number in range(6_667)]

    with pytest.raises(
        InvalidInputError, match="6667 variants at 3 locations are more than 20,000"
    ):
        await stage.service.at(skus, stage.holding(), inquiry())
    assert len(await stage.service.at(skus[:6_666], stage.holding(), inquiry())) == 6_666


async def turns_in(work: Awaitable[Any]) -> int:
    """How often others had their turn while something was done."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    await asyncio.sleep(0)
    try:
        await work
    finally:
        waiting.cancel()
    return turns


async def test_sums_over_many_places_let_others_have_their_turn() -> None:
    stage = Stage(*(a_location(f"a-{number}") for number in range(60)), a=Retailer())
    await stage.locations.refresh()

    async def summed(buffer: int) -> None:
        skus = [Sku(f"SHIRT-{number}") for number in range(100)]
        await stage.service.together(skus, stage.holding(), inquiry(), global_buffer=buffer)

    for _ in range(3):  # until nothing is left to do but to sum up
        await summed(0)

    assert await turns_in(summed(7)) == 1  # after 5,000 of 6,000 spots


async def test_bundles_are_put_together_in_turns_with_others_and_again_only_of_others() -> None:
    class Sets:
        """A catalogue in which every set is two shirts and a coat."""

        async def made_of(self, skus: Collection[Sku], _inquiry: Inquiry) -> MadeOf:
            pieces = (
                BundleComponent(sku=SHIRT, quantity=2),
                BundleComponent(sku=COAT, quantity=1),
            )
            return {sku: pieces for sku in skus if sku.startswith("SET")}

    def stocked(shirts: int) -> list[StockLevel]:
        return [
            a_level(sku=sku, location=LocationCode(f"a-{n}"), on_hand=count)
            for n in range(60)
            for sku, count in ((SHIRT, shirts), (COAT, 9))
        ]

    source, sets = Retailer(levels=stocked(10)), [Sku(f"SET-{number}") for number in range(20)]
    stage = Stage(*(a_location(f"a-{number}") for number in range(60)), a=source)
    stage.service = stage.with_catalogue(Sets())
    await stage.locations.refresh()
    places = stage.holding()
    for _ in range(3):
        await stage.service.at([SHIRT, COAT], places, inquiry())

    async def found(**wanted: Any) -> Mapping[Sku, Spread]:
        return await stage.service.at([*sets, COAT], places, inquiry(), **wanted)

    assert await turns_in(found()) == 2 + 1  # after each 1,000 of 2,400, and since it is many
    before = await found()
    assert await turns_in(found()) == 1
    again = await found()
    source.levels = stocked(4)
    await found(max_age=timedelta())
    after = await found()

    assert all(again[sku] is before[sku] for sku in sets)
    assert {part.available_to_sell for sku in sets for part in before[sku].parts} == {5}
    assert {part.available_to_sell for sku in sets for part in after[sku].parts} == {2}
    assert before[COAT].made_of == ()


async def test_many_levels_that_come_at_once_let_others_have_their_turn() -> None:
    codes = [LocationCode(f"a-{number}") for number in range(110)]
    skus = [Sku(f"SHIRT-{number}") for number in range(100)]
    levels = tuple(a_level(sku=sku, location=code) for sku in skus for code in codes)

    class Fast(Retailer):
        """Knows all that is asked for."""

        async def stock_levels(self, *_asked: Any) -> Answer[StockLevel]:
            return Answer(rows=levels, as_of=NOON)

    health = Health(connection="a", now=lambda: NOON, clock=monotonic)
    policy = FreshnessPolicy(fresh_for=HOUR)
    reader = stock_reader(Fast(), health=health, policy=policy, timeout=HOUR)
    fetched = reader.fetch(Cells({sku: tuple(codes) for sku in skus}))

    assert await turns_in(fetched) == 2  # after 5,000 and 10,000 of 11,000


async def test_no_more_spots_are_summed_up_than_one_answer_holds() -> None:
    stage = await a_stage()
    skus = [Sku(f"SHIRT-{number}") for number in range(66_667)]
    with pytest.raises(
        InvalidInputError, match="66667 variants at 3 locations are more than 200,000"
    ):
        await stage.service.together(skus, stage.holding(), inquiry(), global_buffer=0)
