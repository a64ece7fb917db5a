"""The same answer, sent wrong: for REST, GraphQL and JSON-RPC alike."""

from collections.abc import Callable

import orjson
import pytest

from connectors.kit.rewrites import EMPTIED, MISTYPED, REPEATED, halved

REST = [{"sku": "A", "sizes": [{"n": 1}]}]
GRAPHQL = {"data": {"products": {"items": [{"sku": "A"}], "total": 1}}}
JSON_RPC = {"id": 1, "result": [{"sku": "A"}]}
LOGIN = [17, "a-token"]


def rewritten(rewrite: Callable[[bytes], bytes], document: object) -> object:
    return orjson.loads(rewrite(orjson.dumps(document)))


@pytest.mark.parametrize(
    ("document", "repeated"),
    [
        (REST, REST + REST),
        (GRAPHQL, {"data": {"products": {"items": [{"sku": "A"}, {"sku": "A"}], "total": 1}}}),
        (JSON_RPC, {"id": 1, "result": [{"sku": "A"}, {"sku": "A"}]}),
        (LOGIN, LOGIN),
    ],
)
def test_rows_are_repeated_with_what_they_hold_and_nothing_else_is(
    document: object, repeated: object
) -> None:
    assert rewritten(REPEATED, document) == repeated


@pytest.mark.parametrize(
    ("document", "emptied"),
    [
        (REST, []),
        (GRAPHQL, {"data": {"products": {"items": [], "total": 1}}}),
        (JSON_RPC, {"id": 1, "result": []}),
        (LOGIN, LOGIN),
    ],
)
def test_rows_are_left_out_and_nothing_else_is(document: object, emptied: object) -> None:
    assert rewritten(EMPTIED, document) == emptied


def test_every_value_changes_its_type_and_the_shape_stays() -> None:
    document = {"rows": [{"sku": "A", "n": 1, "none": None}], "more": False}

    assert rewritten(MISTYPED, document) == {
        "rows": [{"sku": {"unexpected": "A"}, "n": {"unexpected": 1}, "none": None}],
        "more": {"unexpected": False},
    }


@pytest.mark.parametrize("rewrite", [REPEATED, EMPTIED, MISTYPED])
def test_what_is_not_json_stays_as_it_is(rewrite: Callable[[bytes], bytes]) -> None:
    assert rewrite(b"<rows/>") == b"<rows/>"


def test_half_a_document_is_none() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        rewritten(halved, REST)
