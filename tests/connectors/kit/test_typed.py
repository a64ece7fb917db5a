"""Answers read into structures: all at once, and row by row where one does not fit."""

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import pytest
from msgspec import Raw, Struct, ValidationError

from app.errors import UpstreamBroken
from app.ports import RejectedRow, WireResponse
from connectors.kit.typed import Typed
from tests.builders import NOON

T = TypeVar("T")


class Row(Struct):
    sku: str
    pieces: int


class Listed(Struct, Generic[T]):
    taken: datetime
    rows: list[T]


ROWS = Typed(
    Listed[Row], loose=Listed[Raw], row=Row, at="rows", reference=lambda row: row["sku"].lower()
)


def response(body: str) -> WireResponse:
    headers = {"content-type": "application/json"}
    return WireResponse(status=200, headers=headers, body=body.encode(), date=NOON)


def listed(*rows: str) -> WireResponse:
    return response(f'{{"taken": "2026-11-20T12:00:00Z", "rows": [{",".join(rows)}]}}')


def test_rows_of_the_right_shape_are_read_with_what_is_said_of_them_all() -> None:
    told, rejected = ROWS.read(listed('{"sku": "A", "pieces": 1, "new": true}'))

    assert (told.taken, told.rows) == (datetime(2026, 11, 20, 12, tzinfo=UTC), [Row("A", 1)])
    assert rejected == ()


def test_rows_that_do_not_fit_hide_none_that_do() -> None:
    told, rejected = ROWS.read(
        listed(
            '{"sku": "A", "pieces": 1}',
            '{"sku": "B", "pieces": 2.5}',
            '{"sku": "C", "pieces": true}',
            '{"sku": 4, "pieces": 1}',
            "[]",
            '{"sku": "D", "pieces": 4}',
        )
    )

    assert told.rows == [Row("A", 1), Row("D", 4)]
    assert rejected == (
        RejectedRow("b", "Expected `int`, got `float` - at `$.pieces`"),
        RejectedRow("c", "Expected `int`, got `bool` - at `$.pieces`"),
        RejectedRow("?", "Expected `str`, got `int` - at `$.sku`"),
        RejectedRow("?", "Expected `object`, got `array`"),
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>", r"^the answer is not JSON \(application/json, 6 bytes\)$"),
        ('{"taken": "2026-11-20T12:00:00Z", "rows": [', "^the answer is not JSON"),
        ('{"taken": "2026-11-20T12:00:00Z"}', "^the answer has another shape: .*`rows`"),
        ('{"taken": "noon", "rows": []}', "^the answer has another shape: .*`\\$.taken`"),
        ('{"taken": "2026-11-20T12:00:00Z", "rows": {}}', "^the answer has another shape"),
        ("[]", "^the answer has another shape"),
    ],
)
def test_an_answer_of_another_shape_is_broken(body: str, said: str) -> None:
    with pytest.raises(UpstreamBroken, match=said):
        ROWS.read(response(body))


def test_bad_utf_8_is_broken() -> None:
    body = b'{"taken": "2026-11-20T12:00:00Z", "rows": [{"sku": "\xff", "pieces": 1}]}'
    broken = WireResponse(status=200, headers={}, body=body, date=NOON)
    with pytest.raises(UpstreamBroken, match="not JSON"):
        ROWS.read(broken)


def test_rows_can_be_read_one_by_one_as_they_were_written() -> None:
    told = ROWS.raw(listed('{"sku": "A", "pieces": 1}', '{"sku": "B"}', "[]"))

    rows: Any = told.rows  # they are raw
    good, bad, none = rows
    assert (told.taken, ROWS.row(good)) == (datetime(2026, 11, 20, 12, tzinfo=UTC), Row("A", 1))
    assert [ROWS.named(raw) for raw in (good, bad, none)] == ["a", "b", "?"]
    for raw in (bad, none):
        with pytest.raises(ValidationError):
            ROWS.row(raw)
    for body, said in (("<html>", "is not JSON"), ('{"rows": []}', "another shape")):
        with pytest.raises(UpstreamBroken, match=said):
            ROWS.raw(response(body))
