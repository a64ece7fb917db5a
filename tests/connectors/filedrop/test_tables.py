"""Tables are read in the partner's dialect, and mistakes say where they are."""

from datetime import UTC, datetime

import pytest

from connectors.filedrop.documents import Answer, Cancellation, Level, Mistake, Unreadable
from connectors.filedrop.settings import Orders, Stock
from connectors.filedrop.tables import read_answers, read_stock, write_order
from tests.connectors.filedrop.orders import an_order_document

GERMAN = Stock.model_validate(
    {
        "full": ["*.csv"],
        "columns": {"sku": "Artikel", "on_hand": "Bestand", "place": "Lager", "as_of": "Stand"},
        "table": {"delimiter": ";", "decimal": ",", "encoding": "windows-1252"},
        "dates": {"zone": "Europe/Berlin", "format": "%d.%m.%Y %H:%M"},
    }
)
PLAIN = Stock.model_validate(
    {
        "full": ["*"],
        "columns": {"sku": "sku", "on_hand": "units"},
        "place": "P1",
        "dates": {"by": "modified"},
    }
)
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def mistakes_of(data: bytes, stock: Stock = PLAIN, most: int = 100) -> tuple[Mistake, ...]:
    with pytest.raises(Unreadable) as raised:
        read_stock(data, stock, most=most)
    return raised.value.mistakes


def test_a_table_in_another_language_encoding_and_zone_is_read() -> None:
    text = 'Lager;Artikel;Name;Bestand;Stand\r\nKöln;"A;1";Tür;1,00;20.11.2026 11:00\r\n'

    found = read_stock(text.encode("windows-1252"), GERMAN, most=10)

    assert found.levels == (Level("A;1", "Köln", 1, as_of=TEN),)
    assert (found.as_of, found.mistakes) == (TEN, ())


def test_a_mark_of_byte_order_is_no_part_of_the_first_header() -> None:
    found = read_stock(b"\xef\xbb\xbfsku,units\nA,4\n", PLAIN, most=10)

    assert found.levels == (Level("A", "P1", 4),)


@pytest.mark.parametrize(
    ("said", "units"), [("4", 4), ("+4", 4), ("-4", -4), (" 4 ", 4), ("4.000", 4), ("0", 0)]
)
def test_whole_units_are_read(said: str, units: int) -> None:
    found = read_stock(f"sku,units\nA,{said}\n".encode(), PLAIN, most=10)

    assert found.levels == (Level("A", "P1", units),)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("", "is not a whole number"),
        ("4.5", "is not a number of whole units"),
        ("4.", "is not a whole number"),
        ('"4,0"', "is not a whole number"),
        ("1e3", "is not a whole number"),
        ("٤", "is not a whole number"),
        ("NaN", "is not a whole number"),
        ("9999999999999", "is too large a number"),
    ],
)
def test_anything_else_is_a_mistake_with_its_place(said: str, wrong: str) -> None:
    found = read_stock(f"sku,units\nA,{said}\nB,1\n".encode(), PLAIN, most=10)

    assert found.levels == (Level("B", "P1", 1),)
    assert found.mistakes == (Mistake(2, 2, f"on_hand {wrong}", "A"),)


def test_lines_are_those_of_the_file_also_after_a_cell_of_two_lines() -> None:
    found = read_stock(b'sku,units,note\nA,1,"two\nlines"\nB,x,\n', PLAIN, most=10)

    assert found.mistakes == (Mistake(4, 2, "on_hand is not a whole number", "B"),)


def test_a_row_of_another_width_is_a_mistake_and_an_empty_one_is_none() -> None:
    found = read_stock(b"sku,units\nA,1\n\nB\nC,1,2\n", PLAIN, most=10)

    assert [level.sku for level in found.levels] == ["A"]
    assert [str(one) for one in found.mistakes] == [
        "line 4, column 1: 1 cells, the header has 2",
        "line 5, column 3: 3 cells, the header has 2",
    ]


def test_the_same_twice_counts_once_and_two_figures_for_one_are_none() -> None:
    found = read_stock(b"sku,units\nA,1\nB,1\nA,1\nB,2\n", PLAIN, most=10)

    assert found.levels == (Level("A", "P1", 1),)
    assert found.mistakes == (Mistake(5, 1, "told before with other figures", "B"),)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "line 1, column 1: the file is empty"),
        (b" \n\n", "line 1, column 1: the file is empty"),
        (b"sku,pieces\nA,1\n", "line 1, column 1: the header has no column for on_hand"),
        (b"sku,units,sku\nA,1,B\n", "line 1, column 1: two for sku"),
        (b"sku,units\nA,1\n\xff,2\n", "line 3, column 1: is not utf-8"),
        (b"sku,units\nA,\x001\n", "line 2, column 1: holds a NUL"),
        (b'sku,units\nA,"1\nB,2\n', "line 2, column 1: is not CSV: unexpected end of data"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(data: bytes, wrong: str) -> None:
    assert [str(one) for one in mistakes_of(data)] == [wrong]


def test_a_file_of_too_many_rows_is_refused_without_being_read_to_its_end() -> None:
    data = b"sku,units\n" + b"A,1\n" * 4 + b'"never closed'

    assert mistakes_of(data, most=3) == (Mistake(5, 1, "more than 3 rows"),)


def test_a_time_that_no_clock_of_the_zone_showed_is_a_mistake() -> None:
    text = "Lager;Artikel;Bestand;Stand\nK;A;1;29.03.2026 02:30\n"

    found = read_stock(text.encode(), GERMAN, most=10)

    wrong = "as_of is a time that was left out when clocks went forward"
    assert found.mistakes == (Mistake(2, 4, wrong, "A"),)


ORDERS = Orders.model_validate(
    {
        "answers": ["*"],
        "columns": {"number": "nr", "state": "said", "reference": "ours"},
        "states": {"ok": "ACCEPTED"},
        "dates": {"by": "modified"},
        "table": {"delimiter": ";"},
    }
)


def test_answers_are_read_and_a_word_nobody_agreed_on_is_a_mistake() -> None:
    found = read_answers(b"nr;said;ours\nT-1;ok;77\nT-2;perhaps;\nT-3;ok;\n", ORDERS, most=10)

    assert found.answers == (Answer("T-1", "ACCEPTED", "77"), Answer("T-3", "ACCEPTED"))
    assert found.mistakes == (Mistake(3, 2, "state is a word that is not known", "T-2"),)


def test_an_order_is_a_row_for_each_line_and_no_formula() -> None:
    document = an_order_document(name='=HYPERLINK("x")', phone="+4915112345678")

    header, first, second = write_order(document, ORDERS).decode().splitlines()

    assert header.split(";")[:3] == ["action", "number", "of"]
    assert first == (
        "ORDER;T-1;;2026-11-20T09:15:00+00:00;2026-11-22T17:00:00+00:00;SHIP_TO_HOME;MUG;P1;2;"
        '9.90;19.80;4.90;48.70;EUR;"\'=HYPERLINK(""x"")";zofia@example.org;+4915112345678;'
        "Größe Gasse 5;10115;Berlin;;DE"
    )
    assert second.split(";")[6:11] == ["ROPE", "P2", "1", "24.00", "24.00"]


def test_a_letter_that_the_encoding_lacks_loses_its_marks() -> None:
    latin = ORDERS.model_copy(
        update={"table": ORDERS.table.model_copy(update={"encoding": "latin-1"})}
    )

    text = write_order(an_order_document(name="Žofia Größe 中"), latin).decode("latin-1")

    assert ";Zofia Größe ?;" in text


def test_a_cancellation_names_its_order() -> None:
    cancellation = Cancellation(number="T-1.C", of="T-1", told_at=TEN)

    _, row = write_order(cancellation, ORDERS).decode().splitlines()

    assert row.split(";")[:4] == ["CANCEL", "T-1.C", "T-1", "2026-11-20T10:00:00+00:00"]
