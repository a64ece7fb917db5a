"""What single words of Square mean: of the published examples, of odd ones, and of made-up ones."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from app.ports import PointsMove, RedemptionState
from app.ports.loyalty import PointsKey
from app.values import CountryCode, LocationCode, Sku
from connectors.square import customer_mapping, hours, loyalty_mapping, mapping, order_mapping
from connectors.square.mapping import Count
from tests.connectors.square.contract import description

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DUB = LocationCode("DUB-1")
WEEK = list(hours.DAYS)
needs_description = pytest.mark.skipif(
    description() is None, reason="Square's OpenAPI description is not there: see test_contract"
)


def example(name: str) -> Any:
    """An answer that the description shows."""
    place = description()
    assert place is not None
    return orjson.loads(place.read_bytes())["components"]["schemas"][name]["example"]


@needs_description
def test_published_locations_are_understood() -> None:
    rows = example("ListLocationsResponse")["locations"]

    told = [mapping.location(row, LocationCode(row["id"])) for row in rows]

    assert [(one.code, one.name, one.address.city, one.address.country) for one in told] == [
        ("18YC4JDH91E1H", "Grant Park", "San Francisco", "US"),
        ("3Z4V4WHQK64X9", "Midtown", "Atlanta", "US"),
    ]


@needs_description
def test_published_counts_are_understood() -> None:
    counts = [
        mapping.count(row) for row in example("BatchRetrieveInventoryCountsResponse")["counts"]
    ]

    levels = [
        mapping.stock_level(Sku("S"), DUB, states, NOON)
        for states in mapping.newest(counts).values()
    ]
    assert [level and level.on_hand for level in levels] == [79]


@needs_description
def test_published_events_and_rewards_are_understood() -> None:
    entries = [
        loyalty_mapping.entry(row) for row in example("SearchLoyaltyEventsResponse")["events"]
    ]
    reward = loyalty_mapping.redeemed(
        example("CreateLoyaltyRewardResponse")["reward"], PointsKey("K")
    )
    program = loyalty_mapping.program(example("RetrieveLoyaltyProgramResponse")["program"])

    assert [(one.move, one.points) for one in entries] == [
        (PointsMove.EARNED, 5),
        (PointsMove.REDEEMED, 0),
        (PointsMove.HELD, -10),
    ]
    assert (reward.state, reward.points) == (RedemptionState.HELD, 10)
    assert program.tiers == {10: "e1b39225-9da5-43d1-a5db-782cdd8ad94f"}


@needs_description
def test_published_accounts_and_customers_are_understood() -> None:
    account = example("CreateLoyaltyAccountResponse")["loyalty_account"]
    member = loyalty_mapping.member(account)
    told = example("BulkRetrieveCustomersResponse")["responses"].values()
    people = [customer_mapping.customer(one["customer"], None) for one in told if "customer" in one]

    assert {(key.by, key.value) for key in member.keys} == {
        ("phone", "+14155551234"),
        ("customer", "QPTXM8PQNX3Q726ZYHPMNP46XC"),
    }
    assert [(one.given_name, [each.contact.value for each in one.contacts]) for one in people] == [
        ("Amelia", ["new.amelia.earhart@example.com"]),
        ("Marie", []),
    ]


@needs_description
def test_a_published_order_is_understood() -> None:
    row = {**example("RetrieveOrderResponse")["order"], "location_id": "L"}
    names = order_mapping.Names({}, {"L": DUB})

    (part,) = order_mapping.parts(row)
    receipt = order_mapping.receipt(part, names)

    assert (receipt.total.amount, receipt.total.currency) == (Decimal("5.50"), "USD")
    assert order_mapping.buyer(row) is None


@pytest.mark.parametrize(
    ("periods", "told"),
    [
        ([], None),
        ([("MON", "09:00:00", "18:00:00")], "Mo 09:00-18:00"),
        ([("SUN", "22:00:00", "02:30:00")], "Su 22:00-02:30"),
        ([("SAT", "00:00:00", "00:00:00")], "Sa 00:00-24:00"),
        (
            [("SAT", "22:00:00", "02:30:00"), ("SUN", "10:00:00", "18:00:00")],
            "Sa 22:00-02:30, Su 10:00-18:00",
        ),
        (
            [("MON", "14:00:00", "18:00:00"), ("MON", "09:00:00", "13:00:00")],
            "Mo 09:00-13:00,14:00-18:00",
        ),
        (
            [(day, "09:00:00", "18:00:00") for day in ("MON", "TUE", "THU", "SUN")],
            "Mo,Tu,Th,Su 09:00-18:00",
        ),
        (
            [(day, "09:00:00", "18:00:00") for day in WEEK[:6]] + [("SUN", "10:00:00", "13:00:00")],
            "Mo-Sa 09:00-18:00; Su 10:00-13:00",
        ),
        ([(day, "09:00", "18:00") for day in ("FRI", "SAT")], "Fr,Sa 09:00-18:00"),
    ],
)
def test_hours_are_told_as_openstreetmap_writes_them(
    periods: list[tuple[str, str, str]], told: str | None
) -> None:
    assert hours.opening_hours(_periods(periods)) == told


@pytest.mark.parametrize(
    "period",
    [
        {"day_of_week": "MONDAY", "start_local_time": "09:00:00", "end_local_time": "18:00:00"},
        {"day_of_week": "MON", "start_local_time": "25:00:00", "end_local_time": "18:00:00"},
        {"day_of_week": "MON", "start_local_time": "09:00:00"},
        {"day_of_week": "MON", "start_local_time": 9, "end_local_time": "18:00:00"},
    ],
)
def test_hours_that_are_none_are_refused(period: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        hours.opening_hours([period])


PATIENT = settings(deadline=None)
CLOCK = st.times().map(lambda one: one.strftime("%H:%M:00"))


@PATIENT
@given(
    st.lists(
        st.tuples(st.sampled_from(WEEK), CLOCK, CLOCK).filter(lambda one: one[1] != one[2]),
        min_size=1,
        max_size=10,
    )
)
def test_whatever_hours_square_tells_a_clock_understands_them(
    periods: list[tuple[str, str, str]],
) -> None:
    told = hours.opening_hours(_periods(periods))

    assert told is not None
    opened = OpeningHours(told)
    for day, start, end in periods:
        midnight = datetime(2026, 11, 23 + WEEK.index(day))  # noqa: DTZ001  local time
        assert opened.is_open(midnight.replace(hour=int(start[:2]), minute=int(start[3:5])))
        assert opened.is_open(midnight + timedelta(days=1)) >= ("00:00:00" < end < start)


def _periods(periods: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    names = ("day_of_week", "start_local_time", "end_local_time")
    return [dict(zip(names, one, strict=True)) for one in periods]


def a_count(state: str, quantity: Decimal) -> Count:
    return Count(variation="V", place="L", state=state, quantity=quantity, changed_at=NOON)


QUANTITY = st.decimals(-(10**9), 10**9, places=5)


@PATIENT
@given(QUANTITY, st.none() | QUANTITY.map(abs), st.lists(QUANTITY, max_size=2))
def test_never_more_is_for_sale_than_square_counts(
    for_sale: Decimal, reserved: Decimal | None, coming: list[Decimal]
) -> None:
    told = {"IN_STOCK": for_sale} | ({} if reserved is None else {"RESERVED_FOR_SALE": reserved})
    told |= dict(zip(mapping.ON_THE_WAY, coming, strict=False))
    counts = {state: a_count(state, quantity) for state, quantity in told.items()}

    level = mapping.stock_level(Sku("S"), DUB, counts, NOON)

    assert level is not None
    assert for_sale - 1 < level.on_hand - level.reserved <= for_sale
    assert level.reserved >= (reserved or 0)
    assert sum(one.quantity for one in level.incoming) <= sum(one for one in coming if one > 0)
    assert all(one.quantity > 0 for one in level.incoming)


@PATIENT
@given(st.dictionaries(st.sampled_from(mapping.STATES[1:]), QUANTITY))
def test_without_a_count_of_what_is_for_sale_nothing_is_known(told: dict[str, Decimal]) -> None:
    counts = {state: a_count(state, quantity) for state, quantity in told.items()}

    assert mapping.stock_level(Sku("S"), DUB, counts, NOON) is None


@PATIENT
@given(
    st.fixed_dictionaries(
        {
            "catalog_object_id": st.just("V"),
            "location_id": st.just("L"),
            "state": st.just("IN_STOCK"),
            "quantity": st.none()
            | st.booleans()
            | st.floats()
            | st.sampled_from(["", "x", "NaN", "1E+1000000"]),
            "calculated_at": st.just("2026-11-22T12:00:00Z"),
        }
    )
)
def test_a_quantity_that_is_no_exact_number_is_no_count(row: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        mapping.count(row)


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        ({"track_inventory": True}, {"D": True, "C": True}),
        ({"track_inventory": False}, {"D": False, "C": False}),
        ({"track_inventory": None}, {"D": False, "C": False}),
        ({}, {"D": False, "C": False}),
        (
            {"location_overrides": [{"location_id": "D", "track_inventory": True}]},
            {"D": True, "C": False},
        ),
        (
            {
                "track_inventory": True,
                "location_overrides": [
                    {"location_id": "D", "track_inventory": False},
                    {"location_id": "C", "sold_out": True},
                ],
            },
            {"D": False, "C": True},
        ),
    ],
)
def test_what_square_counts_it_says(data: dict[str, Any], counted: dict[str, bool]) -> None:
    one = mapping.variation({"id": "V", "item_variation_data": {"sku": "S", **data}})

    assert {place: one.counts_at(place) for place in ("D", "C")} == counted


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("ADJUST_POINTS", {"adjust_points": {"points": -7}}, (PointsMove.ADJUSTED, -7)),
        ("EXPIRE_POINTS", {"expire_points": {"points": 7}}, (PointsMove.EXPIRED, -7)),
        ("OTHER", {"other_event": {"points": -3}}, (PointsMove.OTHER, -3)),
        ("CREATE_REWARD", {"create_reward": {"points": 10}}, (PointsMove.HELD, -10)),
        ("DELETE_REWARD", {"delete_reward": {"points": 10}}, (PointsMove.RELEASED, 10)),
        (
            "ACCUMULATE_PROMOTION_POINTS",
            {"accumulate_promotion_points": {"points": 4}},
            (PointsMove.EARNED, 4),
        ),
    ],
)
def test_an_event_tells_what_it_did_to_what_can_be_spent(
    kind: str, data: dict[str, Any], told: tuple[PointsMove, int]
) -> None:
    entry = loyalty_mapping.entry(
        {"id": "E", "type": kind, "created_at": "2026-11-22T12:00:00Z", **data}
    )

    assert (entry.move, entry.points, entry.at) == (*told, NOON)


def test_an_event_nobody_knows_is_refused() -> None:
    row = {"id": "E", "type": "GIFTED", "created_at": "2026-11-22T12:00:00Z"}

    with pytest.raises(KeyError, match="GIFTED"):
        loyalty_mapping.entry(row)


@pytest.mark.parametrize(
    ("said", "country", "number"),
    [
        ("+353 85 000 0004", None, "+353850000004"),
        ("085 000 0004", CountryCode("IE"), "+353850000004"),
        ("085 000 0004", None, "085 000 0004"),
        ("no number", CountryCode("IE"), "no number"),
        ("+353 85 000 0004 ext. 7", None, "+353 85 000 0004 ext. 7"),
        ("+3531", None, "+3531"),
    ],
)
def test_numbers_are_compared_as_e164(said: str, country: CountryCode | None, number: str) -> None:
    contact = customer_mapping.phone(said, country)

    assert contact is not None
    assert contact.value == number


@pytest.mark.parametrize(("quantity", "units"), [("1", 1), ("3.50000", 4), ("0.2", 1), ("12", 12)])
def test_units_that_were_begun_count(quantity: str, units: int) -> None:
    assert order_mapping.units({"quantity": quantity}) == units


@pytest.mark.parametrize("quantity", ["0", "-1", "x", 1.5, None])
def test_no_units_are_no_line(quantity: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        order_mapping.units({"quantity": quantity})
