"""Rows and cells: bad ones are told, good ones kept."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.errors import UpstreamBroken
from app.ports import Answer, RejectedRow, WireResponse
from connectors.kit.cells import exact, instant, text, whole
from connectors.kit.rows import REASON_LENGTH, answer, batches, json_body, list_at, merged

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ELEVEN = datetime(2026, 5, 4, 11, tzinfo=UTC)


def a_response(body: bytes, content_type: str = "text/html; charset=utf-8") -> WireResponse:
    return WireResponse(status=200, headers={"content-type": content_type}, body=body, date=NOON)


def test_a_json_body_is_decoded() -> None:
    assert json_body(a_response(b'{"n": [1]}')) == {"n": [1]}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"n": [', b'"\xff"', b"NaN"])
def test_a_body_that_is_not_json_is_broken_and_kept_for_the_connector(body: bytes) -> None:
    with pytest.raises(UpstreamBroken) as caught:
        json_body(a_response(body))

    assert str(caught.value) == f"the answer is not JSON (text/html, {len(body)} bytes)"
    assert (caught.value.status, caught.value.body) == (200, body)


def test_a_list_is_found_under_its_path() -> None:
    assert list_at({"data": {"rows": [1]}}, "data", "rows") == [1]
    assert list_at([1]) == [1]


@pytest.mark.parametrize(
    ("document", "path", "where"),
    [
        ({"data": None}, ("data", "rows"), "data.rows"),
        ({"data": {"rows": {}}}, ("data", "rows"), "data.rows"),
        ([], ("data",), "data"),
        ({}, (), "its root"),
    ],
)
def test_a_missing_list_is_broken(document: object, path: tuple[str, ...], where: str) -> None:
    with pytest.raises(UpstreamBroken) as caught:
        list_at(document, *path)

    assert str(caught.value) == f"the answer has no list at {where}"


def test_one_bad_row_never_hides_the_good_ones() -> None:
    rows = [{"n": "1"}, {"n": "one"}, {}, None, {"n": "2"}]

    read = answer(rows, lambda row: int(row["n"]), as_of=NOON, reference=lambda row: row["n"])

    assert read == Answer(
        rows=(1, 2),
        as_of=NOON,
        rejected=(
            RejectedRow("one", "ValueError: invalid literal for int() with base 10: 'one'"),
            RejectedRow("?", "KeyError: 'n'"),
            RejectedRow("?", "TypeError: 'NoneType' object is not subscriptable"),
        ),
    )


def test_a_reason_is_kept_short() -> None:
    read = answer(["x" * 999], int, as_of=NOON, reference=lambda _: "row")

    assert len(read.rejected[0].reason) == REASON_LENGTH


def test_a_mistake_of_ours_is_no_bad_row() -> None:
    def unfinished(_row: object) -> int:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        answer([1], unfinished, as_of=NOON, reference=str)


def test_keys_go_out_in_batches_each_once_and_in_order() -> None:
    assert batches(["b", "a", "b", "c"], 2) == [["b", "a"], ["c"]]
    assert batches([], 2) == []


def test_answers_are_merged_with_each_row_once_and_the_age_of_the_oldest() -> None:
    bad = RejectedRow("?", "bad")
    answers = [
        Answer(rows=("a1", "b1"), as_of=NOON, rejected=(bad,)),
        Answer(rows=("b2", "c1"), as_of=ELEVEN),
    ]

    one = merged(answers, key=lambda row: row[0], as_of=NOON)

    assert (set(one.rows), one.as_of, one.rejected) == ({"a1", "b1", "c1"}, ELEVEN, (bad,))


def test_nothing_merged_is_an_empty_answer_of_now() -> None:
    none: list[Answer[str]] = []

    assert merged(none, key=str, as_of=NOON) == Answer(rows=(), as_of=NOON)


def test_cells_of_the_right_type_are_read() -> None:
    row = {"name": "Mug", "n": 4, "price": "9.90", "at": "2026-05-04T12:00:00Z"}

    read = (text(row, "name"), whole(row, "n"), exact(row, "price"), instant(row, "at"))

    assert read == ("Mug", 4, Decimal("9.90"), NOON)


@pytest.mark.parametrize(
    "said", ["999999999999999999.99", "-1E+17", "1E-100", "0.000", f"0.{'3' * 98}", 10**18 - 1]
)
def test_a_number_of_any_size_that_can_be_meant_is_read_as_it_is(said: str | int) -> None:
    assert exact({"cell": said}, "cell") == Decimal(said)


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (text, 4, "cell: not a text"),
        (text, " ", "cell: not a text"),
        (whole, "4", "cell: not a whole number"),
        (whole, True, "cell: not a whole number"),
        (whole, None, "cell: not a whole number"),
        (exact, 9.9, "cell: not an exact number"),
        (exact, False, "cell: not an exact number"),
        (exact, "NaN", "cell: not a number"),
        (exact, "-Infinity", "cell: not a number"),
        (exact, "1E+18", "cell: no number of a size that can be meant"),
        (exact, "-1E+999999999", "cell: no number of a size that can be meant"),
        (exact, "1E-101", "cell: no number of a size that can be meant"),
        (exact, "0E+999999", "cell: no number of a size that can be meant"),
        (exact, f"0.{'0' * 99}", "cell: no number of a size that can be meant"),
        (exact, 10**18, "cell: no number of a size that can be meant"),
        (instant, "2026-05-04T12:00:00", "cell: has no offset"),
    ],
)
def test_a_cell_of_another_type_is_never_made_to_fit(
    read: Callable[[Mapping[str, Any], str], object], value: object, reason: str
) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        read({"cell": value}, "cell")

    assert str(caught.value) == reason
