"""EDIFACT is read strictly, and what is written is read back by the same rules."""

from datetime import UTC, datetime

import pytest

from connectors.filedrop.documents import Answer, Cancellation, Level, Unreadable
from connectors.filedrop.edifact import interchange
from connectors.filedrop.edifact_orders import read_answers, write_order
from connectors.filedrop.edifact_stock import read_stock
from connectors.filedrop.settings import Orders, Stock
from tests.connectors.filedrop.orders import an_order_document

STOCK = Stock.model_validate({"format": "edifact", "full": ["*"], "dates": {"zone": "Europe/Rome"}})
ORDERS = Orders.model_validate({"format": "edifact", "answers": ["*"]})
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def wrapped(kind: str, *inside: str, una: str = "", charset: str = "UNOC") -> str:
    segments = [
        f"UNB+{charset}:3+PARTNER:14+US:14+261120:1000+42",
        f"UNH+1+{kind}:D:96A:UN",
        *inside,
        f"UNT+{len(inside) + 2}+1",
        "UNZ+1+42",
    ]
    return una + "".join(f"{one}'\n" for one in segments)


def report(*inside: str, **options: str) -> bytes:
    return wrapped("INVRPT", "BGM+35+R1+9", "DTM+137:202611201100:203", *inside, **options).encode()


def wrong(data: bytes | str) -> str:
    with pytest.raises(Unreadable) as raised:
        interchange(data if isinstance(data, bytes) else data.encode(), most=100)
    return str(raised.value)


WHOLE = report("LIN+1++4000001:EN", "QTY+145:4").decode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", "line 1, column 1: the file is empty"),
        ("ISA*00*", "line 1, column 1: does not begin as an interchange does (UNA or UNB)"),
        (WHOLE[: WHOLE.index("QTY")], "line 6, column 1: the interchange ends too early"),
        (WHOLE[: WHOLE.index("QTY") + 6], "line 6, column 1: the last segment has no end"),
        (WHOLE[: WHOLE.index("UNZ")], "line 8, column 1: the interchange ends too early"),
        (WHOLE.replace("UNT+6", "UNT+7"), "line 7, column 1: UNT: counts another number of"),
        (WHOLE.replace("UNT+6+1", "UNT+6+2"), "UNT: its reference is not that of UNH"),
        (WHOLE.replace("UNZ+1", "UNZ+2"), "UNZ: counts another number of messages than the 1"),
        (WHOLE.replace("UNZ+1+42", "UNZ+1+43"), "UNZ: its reference is not that of UNB"),
        (WHOLE + WHOLE, "line 9, column 1: UNB: stands after the end of the interchange"),
        (WHOLE.replace("UNT", "UNH", 1), "UNH: stands in a message that has no end (UNT)"),
        (WHOLE.replace("UNH", "UNG"), "line 2, column 1: UNG: UNH or UNZ should stand here"),
        (WHOLE.replace("LIN+", "li+"), "line 5, column 1: is no segment"),
        (WHOLE.replace("UNOC", "UNOQ"), "UNB: the character set is not known"),
        ("UNA++.? '" + WHOLE, "UNA: the marks are not four different ones"),
        ("UNB+UNOC:3+A+B+261120:1000+1'UNZ+0+1'", "UNZ: there is no message"),
        (
            WHOLE.replace("UNOC", "UNOA").encode().replace(b"4000001", b"4\xe90001"),
            "line 5, column 9: is not ascii, which UNB says",
        ),
    ],
)
def test_what_is_not_whole_is_refused_with_its_place(data: bytes | str, told: str) -> None:
    assert told in wrong(data)


def test_too_many_segments_are_refused() -> None:
    with pytest.raises(Unreadable, match="more than 5 segments"):
        interchange(WHOLE.encode(), most=5)


def test_other_marks_and_released_characters_are_read() -> None:
    text = WHOLE.replace("+", "|").replace(":", "^").replace("'", "~").replace("4000001", "A??!|B")
    data = "UNA^|,! ~" + text.replace("A??!|B", "A!!!|B")

    found = interchange(data.encode(), most=100)

    assert found.messages[0].segments[2].elements == [["1"], [""], ["A!|B", "EN"]]
    assert (found.decimal, found.sequence) == (",", 42)


def test_an_inventory_report_is_read_with_places_and_kinds_of_stock() -> None:
    stock = STOCK.model_copy(update={"numbered_by": "gtin"})
    data = report(
        "NAD+WH+P1::9",
        "LIN+1++4000001:EN", "QTY+145:4", "QTY+66:1", "QTY+124:2",
        "LIN+2++4000002:EN", "QTY+145:9", "LOC+14+P2",
    )  # fmt: skip

    found = read_stock(data, stock, most=100)

    assert found.levels == (
        Level("4000001", "P1", 4, reserved=1, damaged=2, as_of=TEN),
        Level("4000002", "P2", 9, as_of=TEN),
    )
    assert (found.as_of, found.sequence, found.mistakes) == (TEN, 42, ())


def test_where_quantities_have_places_the_one_without_is_their_sum() -> None:
    data = report(
        "LIN+1", "PIA+5+MUG:IN+77:SA",
        "QTY+145:10", "QTY+145:6", "LOC+14+P1", "QTY+145:4", "LOC+14+P2",
    )  # fmt: skip

    found = read_stock(data, STOCK.model_copy(update={"place": "ANYWHERE"}), most=100)

    assert found.levels == (Level("MUG", "P1", 6, as_of=TEN), Level("MUG", "P2", 4, as_of=TEN))


def test_the_day_of_the_report_counts_more_than_that_of_the_document() -> None:
    data = report("DTM+366:20261119:102", "NAD+WH+P1", "LIN+1", "PIA+5+MUG:IN", "QTY+145:1")

    found = read_stock(data, STOCK, most=100)

    assert found.as_of == datetime(2026, 11, 18, 23, tzinfo=UTC)  # midnight in Rome


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (("LIN+1++4:EN", "QTY+145:1"), "line 6, column 1: LIN: has no article number of the buyer"),
        (("LIN+1", "PIA+5+A:IN"), "LIN: has no quantity"),
        (("LIN+1", "PIA+5+A:IN", "QTY+66:1"), "LIN: has no quantity that is in stock (145)"),
        (
            ("LIN+1", "PIA+5+A:IN", "QTY+145:1.5"),
            "QTY: the quantity is not a number of whole units",
        ),
        (("LIN+1", "PIA+5+A:IN", "QTY+145:1", "QTY+145:2"), "told before with another quantity"),
    ],
)
def test_a_line_that_cannot_be_read_is_a_mistake_and_the_others_are_read(
    inside: tuple[str, ...], told: str
) -> None:
    data = report("NAD+WH+P1", *inside, "LIN+2", "PIA+5+GOOD:IN", "QTY+145:7")

    found = read_stock(data, STOCK, most=100)

    assert found.levels == (Level("GOOD", "P1", 7, as_of=TEN),)
    assert len(found.mistakes) == 1
    assert told in str(found.mistakes[0])


def test_a_line_without_a_place_is_a_mistake_where_none_is_agreed() -> None:
    found = read_stock(report("LIN+1", "PIA+5+A:IN", "QTY+145:1"), STOCK, most=100)

    assert [str(one) for one in found.mistakes] == ["line 5, column 1: LIN: says no place"]


def test_a_report_without_a_date_or_of_another_kind_is_refused() -> None:
    undated = wrapped("INVRPT", "BGM+35+R1+9").encode()
    other = wrapped("ORDERS", "BGM+220+R1+9").encode()

    with pytest.raises(Unreadable, match=r"UNH: the message has no date \(DTM\+137\)"):
        read_stock(undated, STOCK, most=100)
    with pytest.raises(Unreadable, match="UNH: is no INVRPT"):
        read_stock(other, STOCK, most=100)


def response(begin: str, *inside: str) -> bytes:
    segments = ("DTM+137:202611201000:203", "RFF+ON:T-1", *inside)
    return wrapped("ORDRSP", f"BGM+231+R77+{begin}", *segments).encode()


@pytest.mark.parametrize(
    ("begin", "lines", "state"),
    [
        ("29", (), "ACCEPTED"),
        ("27", (), "REFUSED"),
        ("1", (), "CANCELLED"),
        ("12", (), "RECEIVED"),
        ("9+AP", (), "ACCEPTED"),
        ("9+RE", (), "REFUSED"),
        ("9+AB", (), "RECEIVED"),
        ("9", ("LIN+1+5++MUG:IN", "LIN+2+5++ROPE:IN"), "ACCEPTED"),
        ("9", ("LIN+1+7++MUG:IN",), "REFUSED"),
        ("29", ("LIN+1+5++MUG:IN",), "ACCEPTED"),
    ],
)
def test_an_order_response_says_yes_or_no(begin: str, lines: tuple[str, ...], state: str) -> None:
    found = read_answers(response(begin, *lines), ORDERS, most=100)

    assert [(one.number, one.state, one.reference) for one in found.answers] == [
        ("T-1", state, "R77")
    ]
    assert (found.as_of, found.mistakes) == (TEN, ())


@pytest.mark.parametrize(
    ("begin", "lines", "told"),
    [
        ("4", (), "BGM: changes the order, which is taken whole or not at all"),
        ("9+AC", (), "BGM: changes the order"),
        ("9", (), "BGM: says neither yes nor no"),
        ("9", ("LIN+1+5++A:IN", "LIN+2+7++B:IN"), "BGM: says neither yes nor no"),
        ("29", ("LIN+1+3++MUG:IN",), "BGM: accepts the order and changes lines of it"),
        ("29", ("RFF+ON:T-2",), "BGM: names not exactly one order (RFF+ON)"),
    ],
)
def test_an_order_response_that_says_neither_is_a_mistake(
    begin: str, lines: tuple[str, ...], told: str
) -> None:
    found = read_answers(response(begin, *lines), ORDERS, most=100)

    assert found.answers == ()
    assert told in str(found.mistakes[0])


def test_a_despatch_advice_sums_the_units_of_each_order() -> None:
    data = wrapped(
        "DESADV", "BGM+351+D1+9", "DTM+137:202611201000:203", "CPS+1",
        "LIN+1++A:IN", "QTY+12:2", "RFF+ON:T-1",
        "LIN+2++B:IN", "QTY+12:1", "RFF+ON:T-1",
        "LIN+3++C:IN", "QTY+12:5", "RFF+ON:T-2",
    ).encode()  # fmt: skip

    found = read_answers(data, ORDERS, most=100)

    assert found.answers == (
        Answer("T-1", "COMPLETED", "D1", 3),
        Answer("T-2", "COMPLETED", "D1", 5),
    )


@pytest.mark.parametrize(("release", "kind"), [("D96A", "96A"), ("D01B", "01B")])
def test_an_order_is_an_interchange_that_is_read_by_the_same_rules(release: str, kind: str) -> None:
    orders = ORDERS.model_copy(update={"release": release, "us": "409+1", "partner": "401"})

    data = write_order(an_order_document(), orders)

    found = interchange(data, most=100)
    message = found.messages[0]
    told = {(one.tag, *map(tuple, one.elements)) for one in message.segments}
    assert [message.head.get(2, at) for at in range(3)] == ["ORDERS", "D", kind]
    assert found.head.get(2) == "409+1"
    assert told >= {
        ("BGM", ("220",), ("T-1",), ("9",)),
        ("DTM", ("137", "202611200915", "203")),
        ("DTM", ("2", "202611221700", "203")),
        ("NAD", ("DP",), ("",), ("",), ("Zofia O'Neill",), ("Größe Gasse 5",), ("Berlin",), ("",),
         ("10115",), ("DE",)),
        ("PIA", ("5",), ("MUG", "IN")),
        ("QTY", ("21", "2")),
        ("PRI", ("AAA", "9.90")),
        ("LOC", ("14",), ("P2",)),
        ("MOA", ("8", "4.90")),
        ("MOA", ("86", "48.70")),
        ("CNT", ("2", "2")),
    }  # fmt: skip
    assert write_order(an_order_document(), orders) == data


def test_what_a_buyer_writes_cannot_end_a_segment() -> None:
    name = "Eve'\nUNZ+9+1'?"

    found = interchange(write_order(an_order_document(name=name), ORDERS), most=100)

    parties = [one for one in found.messages[0].segments if one.tag == "NAD"]
    assert parties[-1].get(4) == "Eve' UNZ+9+1'?"


def test_a_cancellation_is_a_change_that_names_its_order() -> None:
    cancellation = Cancellation(number="T-1.C", of="T-1", told_at=TEN)

    message = interchange(write_order(cancellation, ORDERS), most=100).messages[0]

    assert message.kind == "ORDCHG"
    assert [(one.tag, one.get(1), one.get(1, 1)) for one in message.segments][:3] == [
        ("BGM", "230", ""),
        ("DTM", "137", "202611201000"),
        ("RFF", "ON", "T-1"),
    ]


def test_a_number_that_is_too_long_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="at most 35 characters"):
        write_order(an_order_document("T" * 36), ORDERS)
