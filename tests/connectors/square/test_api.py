"""What Square's refusals and odd answers come to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import WireRequest, WireResponse, Wiring
from connectors.square.api import MOST_PAGES, Api, Call, Reply, both, refusal, together
from connectors.square.settings import Settings

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
THINGS = Call(operation="things", path="v2/things/{thing}", rows="things")


class Vendor:
    """Says what it is told to, whatever it is asked."""

    def __init__(self, *said: Any) -> None:
        self._said = list(said)
        self.asked: list[WireRequest] = []

    async def send(self, request: WireRequest) -> WireResponse:
        self.asked.append(request)
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        if isinstance(said, UpstreamError):
            raise said
        body = said if isinstance(said, bytes) else orjson.dumps(said)
        return WireResponse(status=200, headers={}, body=body, date=NOON)


def an_api(vendor: Vendor) -> Api:
    settings = Settings.model_validate({"url": "https://square.test", "access_token": "s3cret"})
    return Api(settings, Wiring(name="tills", http=vendor, now=lambda: NOON))


def refused(category: str, code: str, status: int = 400) -> UpstreamRefused:
    told = {"errors": [{"category": category, "code": code, "detail": "of mario@example.org"}]}
    return UpstreamRefused("answered things with 400", status=status, body=orjson.dumps(told))


@pytest.mark.parametrize(
    ("category", "code", "kind"),
    [
        ("INVALID_REQUEST_ERROR", "NOT_FOUND", UpstreamRefused),
        ("INVALID_REQUEST_ERROR", "IDEMPOTENCY_KEY_REUSED", UpstreamBroken),
        ("INVALID_REQUEST_ERROR", "REQUEST_TIMEOUT", UpstreamUnavailable),
        ("PAYMENT_METHOD_ERROR", "TEMPORARY_ERROR", UpstreamUnavailable),
        ("API_ERROR", "INTERNAL_SERVER_ERROR", UpstreamUnavailable),
        ("AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED", UpstreamUnauthorized),
        ("RATE_LIMIT_ERROR", "RATE_LIMITED", UpstreamThrottled),
        ("MERCHANT_SUBSCRIPTION_ERROR", "MERCHANT_SUBSCRIPTION_NOT_FOUND", UpstreamRefused),
    ],
)
@pytest.mark.parametrize("with_200", [False, True])
async def test_the_category_says_what_to_do(
    category: str, code: str, kind: type[UpstreamError], *, with_200: bool
) -> None:
    error = refused(category, code)
    vendor = Vendor(error.body if with_200 else error)

    with pytest.raises(kind) as raised:
        await an_api(vendor).send(THINGS, ids={"thing": "1"})

    assert type(raised.value) is kind
    assert str(raised.value) == f"answered things with {code}"
    assert refusal(raised.value) == code


@pytest.mark.parametrize("code", ["mario@example.org", "Not_Found", 7, None, "A" * 65])
async def test_a_code_that_is_none_is_not_passed_on(code: Any) -> None:
    with pytest.raises(UpstreamRefused, match=r"^answered things with an error without a code$"):
        await an_api(Vendor(refused("INVALID_REQUEST_ERROR", code))).send(
            THINGS, ids={"thing": "1"}
        )


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": "no"}', b'{"errors": []}', b'{"errors": ["no"]}']
)
async def test_a_refusal_of_somebody_else_stays_what_it_was(body: bytes) -> None:
    error = UpstreamRefused("answered things with 404", status=404, body=body)

    with pytest.raises(UpstreamRefused) as raised:
        await an_api(Vendor(error)).send(THINGS, ids={"thing": "1"})

    assert (raised.value, refusal(raised.value)) == (error, "")


async def test_errors_of_no_shape_beside_a_200_are_broken() -> None:
    with pytest.raises(UpstreamBroken, match="an error without a code"):
        await an_api(Vendor({"errors": "all of it"})).send(THINGS, ids={"thing": "1"})


async def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    vendor = Vendor({"things": []})

    await an_api(vendor).send(THINGS, {"limit": 1}, ids={"thing": "../me?a=b/ü"})

    (request,) = vendor.asked
    assert request.path == "v2/things/..%2Fme%3Fa%3Db%2F%C3%BC"
    assert request.headers == {
        "authorization": "Bearer s3cret",
        "square-version": "2025-08-20",
        "content-type": "application/json",
    }
    assert request.body == b'{"limit":1}'


@pytest.mark.parametrize(
    ("body", "rows"), [({}, []), ({"cursor": ""}, []), ({"things": [1]}, [1]), ({"things": []}, [])]
)
async def test_an_empty_list_may_be_left_out(body: Any, rows: list[Any]) -> None:
    reply = await an_api(Vendor(body)).send(THINGS, ids={"thing": "1"})

    assert (reply.rows(), reply.as_of) == (rows, NOON)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"stuff": []}, Reply.rows),
        ({"things": {}}, Reply.rows),
        ({"things": None, "stuff": 1}, Reply.rows),
        ({"things": []}, lambda reply: reply.thing("things")),
        ({}, lambda reply: reply.thing("thing")),
        ({"cursor": 7}, Reply.cursor),
    ],
)
async def test_what_is_not_where_it_belongs_is_broken(
    body: Any, read: Callable[[Reply], Any]
) -> None:
    reply = await an_api(Vendor(body)).send(THINGS, ids={"thing": "1"})

    with pytest.raises(UpstreamBroken, match="answered things with"):
        read(reply)


@pytest.mark.parametrize("body", [[], "things", 7, None])
async def test_what_is_no_object_is_broken(body: Any) -> None:
    with pytest.raises(UpstreamBroken, match="is no object"):
        await an_api(Vendor(body)).send(THINGS, ids={"thing": "1"})


async def test_pages_follow_their_cursors_in_the_body_or_in_the_query() -> None:
    pages = [{"things": [1], "cursor": "c1"}, {"things": [2], "cursor": "c2"}, {"things": [3]}]
    by_body, by_query = Vendor(*pages), Vendor(*pages)

    told = await an_api(by_body).pages(THINGS, {"limit": 1}, ids={"thing": "1"})
    also = await an_api(by_query).pages(THINGS, ids={"thing": "1"})

    assert [row for page in told for row in page.rows()] == [1, 2, 3]
    assert [row for page in also for row in page.rows()] == [1, 2, 3]
    assert [orjson.loads(one.body or b"").get("cursor") for one in by_body.asked] == [
        None,
        "c1",
        "c2",
    ]
    assert [one.query for one in by_query.asked] == [(), [("cursor", "c1")], [("cursor", "c2")]]


@pytest.mark.parametrize("same", [True, False])
async def test_pages_that_never_end_are_broken(*, same: bool) -> None:
    pages = [{"things": [], "cursor": "c" if same else f"c{number}"} for number in range(1000)]
    vendor = Vendor(*pages)

    with pytest.raises(UpstreamBroken, match="the pages of things do not end"):
        await an_api(vendor).pages(THINGS, {}, ids={"thing": "1"})

    assert len(vendor.asked) == (2 if same else MOST_PAGES)


async def test_the_first_failure_is_told_and_no_group_of_them() -> None:
    async def fail() -> int:
        raise UpstreamUnavailable("gone")

    async def answer() -> int:
        return 1

    with pytest.raises(UpstreamUnavailable, match="gone"):
        await together([answer(), fail()])
    assert await both(answer(), answer()) == (1, 1)


async def test_a_throttled_account_waits_a_little() -> None:
    with pytest.raises(UpstreamThrottled) as raised:
        await an_api(Vendor(refused("RATE_LIMIT_ERROR", "RATE_LIMITED"))).send(
            THINGS, ids={"thing": "1"}
        )

    assert raised.value.retry_after == timedelta(seconds=5)
