"""An app served over real HTTP inside the running loop."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import cast

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.kit.serve import serve
from connectors.kit.specimen import Asgi


def saying(word: str) -> Asgi:
    async def say(_request: Request) -> Response:
        return PlainTextResponse(word)

    return cast("Asgi", Starlette(routes=[Route("/", say)]))


async def test_two_apps_are_served_side_by_side_on_loopback() -> None:
    async with serve(saying("a")) as one, serve(saying("b")) as two, aiohttp.ClientSession() as get:
        words = [await (await get.get(url)).text() for url in (one, two)]

    assert words == ["a", "b"]
    assert {url.rpartition(":")[0] for url in (one, two)} == {"http://127.0.0.1"}
    assert one != two


async def test_answers_carry_the_time() -> None:
    async with serve(saying("a")) as url, aiohttp.ClientSession() as session:
        response = await session.get(url)

    assert parsedate_to_datetime(response.headers["Date"]).tzinfo is not None


async def test_nobody_is_waited_for_at_the_end() -> None:
    reached, left = asyncio.Event(), asyncio.Event()

    async def hang(_request: Request) -> Response:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError

    app = cast("Asgi", Starlette(routes=[Route("/", hang)]))

    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(60), serve(app) as url:
            asking = asyncio.ensure_future(session.get(url))
            await reached.wait()
        with pytest.raises(aiohttp.ClientError):
            await asking

    assert left.is_set()


async def test_the_port_is_free_again_at_the_end() -> None:
    async with serve(saying("a")) as url:
        pass

    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)


async def test_an_app_starts_and_stops_with_the_block() -> None:
    told: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        told.append("start")
        yield
        told.append("stop")

    async with serve(cast("Asgi", Starlette(lifespan=lifespan))):
        told.append("serving")

    assert told == ["start", "serving", "stop"]


async def test_an_app_that_cannot_start_is_an_error_and_not_the_end_of_the_process() -> None:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        raise OSError("no disk")
        yield

    with pytest.raises(RuntimeError, match="the app did not start: its lifespan failed"):
        async with serve(cast("Asgi", Starlette(lifespan=lifespan))):
            pytest.fail("it must not be reached")


async def test_signals_stay_with_the_host() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async with serve(saying("a")):
        during = signal.getsignal(signal.SIGTERM)

    assert during is before
