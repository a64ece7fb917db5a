"""The audits of graphql-http, the reference implementation, run against the gateway."""

import os
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import orjson
import pytest

from connectors.kit.serve import serve
from connectors.kit.specimen import Asgi
from tests.gateways import Asker, Retailer, gateway_over
from tests.node import Engine, NoNodeError, absent, find_engine, installed, run

RECIPE = Path(__file__).parent / "http"
WITHIN = 60.0  # seconds

LATER_DRAFT = {  # the audits know the draft of 2023, which had 400 where that of 2026 has 422
    "423L": "MAY use 400 status code on missing {query} parameter",
    "86EE": "SHOULD use a status code of 400 on variable coercion failure when accepting"
    " application/graphql-response+json",
}


@pytest.fixture(scope="module")
def packages() -> tuple[Engine, Path]:
    try:
        engine = find_engine()
        return engine, installed(RECIPE, engine)
    except NoNodeError as error:
        absent("the audits of graphql-http", error)


def app_of(ask: Asker) -> Asgi:
    transport = ask.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app


def requests_only(app: Asgi) -> Asgi:
    """The app without its lifespan: its made-up connections are open already."""

    async def only(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return only


async def audited(packages: tuple[Engine, Path], statuses: str) -> list[dict[str, Any]]:
    engine, home = packages
    requests = {"statuses": statuses, "introspection": True}
    async with (
        gateway_over({"shop": Retailer()}, requests=requests) as ask,
        serve(requests_only(app_of(ask))) as address,
    ):
        command = [*engine.node, "audit.mjs", f"{address}/graphql"]
        told = await anyio.to_thread.run_sync(run, command, home, os.environ, WITHIN)
    results: list[dict[str, Any]] = orjson.loads(told)
    return results


async def test_all_61_audits_pass_under_the_draft_they_know(
    packages: tuple[Engine, Path],
) -> None:
    results = await audited(packages, "draft-2023")

    assert [one for one in results if one["status"] != "ok"] == []
    assert len(results) == 61


async def test_under_the_latest_draft_only_its_new_statuses_differ(
    packages: tuple[Engine, Path],
) -> None:
    results = await audited(packages, "draft-2026")

    assert {one["id"]: one["name"] for one in results if one["status"] != "ok"} == LATER_DRAFT
    assert len(results) == 61
