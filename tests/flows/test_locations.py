"""Places: where they are, what they do, when they are open."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import UpstreamUnavailable
from app.ports import Address
from app.values import LONGEST_CODE, CountryCode, GeoPoint, LocationKind, LocationService
from tests.builders import a_location
from tests.gateways import Asker, Retailer, gateway_over

MILAN, ROME, PARIS = GeoPoint(45.4642, 9.19), GeoPoint(41.9028, 12.4964), GeoPoint(48.8566, 2.3522)
PLACES = [
    a_location("ST-MIL", position=MILAN, services=frozenset({LocationService.PICKUP})),
    a_location(
        "ST-ROM",
        position=ROME,
        services=frozenset({LocationService.PICKUP, LocationService.RETURN}),
    ),
    a_location("ST-PAR", position=PARIS),
    a_location("WH-1", position=None, kind=LocationKind.WAREHOUSE),
    a_location("PP-1", position=MILAN, kind=LocationKind.PICKUP_POINT),
]
NEAR_MILAN = "near: {latitude: 45.46, longitude: 9.19}"


async def codes(ask: Asker, arguments: str) -> list[tuple[str, float | None]]:
    data = await ask.data(
        f"{{ locations{arguments} {{ edges {{ node {{ code distanceKm }} }} }} }}"
    )
    return [
        (edge["node"]["code"], edge["node"]["distanceKm"]) for edge in data["locations"]["edges"]
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", ["PP-1", "ST-MIL", "ST-PAR", "ST-ROM", "WH-1"]),
        (f"({NEAR_MILAN})", ["PP-1", "ST-MIL", "ST-ROM", "ST-PAR", "WH-1"]),
        (f"({NEAR_MILAN}, withinKm: 500)", ["PP-1", "ST-MIL", "ST-ROM"]),
        (f"({NEAR_MILAN}, withinKm: 1)", ["PP-1", "ST-MIL"]),
        ("(kinds: [STORE])", ["ST-MIL", "ST-PAR", "ST-ROM"]),
        ("(services: [PICKUP])", ["ST-MIL", "ST-ROM"]),
        ("(services: [PICKUP, RETURN])", ["ST-ROM"]),
        ("(kinds: [STORE], services: [APPOINTMENT])", []),
    ],
)
async def test_places_are_sorted_and_filtered(arguments: str, found: list[str]) -> None:
    async with gateway_over({"tills": Retailer(known_locations=PLACES)}) as ask:
        assert [code for code, _ in await codes(ask, arguments)] == found


async def test_distances_are_great_circles() -> None:
    async with gateway_over({"tills": Retailer(known_locations=PLACES)}) as ask:
        found = dict(await codes(ask, "(near: {latitude: 45.4642, longitude: 9.19})"))

    # Milan to Rome and to Paris, as the crow flies.
    assert found == {
        "PP-1": 0.0,
        "ST-MIL": 0.0,
        "ST-ROM": pytest.approx(477.0, abs=1.0),
        "ST-PAR": pytest.approx(640.4, abs=1.0),
        "WH-1": None,
    }


@pytest.mark.parametrize("arguments", ["", NEAR_MILAN])
async def test_pages_of_one_visit_every_place_once_in_the_same_order(arguments: str) -> None:
    query = """{ locations(%s first: %d %s) {
        totalCount edges { node { code } }
        pageInfo { hasNextPage hasPreviousPage endCursor } } }"""
    visited, after, pages = [], "", 0
    async with gateway_over({"tills": Retailer(known_locations=PLACES)}) as ask:
        whole = await ask.data(query % (arguments, 100, ""))
        while pages < len(PLACES):
            page = (await ask.data(query % (arguments, 1, after)))["locations"]
            visited += [edge["node"]["code"] for edge in page["edges"]]
            pages += 1
            assert page["totalCount"] == len(PLACES)
            assert page["pageInfo"]["hasPreviousPage"] is (pages > 1)
            assert page["pageInfo"]["hasNextPage"] is (pages < len(PLACES))
            after = f'after: "{page["pageInfo"]["endCursor"]}"'

    assert visited == [edge["node"]["code"] for edge in whole["locations"]["edges"]]


HOURS = """{ location(code: "ST-MIL") { hours { timeZone openNow nextChange
    weekly { day opens closes } specialDays { date name periods { opens closes } } } } }"""


def a_store_that_opens(expression: str, zone: str = "Europe/Rome", country: str = "IT") -> Retailer:
    place = a_location(
        opening_hours=expression,
        time_zone=zone,
        address=Address(country=CountryCode(country)),
    )
    return Retailer(known_locations=[place])


async def hours(retailer: Retailer, now: datetime, language: str = "it") -> Any:
    async with gateway_over({"tills": retailer}, now=lambda: now) as ask:
        ask.http.headers["accept-language"] = language
        return (await ask.data(HOURS))["location"]["hours"]


async def test_hours_are_local_and_holidays_are_named_in_the_callers_language() -> None:
    store = a_store_that_opens("Mo-Sa 09:30-13:00,15:00-19:30; Su 10:00-19:00; PH off")
    now = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)  # 19:00 in Milan, a Thursday

    told = await hours(store, now, "en")

    assert told == {
        "timeZone": "Europe/Rome",
        "openNow": True,
        "nextChange": "2026-12-24T19:30:00+01:00",
        "weekly": [
            *[
                {"day": day, "opens": opens, "closes": closes}
                for day in ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]
                for opens, closes in [("09:30", "13:00"), ("15:00", "19:30")]
            ],
            {"day": "SUNDAY", "opens": "10:00", "closes": "19:00"},
        ],
        "specialDays": [
            {"date": "2026-12-25", "name": "Christmas Day", "periods": []},
            {"date": "2026-12-26", "name": "Saint Stephen's Day", "periods": []},
            {"date": "2027-01-01", "name": "New Year's Day", "periods": []},
            {"date": "2027-01-06", "name": "Epiphany", "periods": []},
        ],
    }
    named = [day["name"] for day in (await hours(store, now, "it"))["specialDays"]]
    assert named == ["Natale", "Santo Stefano", "Capodanno", "Epifania"]


async def test_a_holiday_may_have_hours_of_its_own() -> None:
    store = a_store_that_opens("Mo-Su 10:00-20:00; PH 14:00-18:00; Dec 25 off")

    told = await hours(store, datetime(2026, 12, 20, 12, tzinfo=UTC), "it")

    assert told["specialDays"][:2] == [
        {"date": "2026-12-25", "name": "Natale", "periods": []},
        {
            "date": "2026-12-26",
            "name": "Santo Stefano",
            "periods": [{"opens": "14:00", "closes": "18:00"}],
        },
    ]


async def test_hours_follow_the_clock_change() -> None:
    store = a_store_that_opens("Mo-Su 09:00-20:00")
    saturday = datetime(2026, 3, 28, 20, tzinfo=UTC)  # the night the clocks go forward

    told = await hours(store, saturday)

    assert (told["openNow"], told["nextChange"]) == (False, "2026-03-29T09:00:00+02:00")


async def test_a_place_that_never_closes_has_no_next_change() -> None:
    told = await hours(a_store_that_opens("24/7"), datetime(2026, 3, 28, tzinfo=UTC))

    assert (told["openNow"], told["nextChange"], told["specialDays"]) == (True, None, [])
    assert told["weekly"][0] == {"day": "MONDAY", "opens": "00:00", "closes": "24:00"}


@pytest.mark.parametrize(
    ("expression", "zone"), [("whenever", "Europe/Rome"), ("24/7", "Mars/Olympus")]
)
async def test_hours_nobody_understands_are_dropped_and_counted(expression: str, zone: str) -> None:
    store = a_store_that_opens(expression, zone)
    async with gateway_over({"tills": store}) as ask:
        data = await ask.staff.data(
            '{ location(code: "ST-MIL") { name hours { openNow } } upstreams { rejectedRows } }'
        )

    assert data == {
        "location": {"name": "Store ST-MIL", "hours": None},
        "upstreams": [{"rejectedRows": 1}],
    }


async def test_a_place_whose_code_nobody_can_name_is_dropped_and_counted() -> None:
    codes = ["S" * LONGEST_CODE, "S" * (LONGEST_CODE + 1)]
    tills = Retailer(known_locations=[a_location(code) for code in codes])
    async with gateway_over({"tills": tills}) as ask:
        data = await ask.staff.data(
            "{ locations { edges { node { code } } } upstreams { rejectedRows } }"
        )

    assert data == {
        "locations": {"edges": [{"node": {"code": codes[0]}}]},
        "upstreams": [{"rejectedRows": 1}],
    }


async def test_a_country_without_a_known_calendar_has_hours_without_names() -> None:
    store = a_store_that_opens("Mo-Su 09:00-20:00; PH off; Nov 21 off", "Europe/Rome", "XX")

    told = await hours(store, datetime(2026, 11, 20, 12, tzinfo=UTC))

    assert told["specialDays"] == [{"date": "2026-11-21", "name": None, "periods": []}]


async def test_the_settings_have_the_last_word_and_add_places_of_their_own() -> None:
    store = Retailer(known_locations=[a_location("ST-MIL", phone="1")])
    async with gateway_over(
        {"tills": store},
        locations={
            "ST-MIL": {"name": "Duomo", "services": ["PICKUP"], "city": "Milano", "country": "IT"},
            "PP-9": {"name": "Kiosk", "kind": "PICKUP_POINT", "latitude": 1.5, "longitude": 2},
        },
    ) as ask:
        data = await ask.data(
            """{ locations { edges { node { code name kind services phone source
                 address { city country } position { latitude longitude } } } } }"""
        )

    assert [edge["node"] for edge in data["locations"]["edges"]] == [
        {
            "code": "PP-9",
            "name": "Kiosk",
            "kind": "PICKUP_POINT",
            "services": [],
            "phone": None,
            "source": None,
            "address": {"city": None, "country": None},
            "position": {"latitude": 1.5, "longitude": 2.0},
        },
        {
            "code": "ST-MIL",
            "name": "Duomo",
            "kind": "STORE",
            "services": ["PICKUP"],
            "phone": "1",
            "source": "tills",
            "address": {"city": "Milano", "country": "IT"},
            "position": {"latitude": 45.4642, "longitude": 9.19},
        },
    ]


async def test_the_first_source_that_names_a_place_owns_it_and_missing_ones_are_told() -> None:
    tills = Retailer(known_locations=[a_location("ST-MIL")])
    erp = Retailer(known_locations=[a_location("ST-MIL", name="MI1"), a_location("WH-1")])
    silent = Retailer(error=UpstreamUnavailable("did not answer"))
    async with gateway_over(
        {"tills": tills, "erp": erp, "old": silent},
        bind={"locations": ["tills", "erp", "old"]},
    ) as ask:
        body = await ask("{ locations { edges { node { code name source } } } }")

    assert [edge["node"] for edge in body["data"]["locations"]["edges"]] == [
        {"code": "ST-MIL", "name": "Store ST-MIL", "source": "tills"},
        {"code": "WH-1", "name": "Store WH-1", "source": "erp"},
    ]
    assert [error["extensions"]["connection"] for error in body["errors"]] == ["old"]
