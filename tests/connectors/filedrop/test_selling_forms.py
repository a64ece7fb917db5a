"""What we write our strict readers read back, and what partners write is taken whole or not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.filedrop.documents import Answer, Cancellation, Mistake, Unreadable
from connectors.filedrop.offering import Wanted, fault
from connectors.filedrop.reading import answers_of, listing, sales_of, stock_of, word, written
from connectors.filedrop.selling import (
    Acceptance,
    Despatch,
    Offered,
    Packed,
    Publication,
    SaleLine,
    Withdrawal,
    amount,
    is_gtin,
)
from connectors.filedrop.selling_settings import Listings
from connectors.filedrop.settings import Orders, Stock
from tests.connectors.filedrop.orders import an_order_document
from tests.connectors.filedrop.selling import HEADER, a_sale, gone, row, sales_settings, table

FORMS = ("csv", "edifact", "gs1")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
WIDE = {"delimiter": ";", "decimal": ","}
MOST = 100_000


def listings(form: str, **changes: Any) -> Listings:
    return Listings.model_validate({"format": form, "table": WIDE, **changes})


def stock(form: str, **changes: Any) -> Stock:
    columns = {"sku": "sku", "on_hand": "quantity", "place": "place", "as_of": "as_of"}
    told = {"format": form, "full": ["*"], "columns": columns, "table": WIDE}
    return Stock.model_validate({**told, "numbered_by": "supplier", **changes})


figures = st.dictionaries(
    st.text(min_size=1, max_size=40), st.integers(0, 10**9), min_size=1, max_size=12
)
moments = st.integers(0, 10**6).map(lambda minutes: AT - timedelta(minutes=minutes))


@pytest.mark.parametrize("form", FORMS)
@given(figures=figures, at=moments, number=st.integers(1, 10**9))
def test_what_we_say_we_have_is_read_back_as_it_is(
    form: str, figures: dict[str, int], at: datetime, number: int
) -> None:
    terms = listings(form)
    good = {sku: n for sku, n in figures.items() if fault(Wanted(sku=sku), terms) is None}
    offers = tuple(Offered(sku=sku, quantity=units, as_of=at) for sku, units in good.items())
    told = Publication(number=number, full=True, at=at, offers=offers)
    if not offers:
        return

    found = stock_of(listing(told, terms), stock(form), most=MOST)

    assert {one.sku: one.on_hand for one in found.levels} == good
    assert {one.place for one in found.levels} == {"TESSERA"}
    assert (found.as_of, found.mistakes) == (at, ())
    assert found.sequence == (number if form == "edifact" else 0)


@pytest.mark.parametrize("form", FORMS)
def test_bar_codes_are_told_as_such(form: str) -> None:
    terms = listings(form, numbered_by="gtin")
    offer = Offered(sku="4006381333931", quantity=4, as_of=AT)

    data = listing(Publication(number=1, full=False, at=AT, offers=(offer,)), terms)

    by_code = stock(form, numbered_by="gtin")
    assert [one.sku for one in stock_of(data, by_code, most=MOST).levels] == ["4006381333931"]


def test_a_table_has_the_headers_and_the_decimal_mark_that_were_agreed() -> None:
    columns = {"sku": "Artikel", "quantity": "Bestand", "price": "Preis", "currency": "Währung"}
    offers = (
        Offered(sku="MUG", quantity=4, price="9.90", currency="EUR", as_of=AT),
        Offered(sku="ROPE", price="1200", currency="EUR", as_of=AT),
        Offered(sku="TENT", quantity=0, as_of=AT),
    )
    told = Publication(number=1, full=False, at=AT, offers=offers)

    data = listing(told, listings("csv", columns=columns))

    lines = ["Artikel;Bestand;Preis;Währung", "MUG;4;9,90;EUR", "ROPE;;1200;EUR", "TENT;0;;"]
    assert data.decode() == "".join(f"{line}\r\n" for line in lines)


@pytest.mark.parametrize(
    ("form", "wanted", "why"),
    [
        ("csv", Wanted(sku="MUG", quantity=3, price="1"), None),
        ("csv", Wanted(sku="MUG", quantity=-1), "QUANTITY_BELOW_ZERO"),
        ("csv", Wanted(sku="=MUG()", quantity=1), "SKU_NOT_WRITABLE"),
        ("csv", Wanted(sku="A  B", quantity=1), "SKU_NOT_WRITABLE"),
        ("csv", Wanted(sku="A" * 101, quantity=1), "SKU_TOO_LONG"),
        ("edifact", Wanted(sku="A" * 36, quantity=1), "SKU_TOO_LONG"),
        ("edifact", Wanted(sku="Ж1", quantity=1), "SKU_NOT_IN_ENCODING"),
        ("gs1", Wanted(sku="Ж1", quantity=1), None),
        ("edifact", Wanted(sku="MUG", quantity=1, price="1"), "NO_PRICE_IN_FORM"),
        ("gs1", Wanted(sku="MUG", price="1"), "NO_PRICE_IN_FORM"),
    ],
)
def test_what_a_form_cannot_say_is_refused(form: str, wanted: Wanted, why: str | None) -> None:
    assert fault(wanted, listings(form)) == why


@pytest.mark.parametrize("said", ["4006381333931", "4012345000016", "96385074", "036000291452"])
def test_a_bar_code_has_a_check_digit(said: str) -> None:
    wrong = said[:-1] + str((int(said[-1]) + 1) % 10)

    assert is_gtin(said)
    assert not is_gtin(wrong)
    assert fault(Wanted(sku=wrong), listings("csv", numbered_by="gtin")) == "NOT_A_GTIN"


texts = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S"]), min_size=1)
skus = st.text("ABC-0189", min_size=1, max_size=20)
money = st.decimals(0, 10**6, places=2).map(lambda one: f"{one:f}")
sold_lines = st.lists(st.tuples(skus, st.integers(1, 99), money), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["edifact", "gs1"])
@given(name=texts.map(lambda one: one[:60]), lines=sold_lines, total=money, minutes=moments)
def test_an_order_as_we_write_it_is_an_order_that_we_read(
    form: str, name: str, lines: list[tuple[str, int, str]], total: str, minutes: datetime
) -> None:
    orders = Orders.model_validate({"format": form, "accepted_by": "delivery"})
    document = an_order_document(
        "F-1",
        name=name,
        total=total,
        placed_at=minutes,
        lines=tuple(
            replace(an_order_document().lines[0], sku=sku, quantity=units, unit_price=price)
            for sku, units, price in lines
        ),
    )

    found = sales_of(
        written(document, orders), sales_settings(form, numbered_by="buyer"), most=MOST
    )

    (sale,) = found.sales
    assert sale == a_sale(
        placed_at=minutes,
        lines=tuple(
            SaleLine(f"{count}", sku, units, price, "19.80")
            for count, (sku, units, price) in enumerate(lines, 1)
        ),
        total=total,
        buyer=name,
        email="zofia@example.org",
        name=name,
        address=("Größe Gasse 5",),
        postal_code="10115",
        city="Berlin",
        country="DE",
        deliver_by=document.due_by,
    )
    assert (found.as_of, found.mistakes) == (minutes, ())


@pytest.mark.parametrize("form", ["edifact", "gs1"])
def test_a_cancellation_as_we_write_it_is_one_that_we_read(form: str) -> None:
    orders = Orders.model_validate({"format": form, "accepted_by": "delivery"})
    data = written(Cancellation(number="F-1.C", of="F-1", told_at=AT), orders)

    assert sales_of(data, sales_settings(form), most=MOST).sales == (Withdrawal(number="F-1"),)


keys = st.text("ABC-0189", min_size=1, max_size=35)
packed = st.dictionaries(st.integers(1, 99).map(str), st.integers(1, 99), min_size=1, max_size=5)


@pytest.mark.parametrize("form", ["edifact", "gs1"])
@given(key=keys, order=keys, units=packed, tracking=texts)
def test_our_words_are_answers_that_we_read(
    form: str, key: str, order: str, units: dict[str, int], tracking: str
) -> None:
    terms = sales_settings(form)
    orders = Orders.model_validate({"format": form, "answers": ["*"]})
    despatch = Despatch(
        number=key,
        of=order,
        told_at=AT,
        lines=tuple(Packed(line, "MUG", count) for line, count in units.items()),
        carrier="DHL",
        carrier_name="",
        service="",
        tracking=tracking,
        shipped_at=AT,
    )

    yes = answers_of(word(Acceptance(number=key, of=order, told_at=AT), terms), orders, most=MOST)
    left = answers_of(word(despatch, terms), orders, most=MOST)

    assert yes.answers == (Answer(order, "ACCEPTED", key),)
    assert left.answers == (Answer(order, "COMPLETED", key, sum(units.values())),)


def test_words_are_tables_and_no_formulas() -> None:
    terms = sales_settings("csv")
    despatch = Despatch(
        number="P-1",
        of="F-1",
        told_at=AT,
        lines=(Packed("1", "MUG", 2), Packed("2", "ROPE", 1)),
        carrier="DHL",
        carrier_name="=cmd()",
        service="",
        tracking="0034",
        shipped_at=AT,
    )

    yes = word(Acceptance(number="A-1", of="F-1", told_at=AT), terms).decode().splitlines()
    left = word(despatch, terms).decode().splitlines()

    at = "2026-11-20T12:00:00+00:00"
    assert yes[1:] == [f"ACCEPT,A-1,F-1,,,,,,,,,{at}"]
    assert left[1:] == [
        f"DESPATCH,P-1,F-1,1,MUG,2,DHL,'=cmd(),,0034,{at},{at}",
        f"DESPATCH,P-1,F-1,2,ROPE,1,DHL,'=cmd(),,0034,{at},{at}",
    ]


@pytest.mark.parametrize("number", ["A-1", "F-1"])
def test_a_number_that_edifact_cannot_say_is_refused(number: str) -> None:
    told = Acceptance(number="A-1", of="F-1", told_at=AT)
    told = replace(told, number="N" * 36) if number == "A-1" else replace(told, of="N" * 36)

    with pytest.raises(ValueError, match="at most 35 characters"):
        word(told, sales_settings("edifact"))


def read_table(*rows: str) -> Any:
    return sales_of(table(*rows).encode(), sales_settings("csv"), most=MOST)


def test_a_table_holds_orders_cancellations_and_lines_that_are_not_wanted() -> None:
    found = read_table(
        row("F-1", by="2026-11-22T17:00Z"),
        row("F-2", "ROPE", 1, line="1", state="unpaid"),
        row("F-2", "MUG", 3, line="2", state="unpaid"),
        gone("F-3"),
        gone("F-4", "MUG"),
        row("F-5", "MUG", 1),
        gone("F-5", "ROPE", "2026-11-20T10:30Z"),
    )

    ship_by = datetime(2026, 11, 22, 17, tzinfo=UTC)
    one = SaleLine("1", "ROPE", 1, "9.90")
    two = SaleLine("2", "MUG", 3, "9.90")
    five = (SaleLine("MUG", "MUG", 1, "9.90"), SaleLine("ROPE", "ROPE", 0, "9.90", cancelled=True))
    assert found.sales == (
        a_sale(ship_by=ship_by),
        a_sale("F-2", lines=(one, two), state="PENDING"),
        Withdrawal(number="F-3"),
        Withdrawal(number="F-4", lines=frozenset({"MUG"})),
        a_sale("F-5", lines=five),
    )
    assert found.as_of == datetime(2026, 11, 20, 11, tzinfo=UTC)
    assert found.mistakes == ()


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        ([row("")], "line 2, column 1: number is empty"),
        ([row("N" * 81)], "line 2, column 1: number is longer than 80 characters"),
        ([row("F-1", "")], "line 2, column 3: sku is empty"),
        ([row("F-1", units="0")], "line 2, column 4: quantity is not one or more"),
        ([row("F-1", units="1.5")], "line 2, column 4: quantity is not a number of whole units"),
        ([row("F-1", price="-9.90")], "line 2, column 5: unit_price is not an amount"),
        ([row("F-1", price="NaN")], "line 2, column 5: unit_price is not an amount"),
        ([row("F-1", paid="1e9")], "line 2, column 6: total is not an amount"),
        ([row("F-1", state="maybe")], "line 2, column 7: state is a word that is not known"),
        ([row("F-1", ordered="today")], "line 2, column 8: placed_at is not a time"),
        ([row("F-1", country="Italy")], "line 2, column 16: country is no country"),
        ([row("F-1", name="N" * 301)], "line 2, column 12: name is too long"),
        ([row("F-1"), row("F-1")], "line 2, column 1: has two lines of one name"),
        (
            [row("F-1"), row("F-1", "ROPE", city="Roma")],
            "line 3, column 1: told before with other words",
        ),
        ([row("F-1"), gone("F-1")], "line 2, column 1: is an order and its cancellation"),
        (["F-1,MUG"], "line 2, column 2: 2 cells, the header has 17"),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_place(rows: list[str], mistake: str) -> None:
    assert [str(one) for one in read_table(*rows).mistakes] == [mistake]


def interchange(*segments: str, kind: str = "ORDERS:D:96A:UN:EAN008") -> bytes:
    text = f"UNB+UNOC:3+P+US+261120:1000+7'\nUNH+1+{kind}'\n"
    text += "".join(f"{one}'\n" for one in segments)
    return f"{text}UNT+{len(segments) + 2}+1'\nUNZ+1+7'\n".encode("latin-1")


HEAD = ("BGM+220+F-1+9", "DTM+137:202611201000:203", "NAD+DP+++Grace+Via 1+Milano++20121+IT")
LINE = ("LIN+1", "PIA+5+MUG:SA", "QTY+21:2", "PRI+AAA:9.90")


@pytest.mark.parametrize(
    ("segments", "mistake"),
    [
        ((HEAD[0].replace("+9", "+4"), *HEAD[1:]), "line 3, column 1: BGM: is neither an order"),
        ((*HEAD, *LINE), "line 3, column 1: BGM: says no currency (CUX)"),
        ((*HEAD, "CUX+2:eur:9", *LINE), "line 6, column 1: CUX: the currency is no currency"),
        ((*HEAD, "CUX+2:EUR:9"), "line 3, column 1: BGM: has no lines"),
        ((*HEAD, "CUX+2:EUR:9", *LINE[:2]), "line 7, column 1: LIN: has not exactly one quantity"),
        (
            (*HEAD, "CUX+2:EUR:9", *LINE[:2], "QTY+21:0"),
            "line 9, column 1: QTY: the quantity is not one or more",
        ),
        (
            (*HEAD, "CUX+2:EUR:9", *LINE[:3], "PRI+AAA:x"),
            "line 10, column 1: PRI: the amount is not an amount",
        ),
        (
            (*HEAD, "CUX+2:EUR:9", "LIN+1", "PIA+5+MUG:IN", "QTY+21:1"),
            "line 7, column 1: LIN: has no article number of the supplier",
        ),
        ((*HEAD, "CUX+2:EUR:9", *LINE, *LINE), "line 3, column 1: BGM: has two lines of one name"),
    ],
)
def test_an_interchange_that_is_wrong_is_told_with_its_place(
    segments: tuple[str, ...], mistake: str
) -> None:
    found = sales_of(interchange(*segments), sales_settings("edifact"), most=MOST)

    (told,) = found.mistakes
    assert str(told).startswith(mistake)
    assert found.sales == ()


@pytest.mark.parametrize(
    ("segments", "told"),
    [
        (("BGM+230+C-1+1",), Withdrawal(number="F-1")),
        (("BGM+230+C-1+4",), "changes nothing of the order"),
        (("BGM+230+C-1+4", "LIN+2+2"), Withdrawal(number="F-1", lines=frozenset({"2"}))),
        (("BGM+230+C-1+4", "LIN+2+3"), "changes a line; only whole lines may be cancelled"),
    ],
)
def test_a_change_of_an_order_cancels_it_or_lines_of_it(
    segments: tuple[str, ...], told: Withdrawal | str
) -> None:
    begin, *lines = segments
    inside = (begin, "DTM+137:202611201000:203", "RFF+ON:F-1", *lines)
    data = interchange(*inside, kind="ORDCHG:D:96A:UN:EAN007")

    found = sales_of(data, sales_settings("edifact"), most=MOST)

    if isinstance(told, Withdrawal):
        assert found.sales == (told,)
    else:
        assert [told in str(one) for one in found.mistakes] == [True]


ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><orderMessage>&e;</orderMessage>'


@pytest.mark.parametrize(
    ("form", "data", "mistake"),
    [
        ("gs1", ENTITY, "line 1, column 1: has a document type, which is not taken"),
        ("gs1", b"<orderMessage/>", "line 1, column 1: orderMessage: holds no order"),
        ("gs1", b"<despatchAdviceMessage/>", "despatchAdviceMessage: is no orderMessage"),
        ("gs1", b"", "line 1, column 1: the file is empty"),
        ("edifact", interchange(*HEAD)[:-9], "the interchange ends too early"),
        ("edifact", interchange(*HEAD, kind="INVRPT:D"), "UNH: is neither ORDERS nor ORDCHG"),
        ("csv", b"number\n", "line 1, column 1: the header has no column for line"),
        ("csv", f"{HEADER}\n\xe4".encode("latin-1"), "line 2, column 1: is not utf-8"),
    ],
)
def test_a_file_that_is_no_list_of_orders_is_refused(form: str, data: bytes, mistake: str) -> None:
    def read() -> tuple[Mistake, ...]:
        return sales_of(data, sales_settings(form), most=MOST).mistakes

    assert mistake in str(_told(read)[0])


def _told(read: Callable[[], tuple[Mistake, ...]]) -> tuple[Mistake, ...]:
    try:
        return read()
    except Unreadable as unreadable:
        return unreadable.mistakes


def order_message(action: str, inside: str = "") -> bytes:
    return (
        "<orderMessage><order><creationDateTime>2026-11-20T10:00:00Z</creationDateTime>"
        f"<documentActionCode>{action}</documentActionCode><orderIdentification>"
        "<entityIdentification>F-1</entityIdentification></orderIdentification>"
        f"{inside}</order></orderMessage>"
    ).encode()


ITEM = (
    "<orderLineItem><lineItemNumber>1</lineItemNumber><requestedQuantity>{units}"
    '</requestedQuantity><netPrice currencyCode="{currency}">{price}</netPrice>'
    "<transactionalTradeItem><additionalTradeItemIdentification "
    'additionalTradeItemIdentificationTypeCode="SUPPLIER_ASSIGNED">MUG'
    "</additionalTradeItemIdentification></transactionalTradeItem></orderLineItem>"
)


@pytest.mark.parametrize(
    ("data", "mistake"),
    [
        (order_message("PARTIAL_CHANGE"), "order: is neither a whole order nor a cancellation"),
        (
            order_message("ADD", ITEM.format(units=2, currency="", price="1")),
            "order: says no currency",
        ),
        (
            order_message("ADD", ITEM.format(units=0, currency="EUR", price="1")),
            "requestedQuantity is not one or more",
        ),
        (
            order_message("ADD", ITEM.format(units=2, currency="EUR", price="1,0")),
            "netPrice is not an amount",
        ),
        (
            order_message(
                "ADD",
                ITEM.format(units=2, currency="EUR", price="1")
                + ITEM.format(units=2, currency="USD", price="1"),
            ),
            "has amounts in several currencies",
        ),
    ],
)
def test_a_message_that_is_wrong_is_told_with_its_place(data: bytes, mistake: str) -> None:
    found = sales_of(data, sales_settings("gs1"), most=MOST)

    assert [mistake in str(one) for one in found.mistakes] == [True]
    assert found.sales == ()


def test_a_message_cancels_the_order_that_it_is_about() -> None:
    found = sales_of(order_message("DELETE"), sales_settings("gs1"), most=MOST)

    assert found.sales == (Withdrawal(number="F-1"),)


@given(st.decimals(0, 10**9, places=4))
def test_an_amount_is_kept_to_the_last_digit(value: Any) -> None:
    assert amount(f"{value:f}") == f"{value:f}"
    assert amount(f" {value:f} ".replace(".", ","), ",") == f"{value:f}"


@given(st.text(max_size=8))
def test_whatever_is_no_amount_is_refused(said: str) -> None:
    digits = said.strip().replace(".", "", 1)
    if digits.isascii() and digits.isdigit():
        return
    with pytest.raises(ValueError, match=r"is not an amount|too large"):
        amount(said)
