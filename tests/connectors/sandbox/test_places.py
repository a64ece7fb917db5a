from zoneinfo import ZoneInfo

from opening_hours import validate

from connectors.sandbox.retailer.places import STORES

# South, north, west, east of each country, in whole degrees.
COUNTRIES = {
    "IT": (36, 47, 6, 19),
    "FR": (42, 51, -5, 8),
    "DE": (47, 55, 5, 15),
    "CH": (45, 48, 5, 11),
    "GB": (49, 61, -8, 2),
}


def test_there_are_twelve_stores_in_twelve_cities_eight_of_them_italian() -> None:
    assert len({store.number for store in STORES}) == 12
    assert len({store.city for store in STORES}) == 12
    assert sum(store.country == "IT" for store in STORES) == 8
    assert {store.country for store in STORES} == set(COUNTRIES)


def test_every_store_stands_in_its_country() -> None:
    for store in STORES:
        south, north, west, east = COUNTRIES[store.country]
        assert south < store.latitude < north, store.number
        assert west < store.longitude < east, store.number


def test_opening_hours_and_time_zones_can_be_read() -> None:
    assert [store.number for store in STORES if not validate(store.hours)] == []
    assert {ZoneInfo(store.zone).key for store in STORES} == {
        "Europe/Rome",
        "Europe/Paris",
        "Europe/Berlin",
        "Europe/Zurich",
        "Europe/London",
    }


def test_services_differ_by_store() -> None:
    assert len({store.services for store in STORES}) >= 5
    assert all("collect" in store.services for store in STORES)
