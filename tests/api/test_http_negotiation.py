"""Old clients and new ones each get the media type and the statuses they understand."""

from collections.abc import AsyncIterator

import pytest

from app.api.http_negotiation import negotiated, takes_gzip, takes_page
from app.errors import UpstreamUnavailable
from tests.gateways import Asker, Retailer, gateway_over

OK = {"query": "{ __typename }"}
JSON = "application/json"
RESPONSE = "application/graphql-response+json"


@pytest.fixture
async def ask() -> AsyncIterator[Asker]:
    async with gateway_over({"shop": Retailer()}) as asker:
        yield asker


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (RESPONSE, RESPONSE),
        ("Application/GraphQL-Response+JSON; charset=UTF-8", RESPONSE),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{JSON}, {RESPONSE}", RESPONSE),
        (f"{JSON}, {RESPONSE};q=0.9", JSON),
        (f"{RESPONSE};q=0.5, */*", JSON),
        (f"{RESPONSE};q=0, */*", JSON),
        (f"{JSON};q=0, */*", RESPONSE),
        (f"{RESPONSE};q=much", None),
        (f"{RESPONSE};q=0", None),
        (f"{RESPONSE}; charset=utf-16", None),
        ("text/html", None),
        ("text/html, */*;q=0.1", JSON),
        (f"x{RESPONSE}", None),
        ("nonsense", None),
        (",;=" * 10_000, None),
    ],
)
def test_the_most_wanted_media_type_that_is_spoken_is_answered(
    accept: str | None, media: str | None
) -> None:
    assert negotiated(accept) == media


@pytest.mark.parametrize("media", [JSON, RESPONSE])
async def test_the_answer_says_its_media_type_and_that_nobody_may_keep_it(
    ask: Asker, media: str
) -> None:
    response = await ask.http.post("/graphql", json=OK, headers={"accept": media})

    assert response.headers["content-type"] == f"{media}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["vary"] == "Accept, Accept-Encoding"


async def test_a_client_that_takes_neither_is_told_before_anything_is_executed(ask: Asker) -> None:
    response = await ask.http.post("/graphql", json=OK, headers={"accept": "image/png"})

    assert response.status_code == 406
    assert response.json()["errors"][0]["message"] == (
        f"Accept {JSON}, {RESPONSE}, text/event-stream or multipart/mixed."
    )


@pytest.mark.parametrize(
    ("media", "statuses", "status"),
    [
        (RESPONSE, "draft-2026", 294),
        (RESPONSE, "draft-2023", 200),
        (JSON, "draft-2026", 200),
    ],
)
async def test_partial_data_has_a_status_of_its_own_for_those_who_know_it(
    media: str, statuses: str, status: int
) -> None:
    shop = Retailer()
    async with gateway_over({"shop": shop}, requests={"statuses": statuses}) as ask:
        shop.error = UpstreamUnavailable("is down")
        response = await ask.http.post(
            "/graphql",
            json={"query": '{ product(handle: "shirt") { name } __typename }'},
            headers={"accept": media},
        )

    assert response.json()["data"] == {"product": None, "__typename": "Query"}
    assert len(response.json()["errors"]) == 1
    assert response.status_code == status


@pytest.mark.parametrize(
    ("media", "statuses", "expected"),
    [
        (JSON, "draft-2026", (400, 200, 200, 200)),
        (RESPONSE, "draft-2026", (422, 400, 422, 422)),
        (RESPONSE, "draft-2023", (400, 400, 400, 400)),
    ],
)
async def test_each_draft_has_its_statuses(
    media: str, statuses: str, expected: tuple[int, ...]
) -> None:
    bodies = [
        {"qeury": "{ __typename }"},
        {"query": "{"},
        {"query": "{ nope }"},
        {"query": "{ __typename }", "operationName": "Nope"},
    ]
    async with gateway_over({"shop": Retailer()}, requests={"statuses": statuses}) as ask:
        answers = [
            await ask.http.post("/graphql", json=body, headers={"accept": media}) for body in bodies
        ]

    assert tuple(answer.status_code for answer in answers) == expected
    assert ["data" in answer.json() for answer in answers] == [False] * 4


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html", True),
        ("text/html, */*", True),
        ("application/json, text/html", True),
        ("application/json, text/html;q=0.1", False),
        ("text/html;q=0.9, */*", False),
        ("text/html;q=0.5, text/event-stream", False),
        ("text/html;q=0.5, multipart/mixed;q=0.6", False),
        ("text/html;q=0", False),
        ("text/*", False),
        ("*/*", False),
    ],
)
def test_a_page_is_for_those_who_want_nothing_more(accept: str, *, takes: bool) -> None:
    assert takes_page(accept) is takes


@pytest.mark.parametrize(
    ("accept_encoding", "takes"),
    [
        ("gzip", True),
        ("GZip;q=0.1, br", True),
        ("br, *", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0, *", False),
        ("x-gzip-not", False),
    ],
)
def test_gzip_is_for_those_who_take_it(accept_encoding: str, *, takes: bool) -> None:
    assert takes_gzip(accept_encoding) is takes
