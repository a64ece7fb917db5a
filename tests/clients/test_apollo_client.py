"""Apollo Client itself, with its link for persisted queries, against the gateway."""

import json
import os
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
import pytest

from app.engine.documents import hash_of
from connectors.kit.serve import serve
from tests.clients.test_http_audits import app_of, requests_only
from tests.gateways import Retailer, gateway_over
from tests.node import Engine, NoNodeError, absent, find_engine, installed, run

RECIPE = Path(__file__).parent / "apollo"
WITHIN = 60.0  # seconds
QUERY = "query Store($code: LocationCode!) { location(code: $code) { code } }"
DATA = {"location": {"__typename": "Location", "code": "ST-MIL"}}
# The text as Apollo Client prints it, with what its cache needs.
PRINTED = """query Store($code: LocationCode!) {
  location(code: $code) {
    code
    __typename
  }
}"""


@pytest.fixture(scope="module")
def packages() -> tuple[Engine, Path]:
    try:
        engine = find_engine()
        return engine, installed(RECIPE, engine)
    except NoNodeError as error:
        absent("Apollo Client", error)


async def asked(
    packages: tuple[Engine, Path], *, get: bool = False, **sections: Any
) -> tuple[list[tuple[str, bool, bool, int]], list[Any]]:
    """Each request (method, whether hashed, whether with the text, status), and the answers."""
    engine, home = packages
    async with (
        gateway_over({"shop": Retailer()}, **sections) as ask,
        serve(requests_only(app_of(ask))) as address,
    ):
        question = {
            "address": f"{address}/graphql",
            "query": QUERY,
            "variables": {"code": "ST-MIL"},
            "get": get,
        }
        command = [*engine.node, "ask.mjs", json.dumps(question)]
        told = orjson.loads(await anyio.to_thread.run_sync(run, command, home, os.environ, WITHIN))
    assert {one["client"] for one in told["requests"]} == {"web"}
    assert {one["query"] for one in told["requests"]} <= {None, PRINTED}
    requests = [
        (one["method"], one["hashed"], one["query"] is not None, one["status"])
        for one in told["requests"]
    ]
    return requests, told["answers"]


ANSWERED = 3 * [{"data": DATA, "error": None}]


@pytest.mark.parametrize("get", [False, True])
async def test_it_teaches_its_document_once_and_sends_the_hash_from_then_on(
    packages: tuple[Engine, Path], *, get: bool
) -> None:
    requests, answers = await asked(packages, get=get, documents={"automatic": True})

    hashed = "GET" if get else "POST"
    assert requests == [
        (hashed, True, False, 200),
        ("POST", True, True, 200),
        (hashed, True, False, 200),
        (hashed, True, False, 200),
    ]
    assert answers == ANSWERED


async def test_it_sends_texts_once_it_is_told_that_hashes_are_not_supported(
    packages: tuple[Engine, Path],
) -> None:
    requests, answers = await asked(packages)

    assert requests == [("POST", True, False, 200), *(3 * [("POST", False, True, 200)])]
    assert answers == ANSWERED


@pytest.mark.parametrize("get", [False, True])
async def test_a_registered_document_needs_no_teaching(
    packages: tuple[Engine, Path], tmp_path: Path, *, get: bool
) -> None:
    (tmp_path / "web.json").write_text(json.dumps({hash_of(PRINTED): PRINTED}))
    documents = {"mode": "enforce", "folder": str(tmp_path)}

    requests, answers = await asked(packages, get=get, documents=documents)

    assert requests == 3 * [("GET" if get else "POST", True, False, 200)]
    assert answers == ANSWERED


async def test_a_document_that_is_not_registered_fails_in_words(
    packages: tuple[Engine, Path], tmp_path: Path
) -> None:
    other = "{ __typename }"
    (tmp_path / "web.json").write_text(json.dumps({hash_of(other): other}))
    documents = {"mode": "enforce", "folder": str(tmp_path)}

    requests, answers = await asked(packages, documents=documents)

    assert requests[0] == ("POST", True, False, 403)
    assert {one["data"] is None for one in answers} == {True}
    assert all("Only registered documents are executed" in one["error"] for one in answers)
