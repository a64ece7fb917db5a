"""What a body asks is read once, unless the answer may tell of a person."""

from typing import Any

import orjson
import pytest
from msgspec import structs

from app.api.asking import EACH, LARGEST, Asked, Questions, asked
from app.api.headers import RequestHeaders
from app.api.manners import MOST_REMEMBERED, manner_of
from tests.gateways import Retailer, asking, running_over

OF_NOBODY = "query One($first: Int) { products(first: $first) { totalCount } }"
OF_SOMEBODY = "query Two($id: ID!) { node(id: $id) { id } }"
CHANGING = "mutation Three($input: CartCreateInput!) { cartCreate(input: $input) { __typename } }"


def read(body: bytes) -> Asked:
    return asked(orjson.loads(body), body)


def body(number: int, *, size: int = 0) -> bytes:
    return orjson.dumps({"query": "{ a }", "variables": {"n": number, "text": "x" * size}})


async def test_the_questions_of_nobody_are_read_once() -> None:
    gateway = await running_over({"shop": Retailer()})
    async with asking(gateway.app()) as ask:
        answers = [await ask(OF_NOBODY, first=first) for first in (1, 1, 2)]
    assert gateway.operations is not None
    questions = gateway.operations.questions

    assert answers[0]["data"] == answers[1]["data"]
    bodies = [orjson.dumps({"query": OF_NOBODY, "variables": {"first": n}}) for n in (1, 2, 3)]
    found = [questions.find(one) for one in bodies]
    assert [one and one.variables for one in found] == [{"first": 1}, {"first": 2}, None]


@pytest.mark.parametrize(
    ("query", "variables"),
    [(OF_SOMEBODY, {"id": "secret"}), (CHANGING, {"input": {}}), ("{ nobody }", {})],
)
async def test_what_may_be_of_somebody_is_forgotten(query: str, variables: dict[str, Any]) -> None:
    gateway = await running_over({"shop": Retailer()})
    async with asking(gateway.app()) as ask:
        for _ in range(2):
            await ask(query, **variables)
    assert gateway.operations is not None

    assert gateway.operations.questions.size == 0


def test_the_first_questions_go_when_there_are_too_many() -> None:
    bodies = [body(number) for number in range(10)]
    questions = Questions(most=3 * (EACH + 3 * len(bodies[0])))
    for one in bodies:
        questions.keep(one, read(one))
        questions.keep(one, read(one))

    assert [questions.find(one) is not None for one in bodies] == [False] * 7 + [True] * 3
    assert questions.size == 3 * (EACH + 3 * len(bodies[0]))
    (kept, first), told = (questions.find(one) for one in bodies[8:]), read(bodies[9])
    assert kept is not None
    assert first is not None
    assert first.again is not kept.again
    assert structs.replace(first, again=None) == structs.replace(told, body=None)


def test_a_large_question_is_not_kept() -> None:
    questions = Questions()
    large = body(1, size=LARGEST)
    questions.keep(large, read(large))
    assert (questions.find(large), questions.size) == (None, 0)


def headers(**given: str) -> RequestHeaders:
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    return RequestHeaders({"headers": lines})


def test_who_says_the_same_has_the_same_manner_whatever_else_is_said() -> None:
    said = {"accept": "application/json", "content_type": "application/json"}
    one = manner_of(headers(**said, host="a", x_request_id="1"))

    assert manner_of(headers(host="b", **said)) is one
    assert manner_of(headers(**said, accept_encoding="gzip")) != one


def test_long_headers_are_understood_and_not_remembered() -> None:
    said = headers(accept="application/json", graphql_client_name="x" * MOST_REMEMBERED)
    first, second = manner_of(said), manner_of(said)

    assert first is not second
    assert (first.media, first.client) == (second.media, None) == ("application/json", None)
