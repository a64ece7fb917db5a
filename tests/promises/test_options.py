"""What is promised, when, at what cost and why: every number worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from app.availability.model import FulfilmentMethod
from app.errors import UpstreamUnavailable
from app.promises.model import Answer, Destination, Objective, Option, Reason, Service
from app.promises.ranking import Preference
from app.promises.refusals import PromiseRefusal
from app.values import CountryCode, LocationCode
from tests.promises.worlds import DC, FAR, NEAR, World, a_place, an_inquiry

PICKUP = FulfilmentMethod.PICK_UP_IN_STORE
RESERVE = FulfilmentMethod.RESERVE_IN_STORE
CARRIED_EVERYWHERE = {(sku, code): 10 for sku in "AB" for code in ("DC", "ST-NEAR", "ST-FAR")}


async def asked(world: World, *lines: tuple[str, int], **changes: object) -> Answer:
    async with world.service() as service:
        return await service.options(world.question(*lines, **changes), an_inquiry(), now=world.now)


def only_dc(**changes: object) -> World:
    return World({("A", "DC"): 10, ("B", "DC"): 10}, places=(DC,), **changes)  # type: ignore[arg-type]


def by_service(answer: Answer, service: Service) -> Option:
    [found] = [
        option
        for choice in answer.choices
        for option in choice.options
        if {leg.service for leg in option.legs} == {service}
    ]
    return found


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


async def test_a_parcel_is_collected_at_the_cut_off_and_delivered_after_its_days() -> None:
    answer = await asked(only_dc(), ("A", 1))

    parcel = by_service(answer, Service.STANDARD)
    [leg] = parcel.legs
    assert leg.collected_at == at(23, 16)  # 17:00 in Rome
    assert leg.order_by == at(23, 14)  # two hours of preparation before
    assert (parcel.earliest, parcel.latest) == (at(24, 8), at(25, 17))
    assert parcel.cost_to_retailer.amount == Decimal("5.00")  # 4.00 and 1.00 of handling
    assert parcel.cost_to_customer.amount == Decimal("4.90")
    assert parcel.valid_until == at(23, 9, 15)


async def test_after_the_cut_off_it_goes_the_next_day_of_work() -> None:
    answer = await asked(only_dc(now=at(27, 14, 1)), ("A", 1))  # a Friday, one minute late

    parcel = by_service(answer, Service.STANDARD)
    assert parcel.legs[0].collected_at == at(30, 16)
    assert (parcel.earliest, parcel.latest) == (at(1, 8, month=12), at(2, 17, month=12))


async def test_a_public_holiday_is_neither_worked_nor_delivered_on() -> None:
    answer = await asked(only_dc(now=at(7, 12, month=12)), ("A", 1))  # the 8th is a holiday

    parcel = by_service(answer, Service.STANDARD)
    assert parcel.legs[0].collected_at == at(7, 16, month=12)
    assert (parcel.earliest, parcel.latest) == (at(9, 8, month=12), at(10, 17, month=12))


async def test_a_cut_off_is_told_in_local_time_when_the_clocks_change() -> None:
    before = await asked(only_dc(now=datetime(2026, 10, 23, 9, tzinfo=UTC)), ("A", 1))
    after = await asked(only_dc(now=datetime(2026, 10, 26, 9, tzinfo=UTC)), ("A", 1))

    collected = [by_service(one, Service.STANDARD).legs[0].collected_at for one in (before, after)]
    assert collected == [at(23, 15, month=10), at(26, 16, month=10)]
    assert by_service(before, Service.STANDARD).earliest == at(26, 8, month=10)


async def test_next_day_is_sooner_and_dearer_so_that_both_are_options() -> None:
    answer = await asked(only_dc(), ("A", 1))

    [choice] = answer.choices
    worths = [
        (one.latest, one.cost_to_retailer.amount, one.emissions.value) for one in choice.options
    ]
    assert worths == [
        (at(24, 17), Decimal("10.00"), worths[0][2]),
        (at(25, 17), Decimal("5.00"), worths[0][2]),
    ]
    assert choice.gap is None


async def test_a_postal_code_chooses_its_lane() -> None:
    answer = await asked(only_dc(postal_code="09 100"), ("A", 1))

    parcel = by_service(answer, Service.STANDARD)
    assert (parcel.earliest, parcel.latest) == (at(26, 8), at(30, 17))
    assert parcel.cost_to_retailer.amount == Decimal("8.00")


async def test_from_200_euro_on_delivery_is_free() -> None:
    ten = by_service(await asked(only_dc(), ("A", 10)), Service.STANDARD)
    nine = by_service(await asked(only_dc(), ("A", 9)), Service.STANDARD)

    assert [one.cost_to_customer.amount for one in (ten, nine)] == [0, Decimal("4.90")]


async def test_emissions_add_up_from_the_factors() -> None:
    answer = await asked(only_dc(), ("A", 2))

    emissions = by_service(answer, Service.STANDARD).emissions
    # One degree of latitude is 111.195 km, 139 by road; 1 kg over them at 125.22 mg a kg·km.
    assert [(part.factor, part.value) for part in emissions.parts] == [
        ("hub.parcel", 120_000),
        ("van.drop", 158_370),
        ("road.hgv", 17_406),
    ]
    assert emissions.value == 295_776
    assert (emissions.low, emissions.high) == (
        2 * 20_000 + 14_460 + 13_608,
        2 * 150_000 + 316_730 + 20_273,
    )
    assert (emissions.boundary, emissions.factor_set) == ("WTW", "tessera-2025@2025.1")


async def test_five_from_three_and_ten_are_exactly_five() -> None:
    world = World({("A", "DC"): 3, ("A", "ST-NEAR"): 10}, places=(DC, NEAR))
    world.rules["fences"] = [{"locations": ["ST-NEAR"], "because": "no"}]
    nothing = await asked(world, ("A", 5))
    world.rules["fences"] = []
    answer = await asked(world, ("A", 5))

    assert nothing.preferred is None
    sent = [
        sum(line.quantity for leg in option.legs for line in leg.lines)
        for option in answer.choices[0].options
    ]
    assert sent
    assert set(sent) == {5}


async def test_a_split_costs_its_penalty_once_for_each_further_shipment() -> None:
    world = World({("A", "DC"): 1, ("B", "ST-NEAR"): 1}, places=(DC, NEAR))
    answer = await asked(world, ("A", 1), ("B", 1))

    cheapest = min(answer.choices[0].options, key=lambda one: one.cost_to_retailer.amount)
    assert cheapest.cost_to_retailer.amount == Decimal("12.50")  # 5.00 + 6.00 + 1.50
    assert cheapest.split == 1
    assert sorted(leg.location for leg in cheapest.legs) == ["DC", "ST-NEAR"]
    assert sum(leg.cost.amount for leg in cheapest.legs) == Decimal("11.00")


async def test_unknown_stock_is_never_counted_and_is_told() -> None:
    world = World(CARRIED_EVERYWHERE)
    world.error = UpstreamUnavailable("silent")
    answer = await asked(world, ("A", 1))

    assert answer.preferred is None
    assert answer.unknown == ("DC", "ST-FAR", "ST-NEAR")
    assert {one.reason for one in answer.choices[0].exclusions} == {Reason.UNKNOWN_STOCK}


async def test_stock_in_the_store_can_be_collected_within_its_hours() -> None:
    world = World({("A", "ST-NEAR"): 1}, now=at(23, 18, 40))  # 19:40, closes at 20:00
    answer = await asked(world, ("A", 1), methods=(PICKUP,), stores=(LocationCode("ST-NEAR"),))

    [choice] = answer.choices
    [option] = choice.options
    # 20 minutes today, 10 tomorrow from 10:00 on; the promise holds for a quarter of an hour, and
    # is told in quarters.
    assert option.latest == at(24, 9, 30)
    assert option.legs[0].service is Service.FROM_SHELF_EXPRESS
    assert option.cost_to_retailer.amount == Decimal("2.00")


async def test_what_a_store_lacks_is_brought_there() -> None:
    world = World({("A", "DC"): 1})
    answer = await asked(world, ("A", 1), methods=(PICKUP,), stores=(LocationCode("ST-NEAR"),))

    [option] = answer.choices[0].options
    [leg] = option.legs
    assert (leg.location, leg.service, leg.to) == ("DC", Service.TRANSFER, "ST-NEAR")
    assert option.latest == at(24, 11)  # opens at 10:00, two hours to receive it
    assert option.cost_to_retailer.amount == Decimal("4.00")
    # The way there and back by car, of which three in ten are made for it alone.
    assert option.emissions.parts[-1].value == 2 * 3 * 211_240 * 3 // 10


async def test_only_what_is_in_the_store_can_be_put_aside_there() -> None:
    world = World({("A", "DC"): 5, ("A", "ST-NEAR"): 1})
    where = {"methods": (RESERVE,), "stores": (LocationCode("ST-NEAR"),)}
    one, two = await asked(world, ("A", 1), **where), await asked(world, ("A", 2), **where)

    assert one.choices[0].options[0].cost_to_retailer.amount == 0
    assert two.choices[0].options == ()


async def test_the_nearest_stores_are_offered_when_none_is_named() -> None:
    world = World(CARRIED_EVERYWHERE)
    world.rules["nearest_stores"] = 1
    answer = await asked(world, ("A", 1), methods=(PICKUP,))

    assert [choice.store for choice in answer.choices] == ["ST-NEAR"]


async def test_an_endless_aisle_is_what_comes_from_elsewhere() -> None:
    world = World({("A", "DC"): 5})
    answer = await asked(world, ("A", 1), in_store=LocationCode("ST-NEAR"))

    assert {option.endless_aisle for option in answer.choices[0].options} == {True}


async def test_every_location_that_lost_is_told_why() -> None:
    world = World({("A", "DC"): 9, ("A", "ST-FAR"): 9, ("A", "FENCED"): 9, ("A", "ABROAD"): 9})
    abroad = a_place("ABROAD", address=DC.address.__class__(country=CountryCode("FR")))
    counter = a_place("COUNTER", services=frozenset())
    world.places = (DC, NEAR, FAR, a_place("FENCED"), abroad, counter)
    world.stock["A", "COUNTER"] = 9
    world.stock["A", "ST-NEAR"] = 1
    world.rules["fences"] = [{"locations": ["FENCED"], "because": "being rebuilt"}]
    answer = await asked(world, ("A", 2))

    why = {one.location: (one.reason, one.change) for one in answer.choices[0].exclusions}
    assert why == {
        "FENCED": (Reason.FENCED, "The rule: being rebuilt"),
        "ABROAD": (Reason.NO_LANE, "A service from FR to IT."),
        "COUNTER": (Reason.SERVICE_NOT_OFFERED, "The service SHIP_FROM at COUNTER."),
        "ST-NEAR": (Reason.NOT_ENOUGH_STOCK, "1 more of A."),
        "ST-FAR": (Reason.DOMINATED, "Any of: more than 1.00 EUR less."),
    }


async def test_a_location_that_is_better_by_more_than_its_margin_becomes_an_option() -> None:
    further = a_place("ST-FAR", north=43.0)
    world = World({("A", "DC"): 9, ("A", "ST-FAR"): 9}, places=(DC, further))
    lost = await asked(world, ("A", 1))
    [exclusion] = lost.choices[0].exclusions
    margin = exclusion.margin
    assert margin is not None
    workplaces = {"ST-FAR": {"preparation": "PT1H"}, **world.rules["workplaces"]}
    world.rules["workplaces"] = workplaces
    handling = Decimal("2.00") - margin.cost.amount
    for less, wins in ((Decimal(0), False), (Decimal("0.01"), True)):
        workplaces["ST-FAR"]["handling"] = str(handling - less)
        answer = await asked(world, ("A", 1))
        used = {leg.location for one in answer.choices[0].options for leg in one.legs}
        assert ("ST-FAR" in used) is wins


async def test_a_full_slot_makes_work_wait() -> None:
    world = World({("A", "ST-NEAR"): 1}, now=at(23, 9))
    world.rules["workplaces"]["*"] |= {"slot": "PT1H", "slot_orders": 2}
    where = {"methods": (PICKUP,), "stores": (LocationCode("ST-NEAR"),)}
    free = await asked(world, ("A", 1), **where)
    world.slots.by_location[LocationCode("ST-NEAR")] = {int(at(23, 9).timestamp()): 2}
    full = await asked(world, ("A", 1), **where)

    times = [one.choices[0].options[0].latest for one in (free, full)]
    assert times == [at(23, 9, 45), at(23, 10, 45)]


async def test_a_buffer_is_kept_back_over_all_locations() -> None:
    world = World({("A", "DC"): 3}, channel={"global_buffer": 2})
    answer = await asked(world, ("A", 2))

    assert answer.short == {"A": 1}
    assert answer.preferred is None


@pytest.mark.parametrize(
    ("preference", "service"),
    [
        (Preference((Objective.COST, Objective.SPEED)), Service.STANDARD),
        (Preference((Objective.SPEED, Objective.COST)), Service.NEXT_DAY),
        (Preference((), (10, 1, 1)), Service.STANDARD),
        (Preference((), (1, 10, 1)), Service.NEXT_DAY),
    ],
)
async def test_the_preferred_option_is_the_first_by_order_or_weights(
    preference: Preference, service: Service
) -> None:
    answer = await asked(only_dc(), ("A", 1), preference=preference)

    assert answer.preferred is not None
    assert answer.preferred.legs[0].service is service


@pytest.mark.parametrize(
    ("lines", "changes", "code", "path"),
    [
        ([("A", 0)], {}, "QUANTITY_INVALID", "input.lines.0.quantity"),
        ([("A", -1)], {}, "QUANTITY_INVALID", "input.lines.0.quantity"),
        ([("A", 10**9)], {}, "QUANTITY_INVALID", "input.lines.0.quantity"),
        ([("A", 9_999), ("A", 1)], {}, "QUANTITY_INVALID", "input.lines.1.quantity"),
        ([], {}, "QUANTITY_INVALID", "input.lines"),
        ([("A", 1), ("NO", 1)], {}, "SKU_UNKNOWN", "input.lines.1.sku"),
        ([("UNPRICED", 1)], {}, "SKU_NOT_SOLD", "input.lines.0.sku"),
        ([("A", 1)], {"destination": None}, "DESTINATION_UNKNOWN", "input.destination"),
        (
            [("A", 1)],
            {"destination": Destination(CountryCode("JP"))},
            "DESTINATION_UNKNOWN",
            "input.destination",
        ),
        (
            [("A", 1)],
            {"destination": Destination(CountryCode("US"))},
            "DESTINATION_NOT_SERVED",
            "input.destination",
        ),
        (
            [("A", 1)],
            {"methods": (PICKUP,), "stores": (LocationCode("NO"),)},
            "LOCATION_UNKNOWN",
            "input.stores",
        ),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_its_place(
    lines: list[tuple[str, int]], changes: dict[str, object], code: str, path: str
) -> None:
    with pytest.raises(PromiseRefusal) as refused:
        await asked(World(CARRIED_EVERYWHERE), *lines, **changes)

    assert (refused.value.code, ".".join(refused.value.path)) == (code, path)


async def test_a_channel_that_ships_elsewhere_only_refuses() -> None:
    with pytest.raises(PromiseRefusal) as refused:
        await asked(World(CARRIED_EVERYWHERE, channel={"ships_to": ["FR"]}), ("A", 1))

    assert refused.value.code == "DESTINATION_NOT_SERVED"


async def test_the_largest_basket_that_can_be_asked_is_answered_within_its_steps() -> None:
    skus = [f"S{number}" for number in range(100)]
    codes = [f"ST-{number}" for number in range(12)]
    world = World(
        {(sku, code): 9_999 for sku in skus for code in codes},
        prices=dict.fromkeys(skus, "1.00"),
        places=tuple(a_place(code, north=40 + number / 2) for number, code in enumerate(codes)),
    )
    world.rules["unit_grams"] = {"S1*": 7, "*": 1}
    world.rules["transfers"]["prices"] = [[n * 1_000_003, str(n)] for n in range(1, 9)]
    answer = await asked(
        world,
        *((sku, 9_999) for sku in skus),
        methods=(FulfilmentMethod.SHIP_TO_HOME, PICKUP),
        stores=(LocationCode("ST-0"), LocationCode("ST-1")),
    )

    assert [choice.steps <= 8_000 // 3 for choice in answer.choices] == [True] * 3
    assert {one.reason for one in answer.choices[0].exclusions} == {Reason.TOO_HEAVY}
