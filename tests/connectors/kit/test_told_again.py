"""Rows that were told before: the same objects, mapped once, for as long as there is room."""

from decimal import Decimal
from typing import Any

import orjson
import pytest
from msgspec import Raw

from connectors.kit.told_again import ToldAgain


class Mapped:
    """What a row was made into."""

    def __init__(self, row: Any) -> None:
        self.row = row


def test_the_same_words_are_the_same_object_and_others_another() -> None:
    mapped = ToldAgain(Mapped)
    first = mapped({"sku": "A", "pieces": 1, "texts": {"it": "uno"}})

    assert mapped(orjson.loads(b'{"sku":"A","pieces":1,"texts":{"it":"uno"}}')) is first
    others: list[Any] = [
        {"sku": "A", "pieces": 1, "texts": {"it": "due"}},
        {"sku": "A", "pieces": 1.0, "texts": {"it": "uno"}},
        {"sku": "A", "pieces": True, "texts": {"it": "uno"}},
        [],
    ]
    for other in others:
        assert mapped(other).row == other
    assert mapped({"sku": "A", "pieces": 1, "texts": {"it": "uno"}}) is first


def test_rows_that_are_json_already_are_known_by_it() -> None:
    mapped = ToldAgain(lambda raw: Mapped(orjson.loads(bytes(raw))))
    first = mapped(Raw(b'{"sku": "A"}'))

    assert first.row == {"sku": "A"}
    assert mapped(Raw(b'{"sku": "A"}')) is first
    assert mapped(Raw(b'{"sku": "B"}')).row == {"sku": "B"}


def test_what_means_nothing_is_known_too() -> None:
    asked: list[Any] = []
    mapped = ToldAgain(asked.append)
    mapped({"enabled": False})
    mapped({"enabled": False})

    assert asked == [{"enabled": False}]


def test_a_row_that_is_refused_is_refused_again() -> None:
    mapped = ToldAgain(lambda row: row["sku"])
    for _ in range(2):
        with pytest.raises(KeyError, match="sku"):
            mapped({"name": "boot"})


def test_what_cannot_be_put_into_words_is_mapped_each_time() -> None:
    mapped = ToldAgain(Mapped)
    row = {"amount": Decimal("1.10")}

    assert mapped(row).row is row
    assert mapped(row) is not mapped(row)


def test_what_was_told_last_is_remembered_and_no_more_than_there_is_room_for() -> None:
    words = len(orjson.dumps({"id": 10}))
    mapped = ToldAgain(Mapped, most=10 * words)
    first, often = mapped({"id": 10}), mapped({"id": 11})
    for number in range(12, 32):
        mapped({"id": number})
        assert mapped({"id": 11}) is often

    assert mapped({"id": 10}) is not first
    for number in range(40, 99):
        mapped({"id": number})
    assert mapped({"id": 11}) is not often
