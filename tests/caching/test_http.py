"""What caches on the way may keep, for how long, and for whom."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import strawberry
from redis.asyncio import Redis

from app.api.headers import RequestHeaders
from app.api.hints import CacheControl, Scope, kept
from app.api.schema import Schema
from tests.builders import NOON
from tests.caching.builders import Clock, Held, Shop, a_gateway, kept_by_all, over
from tests.caching.serving import served
from tests.redis import RedisServer, until

PREFLIGHT = {"x-tessera-preflight": "1"}
PRODUCT = '{ product(handle: "shirt") { name } }'
STOCK = '{ variants(skus: ["SHIRT-M"]) { availableToSell { status } } }'


@pytest.fixture
async def at() -> AsyncIterator[Shop]:
    async with a_gateway() as shop:
        yield shop


async def got(at: Shop, query: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await at.ask.http.get("/graphql", params={"query": query}, headers=PREFLIGHT | named)


def told(response: httpx.Response) -> dict[str, str]:
    names = ("cache-control", "age", "vary")
    return {name: response.headers[name] for name in names if name in response.headers}


async def test_an_answer_says_how_long_it_may_be_kept_and_how_old_it_is(at: Shop) -> None:
    made = await got(at, PRODUCT)
    at.clock.passes(20.2)
    again = await got(at, PRODUCT)

    assert told(made) == {
        "cache-control": "public, max-age=60, s-maxage=60",
        "vary": "Accept, Accept-Language, Accept-Encoding",
    }
    assert told(again) == told(made) | {"age": "21"}


@pytest.mark.parametrize(
    ("seconds", "joined"),
    [
        (1.6, ("public, max-age=60, s-maxage=60", "2")),
        (60.0, ("no-store", None)),
    ],
)
async def test_who_joins_what_is_being_made_is_told_its_age(
    seconds: float, joined: tuple[str, str | None]
) -> None:
    held = Held()
    async with a_gateway(server={"metrics": True}) as at:

        async def both_wait() -> bool:
            text = (await at.ask.http.get("/metrics")).text
            return "tessera_operations_in_flight 2.0" in text

        async def asked() -> bool:
            return at.calls("products") > 0

        at.shop.wait = held
        first = asyncio.create_task(got(at, PRODUCT))
        await until(asked)
        at.clock.passes(seconds)
        second = asyncio.create_task(got(at, PRODUCT))
        await until(both_wait)
        held.gate.set()
        both = await asyncio.gather(first, second)
        told = [(one.headers["cache-control"], one.headers.get("age")) for one in both]

    assert told == [("public, max-age=60, s-maxage=60", None), joined]
    assert at.counts == {"miss": 1, "joined": 1}


async def test_what_another_process_dates_in_the_future_is_made_anew(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    redis = over(empty_server, tmp_path)
    async with (
        a_gateway(clock=Clock(NOON + timedelta(seconds=4)), redis=redis) as ahead,
        a_gateway(redis=redis) as at,
    ):
        await got(ahead, STOCK)

        async def kept() -> bool:
            return await kept_by_all(client) == 1

        await until(kept)
        ages = []
        for seconds in (0.0, 1.5, 0.5):
            at.clock.passes(seconds)
            ages.append((await got(at, STOCK)).headers.get("age"))

    assert ages == [None, "2", None]
    assert at.calls("stock_levels") == 2


async def test_what_is_left_of_the_data_is_all_that_may_be_kept(at: Shop) -> None:
    await got(at, PRODUCT)
    at.clock.passes(40)
    other = await got(at, '{ product(handle: "shirt") { brand } }')

    assert other.headers["cache-control"] == "public, max-age=20, s-maxage=20"
    assert "age" not in other.headers
    stock = await got(at, STOCK)
    assert stock.headers["cache-control"] == "public, max-age=2, s-maxage=2"


@pytest.mark.parametrize(
    "query",
    [
        '{ product(handle: "shirt") { name } nope }',
        "{ upstreams { name } }",
        "{ __typename }",
        '{ product(id: "rubbish") { name } }',
        "{",
    ],
)
async def test_errors_and_what_says_nothing_are_not_kept(at: Shop, query: str) -> None:
    response = await got(at, query)

    assert told(response) == {"cache-control": "no-store", "vary": "Accept, Accept-Encoding"}
    assert "etag" not in response.headers


async def test_what_is_known_already_is_not_sent_again(at: Shop) -> None:
    made = await got(at, PRODUCT)
    at.clock.passes(3)
    same = await got(at, PRODUCT, if_none_match=f'"x", {made.headers["etag"]}')
    any_ = await got(at, PRODUCT, if_none_match="*")
    other = await got(at, PRODUCT, if_none_match='W/"other"')

    assert (same.status_code, same.content, same.headers["etag"]) == (
        304,
        b"",
        made.headers["etag"],
    )
    assert told(same) == {
        "cache-control": "public, max-age=60, s-maxage=60",
        "age": "3",
        "vary": "Accept, Accept-Language, Accept-Encoding",
    }
    assert "content-type" not in same.headers
    assert (any_.status_code, other.status_code) == (304, 200)


async def test_a_list_may_be_told_in_several_lines(at: Shop) -> None:
    made = await got(at, PRODUCT)
    lines = [
        ("accept", "text/html"),
        ("accept", "application/graphql-response+json"),
        ("if-none-match", '"x"'),
        ("if-none-match", made.headers["etag"]),
        *PREFLIGHT.items(),
    ]
    taken = await at.ask.http.get(
        "/graphql", params={"query": PRODUCT}, headers=lines[:2] + lines[4:]
    )
    same = await at.ask.http.get("/graphql", params={"query": PRODUCT}, headers=lines)

    assert taken.status_code == 200
    assert taken.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert same.status_code == 304


@pytest.mark.parametrize(
    "name", ["accept", "accept-encoding", "accept-language", "if-none-match", "tracestate"]
)
def test_the_lines_of_a_list_are_one_in_their_order(name: str) -> None:
    lines = [(name.encode(), value) for value in (b"a;q=1, b", b"c", b"d")]

    headers = RequestHeaders({"headers": [*lines, (b"host", b"here")]})

    assert [headers.get(one) for one in (name, "host")] == ["a;q=1, b, c, d", "here"]
    assert headers.times(name.encode()) == 3


@pytest.mark.parametrize("name", ["authorization", "content-type", "host", "x-request-id"])
def test_of_what_is_told_once_the_first_line_counts(name: str) -> None:
    lines = [(name.encode(), b"a"), (name.encode(), b"b")]

    assert RequestHeaders({"headers": lines}).get(name) == "a"


async def test_the_tag_is_another_for_another_answer(at: Shop) -> None:
    tags = {
        (await got(at, query, accept_language=language)).headers["etag"]
        for query, language in [(PRODUCT, "it"), (PRODUCT, "en"), (STOCK, "it")]
    }

    assert len(tags) == 3
    assert all(tag.startswith('W/"') for tag in tags)


async def test_a_post_is_told_too_and_never_gets_a_304(at: Shop) -> None:
    tag = (await got(at, PRODUCT)).headers["etag"]
    made = await at.ask.post(PRODUCT)
    again = await at.ask.http.post(
        "/graphql", json={"query": PRODUCT}, headers={"if-none-match": tag}
    )

    assert "etag" not in made.headers
    assert made.headers["cache-control"] == "public, max-age=60, s-maxage=60"
    assert again.status_code == 200


async def test_a_refusal_cannot_be_taken_for_what_is_known(at: Shop) -> None:
    refused = await at.ask.http.get(
        "/graphql", params={"query": PRODUCT}, headers={"if-none-match": "*"}
    )

    assert (refused.status_code, refused.headers["cache-control"]) == (400, "no-store")


async def test_entities_are_kept_as_their_types_are(at: Shop) -> None:
    query = (
        """query E($r: [_Any!]!) { _entities(representations: $r) { ... on Location { name } } }"""
    )
    given = {"r": [{"__typename": "Location", "code": "ST-MIL"}]}
    response = await at.ask.post(query, **given)
    unknown = await at.ask.post(query, r=[{"__typename": "Nope"}])

    assert response.json()["data"] == {"_entities": [{"name": "Store ST-MIL"}]}
    assert response.headers["cache-control"] == "public, max-age=300, s-maxage=300"
    assert unknown.headers["cache-control"] == "no-store"


@strawberry.type(directives=[CacheControl(max_age=60, scope=Scope.PRIVATE)])
class Me:
    name: str = "Ann"


@strawberry.type(directives=kept(60))
class Thing:
    name: str = "Lamp"


@strawberry.type
class Query:
    @strawberry.field
    def me(self) -> Me:
        ASKED.append("me")
        return Me()

    @strawberry.field
    def thing(self) -> Thing:
        ASKED.append("thing")
        return Thing()


ASKED: list[str] = []


async def test_what_is_private_is_kept_by_nobody_but_the_one_who_asked() -> None:
    ASKED.clear()
    async with served(Schema(query=Query)) as http:

        async def ask(query: str) -> Any:
            return await http.post("/graphql", json={"query": query})

        both = [await ask("{ thing { name } me { name } }") for _ in range(2)]
        public = [await ask("{ thing { name } }") for _ in range(2)]

    assert [one.headers["cache-control"] for one in both] == ["private, max-age=60"] * 2
    assert [one.headers["cache-control"] for one in public] == [
        "public, max-age=60, s-maxage=60"
    ] * 2
    assert ASKED == ["thing", "me", "thing", "me", "thing"]
