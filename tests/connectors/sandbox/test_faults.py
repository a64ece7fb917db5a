from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import httpx
import pytest

from connectors.kit.faults import cuts_unlogged
from connectors.kit.serve import serve
from connectors.sandbox.faults import CONTROL, HUGE, FaultyUpstream
from connectors.sandbox.retailer.upstreams import upstream
from tests.connectors.sandbox.served import MOMENT, a_system

PATIENCE = 60  # seconds until a test gives up
QUERY = {"skus": [], "currency": "EUR"}


@asynccontextmanager
async def shop_over_http() -> AsyncIterator[tuple[httpx.AsyncClient, FaultyUpstream]]:
    shop = a_system()
    with cuts_unlogged():
        async with serve(shop) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
            yield http, shop


async def told_to(http: httpx.AsyncClient, kind: str, **numbers: Any) -> None:
    answer = await http.put(CONTROL, json={"kind": kind, **numbers})
    assert answer.status_code == 200, answer.text


async def healthy(http: httpx.AsyncClient) -> Any:
    answer = await http.get("/v1/depots")
    assert answer.status_code == 200
    return answer.json()


async def test_fail_answers_the_asked_status() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "fail")
        assert (await http.get("/v1/depots")).status_code == 500

        await told_to(http, "fail", status=503)
        assert (await http.get("/v1/depots")).status_code == 503


async def test_throttle_says_when_to_come_back() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "throttle", retry_after=7)
        answer = await http.get("/v1/depots")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


async def test_unauthorized_refuses() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "unauthorized")
        assert (await http.get("/v1/depots")).status_code == 401


async def test_slow_answers_rightly_and_late() -> None:
    async with shop_over_http() as (http, _):
        right = await healthy(http)
        await told_to(http, "slow", seconds=0.2)
        begun = monotonic()
        late = await healthy(http)

    assert late == right
    assert monotonic() - begun >= 0.2


async def test_slow_hears_the_question_before_it_waits() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "slow", seconds=0.05)
        answer = await http.post("/v1/prices", json=QUERY)

    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_silent_never_answers() -> None:
    async with shop_over_http() as (http, shop):
        await told_to(http, "silent")
        with pytest.raises(httpx.ReadTimeout):
            await http.get("/v1/depots", timeout=0.2)

        assert shop.requests == {"/v1/depots": 1}


async def test_rubbish_is_a_web_page() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "rubbish")
        answer = await http.get("/v1/depots")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<!doctype html>")


async def test_half_is_the_first_half_of_the_right_answer() -> None:
    async with shop_over_http() as (http, _):
        right = (await http.get("/v1/depots")).content
        await told_to(http, "half")
        answer = await http.get("/v1/depots")

    assert answer.headers["content-type"] == "application/json"
    assert answer.content == right[: len(right) // 2]


async def test_wrong_types_changes_every_cell_of_every_row() -> None:
    async with shop_over_http() as (http, _):
        right = await healthy(http)
        await told_to(http, "wrong_types")
        wrong = await healthy(http)

    assert wrong["served_at"] == right["served_at"]
    (row,) = wrong["items"]
    assert row == dict.fromkeys(row, 17.5) | {"can": True}
    assert row.keys() == right["items"][0].keys()


async def test_bad_rows_changes_every_fifth_row() -> None:
    async with shop_over_http() as (http, _):
        path = "/v1/products?limit=11"
        right = (await http.get(path)).json()["items"]
        await told_to(http, "bad_rows")
        wrong = (await http.get(path)).json()["items"]

    assert [place for place, row in enumerate(wrong) if row != right[place]] == [0, 5, 10]
    assert wrong[5] == {"sorted_by": 17.5, "product": True}


async def test_huge_is_a_right_answer_and_ten_megabytes_of_nothing() -> None:
    async with shop_over_http() as (http, _):
        right = await healthy(http)
        await told_to(http, "huge")
        answer = await http.get("/v1/depots")

    assert len(answer.content) > HUGE
    assert answer.json() == right


async def test_drip_sends_a_byte_at_a_time() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "drip")
        begun, parts = monotonic(), []
        async with http.stream("GET", "/v1/depots") as answer:
            async for part in answer.aiter_raw():
                parts.append(part)
                if len(parts) == 3:
                    break

    assert [len(part) for part in parts] == [1, 1, 1]
    assert monotonic() - begun >= 0.4
    assert b"".join(parts) == b'{"s'


async def test_cut_closes_the_connection_in_the_middle_of_the_body() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "cut")
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get("/v1/depots")


@pytest.mark.parametrize("hours", [6, -48])
async def test_lie_shifts_every_time_it_states(hours: int) -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "lie", hours=hours)
        asked = {"skus": ["RJK1001-BLK-XS"], "depots": ["ECOM-1"]}
        lies = (await http.post("/v1/inventory", json=asked)).json()
        await http.delete(CONTROL)
        truth = (await http.post("/v1/inventory", json=asked)).json()

    shifted = MOMENT + timedelta(hours=hours)
    assert datetime.fromisoformat(truth["served_at"]) == MOMENT
    assert datetime.fromisoformat(lies["served_at"]) == shifted
    assert datetime.fromisoformat(lies["items"][0]["counted_at"]) == shifted


async def test_a_server_without_a_date_header_gets_that_of_the_lying_clock() -> None:
    shop = upstream("shop", seed=7, now=lambda: MOMENT, states_date=True)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=shop), base_url="http://sandbox"
    ) as http:
        before = (await http.get("/v1/depots")).headers["date"]
        await told_to(http, "lie", hours=1)
        after = (await http.get("/v1/depots")).headers["date"]

    assert before == "Mon, 02 Mar 2026 10:30:20 GMT"
    assert after == "Mon, 02 Mar 2026 11:30:20 GMT"


async def test_a_fault_can_strike_only_the_next_requests() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "fail", times=2)
        statuses = [(await http.get("/v1/depots")).status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


async def test_a_fault_can_strike_only_some_paths() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "fail", path="/v1/pri*", times=1)
        assert (await http.get("/v1/depots")).status_code == 200
        assert (await http.post("/v1/prices", json=QUERY)).status_code == 500
        assert (await http.post("/v1/prices", json=QUERY)).status_code == 200


async def test_the_control_tells_the_fault_and_who_asked() -> None:
    async with shop_over_http() as (http, _):
        await told_to(http, "fail", times=3, status=502)
        await http.get("/v1/depots")
        await http.get("/v1/depots")
        await http.post("/v1/prices", json=QUERY)
        await told_to(http, "slow", seconds=9)
        broken = (await http.get(CONTROL)).json()
        mended = (await http.delete(CONTROL)).json()

    assert broken == {
        "fault": {
            "kind": "slow",
            "path": "*",
            "times": None,
            "seconds": 9,
            "status": 500,
            "retry_after": 30,
            "hours": 6,
        },
        "requests": {"/v1/depots": 2, "/v1/prices": 1},
    }
    assert mended == {**broken, "fault": None}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"kind": "sulk"}', "kind: Input should be"),
        ('{"kind": "slow", "seconds": -1}', "seconds: Input should be greater than 0"),
        ('{"kind": "slow", "minutes": 1}', "minutes: Extra inputs are not permitted"),
        ("slow", "fault: Invalid JSON"),
    ],
)
async def test_a_fault_nobody_knows_is_refused_and_changes_nothing(said: str, told: str) -> None:
    async with shop_over_http() as (http, _):
        answer = await http.put(CONTROL, content=said)
        assert (await http.get(CONTROL)).json()["fault"] is None

    assert answer.status_code == 422
    assert answer.json()["error"].startswith(told)


async def test_the_control_knows_three_methods() -> None:
    async with shop_over_http() as (http, _):
        assert (await http.post(CONTROL, json={"kind": "fail"})).status_code == 405
