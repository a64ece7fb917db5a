from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ports import (
    Address,
    Answer,
    IncomingSupply,
    Location,
    Price,
    Product,
    RejectedRow,
    StockLevel,
)
from app.values import (
    CountryCode,
    CurrencyCode,
    Locale,
    LocationCode,
    LocationKind,
    LocationService,
    Money,
    Sku,
    Texts,
)
from connectors.tryton import mapping, product_mapping
from connectors.tryton.mapping import Item, Move, Place
from tests.connectors.tryton.upstream import NOW, recorded_rows

BOLOGNA = Place(id=5, code=LocationCode("WH-BLQ"), left=3, right=10)
INSIDE, ELSEWHERE = 8, 17
EUR = CurrencyCode("EUR")
MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def a_move(quantity: str, source: int, target: int, planned: date | None = None) -> Move:
    return Move(
        id=1, item=1, quantity=Decimal(quantity), source=source, target=target, planned=planned
    )


def a_level(on_hand: str, *moves: Move) -> StockLevel:
    return mapping.level(Item(1, Sku("MUG")), BOLOGNA, Decimal(on_hand), moves, as_of=NOW)


def tills(*positions: int, unreadable: int = 0) -> Answer[int]:
    rejected = (RejectedRow("9", "unreadable"),) * unreadable
    return Answer(rows=positions, as_of=NOW, rejected=rejected)


def test_what_leaves_is_reserved_what_enters_is_incoming_and_what_stays_is_neither() -> None:
    level = a_level(
        "16",
        a_move("3", INSIDE, ELSEWHERE),
        a_move("3", INSIDE, INSIDE - 2),
        a_move("2", INSIDE, ELSEWHERE, date(2020, 1, 31)),
        a_move("40", ELSEWHERE, INSIDE, date(2026, 5, 6)),
        a_move("9", ELSEWHERE, ELSEWHERE + 1),
    )

    wednesday_is_over = datetime(2026, 5, 7, tzinfo=UTC)
    assert level == StockLevel(
        sku=Sku("MUG"),
        location=LocationCode("WH-BLQ"),
        on_hand=16,
        reserved=5,
        incoming=(IncomingSupply(quantity=40, expected_at=wednesday_is_over),),
        as_of=NOW,
    )


def test_parts_of_a_unit_are_never_for_sale_and_noise_of_floats_is_no_part() -> None:
    thirds = [a_move("0.1", INSIDE, ELSEWHERE), a_move("0.2", INSIDE, ELSEWHERE)]

    assert a_level("2.9", *thirds).on_hand == 2
    assert a_level("2.9", *thirds).reserved == 1
    assert a_level("2.9999999999999996").on_hand == 3
    assert a_level("1", a_move("2.0000000000000004", INSIDE, ELSEWHERE)).reserved == 2
    assert a_level("-0.5").on_hand == -1


def test_incoming_supplies_are_added_up_by_day_and_those_without_a_day_come_last() -> None:
    level = a_level(
        "0",
        a_move("1", ELSEWHERE, INSIDE),
        a_move("2.5", ELSEWHERE, INSIDE, date(2026, 6, 2)),
        a_move("4", ELSEWHERE, INSIDE, date(2026, 6, 1)),
        a_move("8.5", ELSEWHERE, INSIDE, date(2026, 6, 2)),
        a_move("0.5", ELSEWHERE, INSIDE, date(2026, 7, 1)),
    )

    assert level.incoming == (
        IncomingSupply(quantity=4, expected_at=datetime(2026, 6, 2, tzinfo=UTC)),
        IncomingSupply(quantity=11, expected_at=datetime(2026, 6, 3, tzinfo=UTC)),
        IncomingSupply(quantity=1, expected_at=None),
    )


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ({}, "WH-BLQ"),
        ({"WH-BLQ": "DC-1"}, "DC-1"),
        ({"Bologna": "DC-2"}, "DC-2"),
        ({"5": "DC-3"}, "DC-3"),
        ({"Lyon": "DC-4"}, "WH-BLQ"),
    ],
)
def test_a_warehouse_is_known_by_its_code_name_or_id(names: dict[str, str], code: str) -> None:
    row = recorded_rows("stock.location")[0]
    ours = {theirs: LocationCode(own) for theirs, own in names.items()}

    assert mapping.location_code(row, ours) == code


def test_a_warehouse_without_a_code_keeps_its_name() -> None:
    row = {**recorded_rows("stock.location")[0], "code": None}

    assert mapping.location_code(row, {}) == "Bologna"


def test_a_recorded_warehouse_becomes_a_location() -> None:
    row = recorded_rows("stock.location")[0]
    address = {
        **row["address."],
        "street": "Via Emilia 1\n\nScala B",
        "country.": {"id": 1, "code": "IT"},
        "subdivision.": {"id": 2, "name": "Emilia-Romagna"},
    }
    more = {**row, "address.": address, "allow_pickup": True}

    assert mapping.location(more, "DC-1", tills()) == Location(
        code=LocationCode("DC-1"),
        name="Bologna",
        kind=LocationKind.WAREHOUSE,
        address=Address(
            lines=("Via Emilia 1", "Scala B"),
            postal_code="40131",
            city="Bologna",
            region="Emilia-Romagna",
            country=CountryCode("IT"),
        ),
        services=frozenset({LocationService.PICKUP}),
    )


def test_a_location_is_a_store_when_a_till_stands_in_it_and_unknown_when_tills_are() -> None:
    row = recorded_rows("stock.location")[0]

    assert mapping.location(row, "DC-1", tills(row["left"])).kind is LocationKind.STORE
    assert mapping.location(row, "DC-1", tills(row["right"] + 1)).kind is LocationKind.WAREHOUSE
    assert mapping.location(row, "DC-1").kind is None
    with pytest.raises(ValueError, match="a till cannot be read"):
        mapping.location(row, "DC-1", tills(unreadable=1))


def test_a_recorded_move_keeps_its_day() -> None:
    rows = {row["product"]: mapping.move(row) for row in recorded_rows("stock.move")}

    delivery = rows[7]
    assert (delivery.quantity, delivery.planned) == (Decimal("100.0"), date(2038, 3, 1))


def test_a_price_is_exact_and_one_that_is_missing_is_none() -> None:
    row = recorded_rows("product.product")[2]
    net, gross = (
        mapping.price(row, "TRAIL-44", field, EUR, as_of=NOW)
        for field in ("list_price_used", "gross_price_used")
    )

    taxless = Price(
        sku=Sku("TRAIL-44"), amount=Money(Decimal("104.50"), EUR), tax_included=False, as_of=NOW
    )
    assert net == taxless
    assert gross is not None
    assert (gross.amount.amount, gross.tax_included) == (Decimal("127.49"), True)
    unpriced = {**row, "list_price_used": None}
    assert mapping.price(unpriced, "TRAIL-44", "list_price_used", EUR, as_of=NOW) is None


def a_product(**changed: Any) -> Product:
    row = {**recorded_rows("product.template")[0], **changed}
    return product_mapping.product({Locale("en"): row})


def test_a_product_without_a_code_is_addressed_by_its_id() -> None:
    assert (a_product(code=None).handle, a_product(code="RUNNER").handle) == ("1", "RUNNER")


def test_the_latest_change_of_a_product_or_a_variant_counts_and_creation_when_none_was() -> None:
    day = {"__class__": "datetime", "month": 5, "day": 4, "hour": 0, "minute": 0, "second": 0}
    created, changed = ({**day, "year": year, "microsecond": 0} for year in (2030, 2031))
    variants = recorded_rows("product.template")[0]["products."]
    first = {**variants[0], "write_date": changed}
    unchanged = [{**one, "write_date": None, "create_date": created} for one in variants]

    told = a_product(write_date=None, create_date=created, **{"products.": unchanged})
    told_later = a_product(**{"products.": [first]})

    assert told.updated_at == datetime(2030, 5, 4, tzinfo=UTC)
    assert told_later.updated_at == datetime(2031, 5, 4, tzinfo=UTC)


def test_brand_and_gtin_are_identifiers_and_what_is_no_gtin_is_left_out() -> None:
    variant = recorded_rows("product.template")[0]["products."][0]
    short = {"id": 90, "type": "ean", "code": "12345"}
    brand = {"id": 91, "type": "brand", "code": "Vetta"}
    changed = {**variant, "identifiers.": [brand, short]}

    product = a_product(**{"products.": [changed]})

    assert (product.brand, product.variants[0].gtin) == ("Vetta", None)


def test_categories_come_in_every_language() -> None:
    english, italian = (recorded_rows("product.template", number)[0] for number in (0, 1))

    product = product_mapping.product(
        {
            Locale("en"): {**english, "categories.": [{"id": 4, "name": "Shoes"}]},
            Locale("it"): {**italian, "categories.": [{"id": 4, "name": "Scarpe"}]},
        }
    )

    (category,) = product.categories
    assert (category.id, category.handle) == ("4", "4")
    assert category.name == Texts({"en": "Shoes", "it": "Scarpe"})


def test_languages_of_tryton_are_written_as_language_tags() -> None:
    assert product_mapping.locale("pt_BR") == "pt-BR"


READERS: dict[str, Callable[[Any], object]] = {
    "stock.location": lambda row: mapping.location(row, "X", tills()),
    "sale.point": mapping.till_position,
    "product.product": lambda row: mapping.price(row, "X", "list_price_used", EUR, as_of=NOW),
    "stock.move": mapping.move,
    "company.company": mapping.company_currency,
    "product.template": lambda row: product_mapping.product({Locale("en"): row}),
}


@given(model=st.sampled_from(sorted(READERS)), field=st.integers(min_value=0), rubbish=json)
def test_a_malformed_row_is_mapped_or_refused_but_never_breaks_the_reader(
    model: str, field: int, rubbish: Any
) -> None:
    row = recorded_rows(model)[0]
    names = sorted(row)
    spoiled = {**row, names[field % len(names)]: rubbish}

    for candidate in (spoiled, rubbish):
        try:
            READERS[model](candidate)
        except MALFORMED:
            continue


@given(
    on_hand=st.decimals(-1000, 1000, places=3),
    moves=st.lists(st.tuples(st.decimals(0, 100, places=3), st.booleans()), max_size=5),
)
def test_whole_units_never_promise_more_than_there_is(
    on_hand: Decimal, moves: list[tuple[Decimal, bool]]
) -> None:
    ways = {True: (INSIDE, ELSEWHERE), False: (ELSEWHERE, INSIDE)}

    level = a_level(str(on_hand), *(a_move(str(much), *ways[out]) for much, out in moves))

    leaving = sum((much for much, out in moves if out), Decimal())
    arriving = sum((much for much, out in moves if not out), Decimal())
    assert level.on_hand <= on_hand < level.on_hand + 1
    assert leaving <= level.reserved < leaving + 1
    assert sum(one.quantity for one in level.incoming) <= arriving
