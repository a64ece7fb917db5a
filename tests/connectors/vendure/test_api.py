from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import RejectedRow, WireResponse
from connectors.vendure import documents
from connectors.vendure.api import Operation, Reply
from tests.connectors.vendure.wire import ANSWERED, recorded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "errors", "path", "extensions", "code"]), inner)
    ),
    max_leaves=10,
)


def a_reply(body: object, operation: Operation = documents.PRICES) -> Reply:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    response = WireResponse(status=200, headers={}, body=raw, date=ANSWERED)
    return Reply.of(operation, response)


def an_error(code: str | None, *path: object) -> dict[str, Any]:
    return {
        "message": "Ada Byron, ada@example.com, cannot",
        "path": list(path),
        "extensions": {} if code is None else {"code": code},
    }


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("session-ended", UpstreamUnauthorized, "the account may not prices"),
        ("take-too-large", UpstreamRefused, "answered prices with USER_INPUT_ERROR"),
        ("no-such-channel", UpstreamRefused, "answered prices with CHANNEL_NOT_FOUND"),
    ],
)
def test_recorded_errors_are_named_by_what_to_do(
    name: str, kind: type[UpstreamError], told: str
) -> None:
    with pytest.raises(kind) as failure:
        a_reply(recorded(name)).judged()

    assert str(failure.value) == told


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (an_error("INTERNAL_SERVER_ERROR"), UpstreamUnavailable, "INTERNAL_SERVER_ERROR"),
        (an_error("ENTITY_NOT_FOUND"), UpstreamRefused, "ENTITY_NOT_FOUND"),
        (an_error("UNAUTHORIZED"), UpstreamUnauthorized, None),
        (an_error(None), UpstreamUnavailable, "an error without a code"),
        (an_error("Ada Byron"), UpstreamUnavailable, "an error without a code"),
        ("a word", UpstreamUnavailable, "an error without a code"),
    ],
)
def test_an_error_tells_its_code_and_nothing_of_the_vendors_words(
    error: object, kind: type[UpstreamError], told: str | None
) -> None:
    with pytest.raises(kind) as failure:
        a_reply({"data": None, "errors": [error]}).judged()

    expected = "the account may not prices" if told is None else f"answered prices with {told}"
    assert str(failure.value) == expected


def test_a_right_that_lacks_matters_more_than_another_error() -> None:
    errors = [an_error("INTERNAL_SERVER_ERROR"), an_error("FORBIDDEN")]

    with pytest.raises(UpstreamUnauthorized):
        a_reply({"data": {"x": 1}, "errors": errors}).judged()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        [1, 2],
        "word",
        {"data": None},
        {"data": None, "errors": []},
        {"data": [1], "errors": None},
        {"data": {}, "errors": {"code": "X"}},
        {},
    ],
)
def test_what_is_not_graphql_is_broken(body: object) -> None:
    with pytest.raises(UpstreamBroken):
        a_reply(body)


def test_a_row_the_server_could_not_read_does_not_hide_the_others() -> None:
    reply = a_reply(
        {
            "data": {"productVariants": {"totalItems": 2, "items": [{"id": "7"}, {"id": "8"}]}},
            "errors": [
                an_error("INTERNAL_SERVER_ERROR", "productVariants", "items", 0, "featuredAsset")
            ],
        }
    ).judged()

    assert reply.rows("productVariants") == [{"id": "8"}]
    assert reply.rejected("productVariants") == (
        RejectedRow("7", "answered with INTERNAL_SERVER_ERROR"),
    )
    assert reply.ids("productVariants") == ["7", "8"]


def test_a_row_error_that_took_the_list_with_it_is_raised() -> None:
    errors = [an_error("INTERNAL_SERVER_ERROR", "productVariants", "items", 0, "price")]

    with pytest.raises(UpstreamUnavailable):
        a_reply({"data": None, "errors": errors}).judged()


def test_a_failure_under_an_optional_field_means_null() -> None:
    body: Mapping[str, Any] = {
        "data": {"byId": None, "bySlug": {"id": "4"}},
        "errors": [an_error("INTERNAL_SERVER_ERROR", "byId")],
    }

    assert a_reply(body, documents.FIND_CATEGORY).judged().word("bySlug", "id") == "4"
    with pytest.raises(UpstreamUnavailable):
        a_reply(body).judged()


@pytest.mark.parametrize(("value", "path"), [(None, ("a",)), ({"b": 1}, ("a", "b", "c"))])
def test_a_value_that_is_missing_or_of_another_type_is_broken(
    value: object, path: tuple[str, ...]
) -> None:
    reply = a_reply({"data": {"a": value}})

    for read in (reply.word, reply.number, reply.flag):
        with pytest.raises(UpstreamBroken, match=rf"without a sound {'.'.join(path)}"):
            read(*path)


def test_true_is_no_number() -> None:
    with pytest.raises(UpstreamBroken):
        a_reply({"data": {"totalItems": True}}).number("totalItems")


@given(body=JSON)
def test_any_json_is_an_answer_or_an_upstream_error(body: object) -> None:
    try:
        reply = a_reply(body).judged()
        reply.rows("productVariants")
    except UpstreamError:
        return
    assert isinstance(reply.data["productVariants"], Mapping)
