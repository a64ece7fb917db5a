"""What a client sees of each fault, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.faults import (
    ERROR_PAGE,
    HTML,
    FaultyWire,
    answering,
    cut,
    cuts_unlogged,
    refusing,
    rewriting,
    silence,
)
from connectors.kit.serve import serve
from connectors.kit.specimen import Asgi


async def _rows(request: Request) -> Response:
    status = 404 if "missing" in request.query_params else 200
    return JSONResponse({"rows": [{"n": 1}]}, status_code=status)


@asynccontextmanager
async def a_wire() -> AsyncIterator[tuple[FaultyWire, aiohttp.ClientSession]]:
    routes = [Route("/rows", _rows), Route("/login", _rows, methods=["POST"])]
    wire = FaultyWire(cast("Asgi", Starlette(routes=routes)))
    with cuts_unlogged():
        async with serve(wire) as url, aiohttp.ClientSession(url) as client:
            yield wire, client


async def seen(client: aiohttp.ClientSession, path: str = "/rows") -> tuple[int, bytes]:
    async with client.get(path) as response:
        return response.status, await response.read()


HEALTHY = (200, b'{"rows":[{"n":1}]}')


async def test_a_wire_passes_everything_through_until_it_is_broken_and_again_when_mended() -> None:
    async with a_wire() as (wire, client):
        before = await seen(client)
        wire.break_with(answering(200, b"[]"))
        broken = await seen(client)
        wire.mend()
        after = await seen(client)

    assert (before, broken, after) == (HEALTHY, (200, b"[]"), HEALTHY)
    assert (wire.requests, wire.broken) == (3, 1)


async def test_a_fault_can_wait_for_the_requests_before_it() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(refusing(500), after=2)
        statuses = [(await seen(client))[0] for _ in range(4)]

    assert statuses == [200, 200, 500, 500]


async def test_a_fault_can_spare_the_requests_it_is_not_meant_for() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(refusing(500), matching=lambda scope: scope["path"] == "/rows")
        async with client.post("/login", json={}) as login:
            statuses = [login.status, (await seen(client))[0]]

    assert statuses == [200, 500]


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500])
async def test_a_refusal_is_an_error_document_with_its_status(status: int) -> None:
    async with a_wire() as (wire, client):
        wire.break_with(refusing(status, retry_after=7))
        async with client.get("/rows") as response:
            told = (response.status, response.headers["Retry-After"], response.content_type)

    assert told == (status, "7", "application/json")


async def test_rubbish_comes_with_the_status_of_success() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(answering(200, ERROR_PAGE, HTML))

        assert await seen(client) == (200, ERROR_PAGE)


async def test_silence_lasts_until_the_client_leaves() -> None:
    heard, left = asyncio.Event(), asyncio.Event()

    async with a_wire() as (wire, client):

        async def watched(*request: object) -> None:
            heard.set()
            await silence(*request)  # type: ignore[arg-type]  # as the wire passes it
            left.set()

        wire.break_with(watched)
        asking = asyncio.create_task(seen(client))
        async with asyncio.timeout(60):
            await heard.wait()
            assert not asking.done()
            asking.cancel()
            await left.wait()


async def test_a_cut_connection_ends_in_the_middle_of_the_body() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(cut)
        async with client.get("/rows") as response:
            assert (response.status, response.headers["Content-Length"]) == (200, "1000")
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()


async def test_an_answer_is_rewritten_with_its_length() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(rewriting(lambda body: body + b" "))

        assert await seen(client) == (200, HEALTHY[1] + b" ")


async def test_an_error_of_the_vendor_is_not_rewritten() -> None:
    async with a_wire() as (wire, client):
        wire.break_with(rewriting(lambda _: b"rewritten"))

        assert await seen(client, "/rows?missing=1") == (404, HEALTHY[1])
