"""What Square's locations come to."""

from app.ports import Address, Location, RejectedRow
from app.values import CountryCode, GeoPoint, LocationCode, LocationKind
from connectors.square.specimen_shop import CORK, DUBLIN, MARKET, _place
from tests.connectors.square.seller import DUB, LOCATIONS, ORK, STALL, a_seller


async def test_what_is_in_business_is_told_under_our_codes() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.locations()

    assert answer.rejected == ()
    assert [one.code for one in answer.rows] == [ORK, DUB, STALL]
    assert answer.rows[1] == Location(
        code=DUB,
        name="Dublin",
        kind=LocationKind.STORE,
        address=Address(
            lines=("Unit 4", "2 Grafton Street"),
            postal_code="D02 VF25",
            city="Dublin",
            region="Leinster",
            country=CountryCode("IE"),
        ),
        position=GeoPoint(53.3415, -6.2603),
        time_zone="Europe/Dublin",
        opening_hours="Mo-Fr 09:00-18:30",
        phone="+353 1 555 0100",
    )
    assert answer.rows[0].opening_hours == "Sa 10:00-24:00; Su 12:00-18:00"
    assert (answer.rows[0].position, answer.rows[2].opening_hours) == (None, None)
    assert answer.rows[2].kind is None


async def test_a_code_of_two_locations_is_rejected_for_both() -> None:
    async with a_seller(locations={**LOCATIONS, LocationCode("Cork"): MARKET}) as seller:
        answer = await seller.connection.locations()
        seller.square.shop.locations = (
            _place(CORK, "Cork"),
            _place(MARKET, "Market stall"),
            _place(DUBLIN, DUB),
            _place("L2OTHER00005", DUB),
        )
        shared = await seller.connection.locations()

    assert [one.code for one in answer.rows] == [ORK, DUB, LocationCode("Cork")]
    assert [one.code for one in shared.rows] == [ORK, LocationCode("Cork")]
    assert set(shared.rejected) == {
        RejectedRow(DUBLIN, "its code DUB-1 names 2 locations"),
        RejectedRow("L2OTHER00005", "its code DUB-1 names 2 locations"),
    }


async def test_a_location_that_cannot_be_read_hides_no_other_and_is_not_believed() -> None:
    async with a_seller(lying=True) as seller:
        good = seller.square.shop.locations
        seller.square.shop.locations = ({**good[0], "name": 7}, good[1])
        answer = await seller.connection.locations()
        before = await seller.connection._places.known()
        seller.square.shop.locations = good
        after = await seller.connection._places.known()

    assert [one.code for one in answer.rows] == [DUB]
    assert answer.rejected == (RejectedRow(CORK, "TypeError: name: not a text"),)
    assert (dict(before.ids), set(after.ids)) == ({DUB: DUBLIN}, {DUB, ORK, STALL})


async def test_a_location_with_an_odd_field_is_rejected_by_its_name() -> None:
    async with a_seller(lying=True) as seller:
        good = seller.square.shop.locations
        odd = {**good[1], "coordinates": {"latitude": 123.4, "longitude": 1.0}}
        seller.square.shop.locations = (good[0], odd)
        answer = await seller.connection.locations()

    assert [one.code for one in answer.rows] == [ORK]
    assert answer.rejected == (RejectedRow(DUBLIN, "ValueError: latitude: not on earth"),)
