"""How are answers told as server-sent events (GraphQL over SSE, distinct connections mode)?

What is no request over HTTP was answered before, as HTTP does. What was read as a request is
answered by events with status 200, refusals too: the protocol says so, since clients come back
again and again after anything else.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing, suppress
from time import perf_counter
from typing import Any

import structlog
from starlette.types import Message, Receive, Send

from app.api.conversation import Sleep
from app.api.errors import masked
from app.api.http_reading import BadRequest
from app.api.lasting import EVENTS, FullError, Lasting
from app.api.outcomes import Outcome, refused
from app.api.subscribing import Outcomes
from app.settings import Streams

log = structlog.get_logger(__name__)
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # what proxies keep back arrives late
    (b"vary", b"Accept"),
]
COMMENT = b":\n\n"
COMPLETE = b"event: complete\ndata: \n\n"  # with data, or an EventSource would not tell of it
FULL = "Too many connections are open."
UNHEARD = frozenset({"gone", "slow"})


class EventStreams:
    """Tells answers as events; `lasting` counts the streams."""

    def __init__(self, lasting: Lasting, streams: Streams, sleep: Sleep = asyncio.sleep) -> None:
        self.lasting = lasting
        self._streams = streams
        self._sleep = sleep

    async def tell(self, answers: Outcome | Outcomes, receive: Receive, send: Send) -> None:
        """Tell one answer, or as many as come until the client goes or the process ends.

        Raises:
            BadRequest: there is no place for one more stream.
        """
        if isinstance(answers, Outcome):
            self.lasting.operations[EVENTS] += 1
            await send(_start())
            await send(_part(_next(answers, 1) + COMPLETE, more=False))
            return
        async with aclosing(answers):
            try:
                with self.lasting.held(EVENTS):
                    self.lasting.operations[EVENTS] += 1
                    await self._streamed(answers, receive, send)
            except FullError as full:
                outcome = refused(FULL, "UNAVAILABLE", 503, retry_after="5")
                raise BadRequest(outcome) from full

    async def _streamed(self, answers: Outcomes, receive: Receive, send: Send) -> None:
        started = perf_counter()
        await send(_start())
        log.info("events.opened")
        ended = await _first_of(
            complete=self._telling(answers, send),
            silent=self._pinging(send),
            gone=_gone(receive),
            leaving=_left(self.lasting.leaving),
        )
        if ended not in UNHEARD:
            with suppress(OSError, TimeoutError):
                await self._write(send, b"", more=False)
        log.info(
            "events.closed",
            why=ended,
            milliseconds=round((perf_counter() - started) * 1000, 1),
        )

    async def _telling(self, answers: Outcomes, send: Send) -> None:
        await self._write(send, COMMENT)
        number = 0
        async for outcome in answers:
            number += 1
            self.lasting.answers[EVENTS] += 1
            await self._write(send, _next(outcome, number))
        await self._write(send, COMPLETE)

    async def _pinging(self, send: Send) -> None:
        while True:
            await self._sleep(self._streams.ping_every.total_seconds())
            await self._write(send, COMMENT)

    async def _write(self, send: Send, text: bytes, *, more: bool = True) -> None:
        """Write whole events; a `TimeoutError` when nobody takes them."""
        async with asyncio.timeout(self._streams.patience.total_seconds()):
            await send(_part(text, more=more))


def _start() -> Message:
    return {"type": "http.response.start", "status": 200, "headers": list(HEADERS)}


def _part(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def _next(outcome: Outcome, number: int) -> bytes:
    """One answer under the cursor of its event, or else under its number."""
    id_ = outcome.cursor or str(number)
    return b"event: next\nid: %b\ndata: %b\n\n" % (id_.encode(), outcome.body())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _left(leaving: asyncio.Event) -> None:
    await leaving.wait()


async def _first_of(**works: Coroutine[Any, Any, None]) -> str:
    """Do several things until one ends, and say which; the others are cancelled and waited for."""
    tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    first = done.pop()
    match first.exception():
        case None:
            return first.get_name()
        case TimeoutError():
            return "slow"
        case OSError():
            return "gone"
        case Exception() as bug:
            masked(bug)
    return "bug"
