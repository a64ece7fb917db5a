import asyncio
import base64
from typing import Any

import pytest

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from connectors.tryton.rpc import Reply, Rpc, Search, together
from tests.connectors.tryton.upstream import NOW, PREFERENCES, Upstream, Verbatim, settings

CURRENCIES = Search(model="currency.currency", fields=["code"])


def an_rpc(upstream: Upstream, **changed: Any) -> Rpc:
    return Rpc(upstream, settings(**changed), now=lambda: NOW)


async def test_a_call_carries_the_session_and_the_user_s_context() -> None:
    upstream = Upstream({"currencies": []})

    await an_rpc(upstream, database="a b").search("currencies", CURRENCIES, language="it")

    (login,), (call,) = upstream.params("login"), upstream.params("currencies")
    assert login == ["gw", {"password": "s3cret"}, "en"]
    assert call == [[], 0, None, [["id", "ASC"]], ["code"], {"company": 1, "language": "it"}]
    sent = upstream.requests[-1]
    assert (sent.path, sent.method, sent.safe) == ("a%20b/rpc/", "POST", True)
    session = base64.b64encode(b"gw:7:key").decode()
    assert sent.headers["authorization"] == f"Session {session}"


async def test_a_login_is_never_repeated_by_the_client() -> None:
    upstream = Upstream({"currencies": []})

    await an_rpc(upstream).search("currencies", CURRENCIES)

    assert {one.operation: one.safe for one in upstream.requests} == {
        "login": False,
        "preferences": True,
        "currencies": True,
    }


async def test_a_lost_session_is_renewed_and_the_call_repeated_once() -> None:
    upstream = Upstream({"currencies": UpstreamUnauthorized("lost", status=401)})

    with pytest.raises(UpstreamUnauthorized):
        await an_rpc(upstream).search("currencies", CURRENCIES)

    assert upstream.operations == ["login", "preferences", "currencies"] * 2


async def test_a_forbidden_call_does_not_log_in_again() -> None:
    upstream = Upstream({"currencies": UpstreamUnauthorized("forbidden", status=403)})

    with pytest.raises(UpstreamUnauthorized, match="forbidden"):
        await an_rpc(upstream).search("currencies", CURRENCIES)

    assert upstream.operations == ["login", "preferences", "currencies"]


async def test_a_wrong_password_is_not_tried_again_within_a_minute() -> None:
    upstream = Upstream({"login": UpstreamUnauthorized("wrong password", status=401)})
    rpc = an_rpc(upstream)

    for _ in range(2):
        with pytest.raises(UpstreamUnauthorized):
            await rpc.search("currencies", CURRENCIES)

    assert upstream.operations == ["login"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id":1,"error":["UserError",["No: Ada Example","",null]]}', UpstreamRefused),
        (b'{"id":1,"error":["UserWarning",["w","Ada Example"]]}', UpstreamRefused),
        (b'{"id":1,"error":["ConcurrencyException","Ada Example"]}', UpstreamUnavailable),
        (b'{"id":1,"error":["LoginException",["Ada Example"]]}', UpstreamUnauthorized),
        (b'{"id":1,"error":["\'Ada Example\'","Traceback"]}', UpstreamBroken),
        (b'{"id":1,"error":[]}', UpstreamBroken),
        (b'{"id":1,"error":"Ada Example"}', UpstreamBroken),
        (b'{"id":1}', UpstreamBroken),
        (b'{"id":1,"result":"Ada Example"}', UpstreamBroken),
        (b'{"id":1,"result":{"rows":[]}}', UpstreamBroken),
        (b"[1]", UpstreamBroken),
        (b"null", UpstreamBroken),
        (b"", UpstreamBroken),
        (b'{"id":1,"result":[{"code":"E', UpstreamBroken),
        (b"<!doctype html><title>Ada Example</title>", UpstreamBroken),
    ],
)
async def test_what_is_wrong_with_an_answer_is_told_without_its_words(
    body: bytes, kind: type[UpstreamError]
) -> None:
    rpc = an_rpc(Verbatim({}, body=body))

    with pytest.raises(kind) as caught:
        (await rpc.search("currencies", CURRENCIES)).rows()

    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize("result", [None, [], ["7", "key"], [7], [7, None, None], {"user": 7}])
async def test_a_login_without_a_session_is_broken(result: Any) -> None:
    with pytest.raises(UpstreamBroken, match="login answered without a session"):
        await an_rpc(Upstream({"login": result})).search("currencies", CURRENCIES)


@pytest.mark.parametrize(
    ("preferences", "kind"),
    [
        ({"company": None}, UpstreamRefused),
        ({}, UpstreamRefused),
        ({"company": True}, UpstreamBroken),
        ({"company": {"id": 1}}, UpstreamBroken),
        ([], UpstreamBroken),
    ],
)
async def test_nothing_is_asked_for_a_user_without_a_company(
    preferences: Any, kind: type[UpstreamError]
) -> None:
    upstream = Upstream({"preferences": preferences})

    with pytest.raises(kind):
        await an_rpc(upstream).search("currencies", CURRENCIES)

    assert upstream.operations == ["login", "preferences"]


async def test_company_and_language_are_known_after_one_login() -> None:
    upstream = Upstream({"preferences": {**PREFERENCES, "company": 4, "language": "it"}})
    rpc = an_rpc(upstream)

    assert (await rpc.company(), await rpc.language()) == (4, "it")
    assert upstream.operations == ["login", "preferences"]


def test_a_record_that_comes_twice_is_one_row_and_rows_without_an_id_stay_apart() -> None:
    rows = [{"id": 1}, {"id": 1}, {"id": 2}, {"id": "1"}, {"id": "1"}, None, 7]

    assert Reply(rows, NOW).rows() == [{"id": 1}, {"id": 2}, {"id": "1"}, {"id": "1"}, None, 7]


async def test_the_first_error_of_several_calls_leaves_no_call_running() -> None:
    hung = asyncio.Event()
    ended = []

    async def hang() -> None:
        try:
            await hung.wait()
        finally:
            ended.append("hanging")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise UpstreamUnavailable("gone")

    with pytest.raises(UpstreamUnavailable):
        await together((hang(), fail()))
    await asyncio.sleep(0)

    assert ended == ["hanging"]
