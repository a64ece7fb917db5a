"""Points over HTTP: charged before, settled after, refused with a way out, by a clock we hold."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.api.callers import Caller
from app.api.outcomes import broken, late
from app.api.spending import Spending
from app.engine.budget import open_redis
from app.engine.budget.redis import PREFIX, key_of
from app.settings import Budget
from app.values import PrincipalKind
from tests.attacks.wire import app_of
from tests.budget.builders import Clock
from tests.builders import a_product, a_variant
from tests.gateways import Asker, Retailer, at_once, gateway_over
from tests.redis import RedisServer, redis_for_tests
from tests.staff import as_

# 1 connection, up to `first` edges with a product of 8 variants each; the shop has one with two.
LISTING = "query L($n: Int) { products(first: $n) { edges { node { id variants { sku } } } } }"
ESTIMATE = 1 + 5 * (1 + 1 + 8)
ACTUAL = 1 + 1 + 1 + 2
FIVE = {"n": 5}
SMALL = {"size": 100, "restore_rate": 10}
CHEAP = '{ location(code: "ST-MIL") { code } }'


def shop(**changes: Any) -> Retailer:
    product = a_product(variants=(a_variant("SHIRT-M"), a_variant("SHIRT-L")))
    return Retailer(known_products=(product,), **changes)


@dataclass
class Shop:
    ask: Asker
    clock: Clock
    retailer: Retailer

    async def post(
        self, query: str = LISTING, *, peer: str = "192.0.2.1", **headers: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(app_of(self.ask), client=(peer, 1))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            body = {"query": query, "variables": FIVE if query == LISTING else {}}
            return await http.post("/graphql", json=body, headers=named)

    async def cost(self, query: str = LISTING, **more: str) -> dict[str, Any]:
        cost: dict[str, Any] = (await self.post(query, **more)).json()["extensions"]["cost"]
        return cost


@asynccontextmanager
async def served(retailer: Retailer | None = None, **sections: Any) -> AsyncIterator[Shop]:
    clock, retailer = Clock(), retailer or shop()
    sections = {"budget": SMALL, "cache": {"answers": False}, **sections}
    async with gateway_over({"shop": retailer}, clock=clock, **sections) as ask:
        yield Shop(ask, clock, retailer)


async def test_an_answer_that_was_made_for_somebody_else_costs_nothing() -> None:
    async with served(cache={"answers": True}) as gateway:
        first, again = await gateway.cost(CHEAP), await gateway.cost(CHEAP)

    assert (first["actual"], again["actual"]) == (1, 0)


async def test_what_caches_may_tell_to_others_says_nothing_of_the_callers_points() -> None:
    async with served() as gateway:
        by_get = [
            await gateway.ask.http.get(
                "/graphql", params={"query": query}, headers={"x-tessera-preflight": "1"}
            )
            for query in (CHEAP, "{ __typename }")
        ]
        by_post = await gateway.ask.post(CHEAP)

    assert [one.headers["cache-control"].split(",")[0] for one in (*by_get, by_post)] == [
        "public",
        "no-store",
        "public",
    ]
    assert ["cost" in one.json().get("extensions", {}) for one in by_get] == [False, True]
    assert by_post.json()["extensions"]["cost"]["available"] == 98  # the GET was paid for, too


async def test_without_a_budget_nothing_is_counted() -> None:
    async with served(budget=None) as gateway:
        body = (await gateway.post()).json()

    assert "cost" not in body.get("extensions", {})


async def test_the_estimate_is_taken_and_what_was_not_used_given_back() -> None:
    async with served() as gateway:
        first = await gateway.cost()
        second = await gateway.cost(CHEAP)
        gateway.clock.seconds += 0.1
        third = await gateway.cost("{ __typename }")

    assert first == {
        "requested": ESTIMATE,
        "actual": ACTUAL,
        "available": 100 - ACTUAL,
        "restoreRate": 10,
        "size": 100,
    }
    assert (second["requested"], second["actual"], second["available"]) == (1, 1, 94)
    assert (third["requested"], third["actual"], third["available"]) == (0, 0, 95)


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "*/*"])
async def test_without_the_points_nothing_runs_and_nothing_is_taken(accept: str) -> None:
    async with served(budget={"size": 51, "restore_rate": 2}) as gateway:
        first = await gateway.cost()
        calls = len(gateway.retailer.calls)
        with capture_logs() as logs:
            refused = await gateway.post(accept=accept)
        calls_then = len(gateway.retailer.calls)
        gateway.clock.seconds += 2.5
        again = await gateway.post()

    assert first["available"] == 46
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert refused.json() == {
        "errors": [
            {
                "message": "The operation costs 51 points and 46 are left;"
                " 2 are restored every second.",
                "extensions": {"code": "BUDGET_EXCEEDED", "retryAfter": "PT2.5S"},
            }
        ],
        "extensions": {
            "cost": {
                "requested": 51,
                "actual": None,
                "available": 46,
                "restoreRate": 2,
                "size": 51,
            }
        },
    }
    assert calls_then == calls
    assert again.status_code == 200
    [line] = [one for one in logs if one["event"] == "operation.refused"]
    assert (line["stage"], line["codes"]) == ("budget", ["BUDGET_EXCEEDED"])


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_what_costs_more_than_a_budget_ever_holds_is_not_told_to_wait(accept: str) -> None:
    async with served(budget={"size": 50, "restore_rate": 10}) as gateway:
        refused = await gateway.post(accept=accept)
        after = await gateway.cost("{ __typename }")

    assert refused.status_code == 400
    assert "retry-after" not in refused.headers
    assert refused.json()["errors"] == [
        {
            "message": "The operation costs 51 points, more than its budget ever holds (50):"
            " ask for less at once.",
            "extensions": {"code": "OPERATION_TOO_COSTLY"},
        }
    ]
    assert after["available"] == 50


async def test_what_is_refused_before_costs_nothing() -> None:
    async with served() as gateway:
        for wrong in ("{", "{ nope }", "query A { __typename } query B { __typename }"):
            body = (await gateway.post(wrong)).json()
            assert "cost" not in body.get("extensions", {})
        await gateway.ask.http.get("/graphql", params={"query": "{ __typename }"})
        after = await gateway.cost("{ __typename }")

    assert after["available"] == 100


async def test_what_cannot_be_executed_for_its_variables_costs_nothing() -> None:
    async with served() as gateway:
        cost = await gateway.cost("query Q($n: Int!) { products(first: $n) { edges { cursor } } }")

    assert (cost["actual"], cost["available"]) == (0, 100)


async def test_what_fails_costs_what_its_answer_holds() -> None:
    async with served(shop(error=RuntimeError("a bug"))) as gateway:
        cost = await gateway.cost()

    assert (cost["requested"], cost["actual"], cost["available"]) == (ESTIMATE, 0, 100)


async def test_what_fails_at_its_root_costs_its_estimate() -> None:
    async with served() as gateway:
        failing = (
            "{ products(first: 5) { edges { node { id } } } locations(first: 0) { totalCount } }"
        )
        body = (await gateway.post(failing)).json()

    assert body["data"] is None
    cost = body["extensions"]["cost"]
    assert (cost["requested"], cost["actual"], cost["available"]) == (12, 12, 88)


@pytest.mark.parametrize(("first", "actual"), [(5, ESTIMATE), (1, 1 + 1 + 1 + 40)])
async def test_what_is_too_large_costs_its_estimate_or_what_it_held(
    first: int, actual: int
) -> None:
    variants = tuple(a_variant(f"{number:030}") for number in range(40))
    retailer = Retailer(known_products=(a_product(variants=variants),))
    listing = LISTING.replace("$n)", f"{first})").replace("($n: Int)", "")

    async with served(retailer, requests={"max_answer": 1_000}) as gateway:
        body = (await gateway.post(listing)).json()

    assert [one["extensions"]["code"] for one in body["errors"]] == ["ANSWER_TOO_LARGE"]
    cost = body["extensions"]["cost"]
    assert (cost["actual"], cost["available"]) == (actual, 100 - actual)


async def test_what_runs_out_of_time_costs_its_estimate_and_a_bug_of_ours_nothing() -> None:
    spending = Spending(Budget.model_validate(SMALL), clock=Clock())
    costs = [
        await spending.settle(await spending.charge(Caller(), 40), outcome)
        for outcome in (late(), broken(ValueError()))
    ]

    assert [(cost.actual, cost.available) for cost in costs] == [(40, 60), (0, 60)]


async def test_whoever_goes_away_pays_the_estimate() -> None:
    asked, never = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await never.wait()

    async with served() as gateway:
        gateway.retailer.wait = wait
        gone = asyncio.create_task(gateway.post())
        await asked.wait()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        gateway.retailer.wait = at_once
        after = await gateway.cost("{ __typename }")

    assert after["available"] == 100 - ESTIMATE


async def test_each_address_has_a_bucket_and_a_household_one_for_all_its_addresses() -> None:
    async with served() as gateway:
        await gateway.post(peer="192.0.2.1")
        await gateway.post(peer="2001:db8::1")
        others = [
            (await gateway.cost("{ __typename }", peer=peer))["available"]
            for peer in ("192.0.2.1", "192.0.2.2", "2001:db8::ffff", "2001:db8:0:1::1")
        ]

    assert others == [95, 100, 95, 100]


async def test_nobody_spends_the_points_of_an_address_that_is_not_theirs() -> None:
    server = {"trusted_proxies": ["10.0.0.0/8"]}
    async with served(server=server) as gateway:
        await gateway.post(peer="10.0.0.1", x_forwarded_for="192.0.2.1")
        spoofed = await gateway.cost(peer="192.0.2.9", x_forwarded_for="192.0.2.1")
        behind = await gateway.cost("{ __typename }", peer="10.0.0.2", x_forwarded_for="192.0.2.1")
    async with served() as gateway:
        unasked = [
            (await gateway.cost(peer="127.0.0.1", x_forwarded_for=f"192.0.2.{n}"))["available"]
            for n in range(2)
        ]

    assert (spoofed["available"], behind["available"]) == (95, 95)
    assert unasked == [95, 90]  # not even from this machine


async def test_a_network_may_have_points_of_its_own() -> None:
    budget = {
        **SMALL,
        "networks": {
            "10.0.0.0/8": {"size": 1_000, "restore_rate": 10},
            "10.1.0.0/16": {"size": 2_000, "restore_rate": 20},
            "2001:db8::/96": {"size": 3_000, "restore_rate": 30},
        },
    }
    async with served(budget=budget) as gateway:
        sizes = {
            peer: (await gateway.cost("{ __typename }", peer=peer))["size"]
            for peer in ("192.0.2.1", "10.2.0.1", "10.1.0.1", "2001:db8::1", "2001:db8::1:0:0:1")
        }
        await gateway.post(peer="2001:db8::1")
        neighbour = await gateway.cost("{ __typename }", peer="2001:db8::1:0:0:1")

    assert list(sizes.values()) == [100, 1_000, 2_000, 3_000, 100]
    assert neighbour["available"] == 100


async def test_who_has_proved_who_they_are_pays_alone_wherever_they_are() -> None:
    partners = {"PARTNER": {"size": 5_000, "restore_rate": 50}}
    one, other = as_(PrincipalKind.PARTNER), as_(PrincipalKind.PARTNER, "partner-2")
    async with served(budget={**SMALL, "kinds": partners}) as gateway:
        await gateway.post(**one)
        elsewhere = await gateway.cost("{ __typename }", peer="198.51.100.7", **one)
        another = await gateway.cost("{ __typename }", **other)
        staff = await gateway.cost("{ __typename }", **as_(PrincipalKind.STAFF))
        guest = await gateway.cost("{ __typename }")

    assert (elsewhere["size"], elsewhere["available"]) == (5_000, 5_000 - ACTUAL)
    assert (another["size"], another["available"]) == (5_000, 5_000)
    assert (staff["size"], guest["available"]) == (100, 100)


async def test_without_a_redis_each_process_has_its_part() -> None:
    async with served(budget={"size": 300, "restore_rate": 30, "processes": 3}) as gateway:
        cost = await gateway.cost("{ __typename }")

    assert (cost["size"], cost["restoreRate"]) == (100, 10)


async def test_metrics_count_points() -> None:
    async with served(server={"metrics": True}) as gateway:
        await gateway.post()
        await gateway.post()
        refused = await gateway.post()
        metrics = set((await gateway.ask.http.get("/metrics")).text.splitlines())

    assert refused.status_code == 200
    assert {
        f'tessera_points_total{{what="charged"}} {3 * ESTIMATE:.1f}',
        f'tessera_points_total{{what="refunded"}} {3 * (ESTIMATE - ACTUAL):.1f}',
        'tessera_points_total{what="local"} 0.0',
    } <= metrics


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_for_tests() as server:
        yield server


def where(server: RedisServer, folder: Path) -> dict[str, Any]:
    """`[redis]`, with its address in a file."""
    (folder / "redis").write_text(server.url)
    return {"url": {"file": str(folder / "redis")}, "timeout": "PT5S"}


async def test_two_gateways_spend_from_one_redis_and_no_address_is_told(
    redis: RedisServer, tmp_path: Path
) -> None:
    sections: dict[str, Any] = {
        "redis": where(redis, tmp_path),
        "budget": {"size": 100, "restore_rate": 1},
    }
    with capture_logs() as logs:
        async with served(**sections) as one, served(**sections) as other:
            begun = time.monotonic()
            await one.post()
            cost = await other.cost(CHEAP)
            passed = time.monotonic() - begun  # a point a second is back
            keys = await keys_of(redis)

    assert 0 <= cost["available"] - (100 - ACTUAL - 1) <= passed
    assert keys == [key_of("192.0.2.1").encode()]
    assert key_of("192.0.2.1") == PREFIX + hashlib.sha256(b"192.0.2.1").hexdigest()[:32]
    assert "192.0.2.1" not in str(logs)


async def keys_of(server: RedisServer) -> list[Any]:
    async with open_redis(server.url) as client:
        return list(await client.keys(f"{PREFIX}*"))


async def test_a_redis_that_dies_leaves_the_process_its_part_and_metrics_say_so(
    redis: RedisServer, tmp_path: Path
) -> None:
    sections: dict[str, Any] = {
        "redis": where(redis, tmp_path),
        "budget": {"size": 200, "restore_rate": 20, "processes": 2},
        "server": {"metrics": True},
    }
    async with served(**sections) as gateway:
        before = await gateway.cost()
        redis.kill()
        during = [await gateway.cost() for _ in range(4)]
        metrics = set((await gateway.ask.http.get("/metrics")).text.splitlines())

    assert (before["size"], before["actual"]) == (200, ACTUAL)
    assert [one["size"] for one in during] == 4 * [100]
    assert [one["available"] for one in during] == [95, 90, 85, 80]
    assert {
        "tessera_redis_silent 1.0",
        f'tessera_points_total{{what="local"}} {4 * ESTIMATE:.1f}',
    } <= metrics


async def test_documents_that_clients_teach_one_process_are_known_to_all(
    redis: RedisServer, tmp_path: Path
) -> None:
    sections: dict[str, Any] = {"redis": where(redis, tmp_path), "documents": {"automatic": True}}
    sha256 = hashlib.sha256(CHEAP.encode()).hexdigest()
    named = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256}}}
    async with served(**sections) as one, served(**sections) as other:
        await one.ask.http.post("/graphql", json={**named, "query": CHEAP})
        told = await other.ask.http.post("/graphql", json=named)

    assert told.json()["data"] == {"location": {"code": "ST-MIL"}}
