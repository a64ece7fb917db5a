"""Does a client take what is deferred in parts, and how are these sent to it?"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Send

from app.api.delivery import Delivery
from app.api.events_stream import HEADERS
from app.api.http_negotiation import multiparts
from app.api.multipart import END, delimiter, framed, media
from app.api.outcomes import Outcome
from app.api.parts import BY_ID, BY_PATH, Spelling, Told


@dataclass(frozen=True, slots=True)
class Protocol:
    """How parts are told to one client; `parameter` names it in the media type."""

    parameter: str
    spelling: Spelling


DEFER_2022 = Protocol("deferSpec=20220824", BY_PATH)
INCREMENTAL = Protocol("incrementalSpec=v0.2", BY_ID)
PROTOCOLS = {
    None: DEFER_2022,
    ("deferspec", "20220824"): DEFER_2022,
    ("incrementalspec", "v0.2"): INCREMENTAL,
}


def protocol_of(accept: str | None) -> Protocol | None:
    """How a client takes the parts of an answer; one that names no protocol knows the older."""
    named = (PROTOCOLS.get(one.specification) for one in multiparts(accept))
    return next((protocol for protocol in named if protocol is not None), None)


class Body:
    """A multipart body; `parameter` says in its media type what the parts are."""

    def __init__(self, send: Send, protocol: Protocol) -> None:
        self._send = send
        self._type = media("-", protocol.parameter).encode()
        self._begun = False

    async def begin(self, outcome: Outcome, status: int = 200) -> None:
        """Send the head of the answer; nobody on the way may keep it, or hold it back."""
        named = ((name.encode(), value.encode()) for name, value in outcome.headers.items())
        headers = [(b"content-type", self._type), *HEADERS, *named]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, told: Told, *, last: bool = False) -> None:
        """Send one part; none comes after the `last`."""
        lead = b"" if self._begun else delimiter("-")
        self._begun = True
        body = lead + framed(told, "-") + (END if last else b"")
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})


async def send_whole(send: Send, protocol: Protocol, outcome: Outcome, status: int) -> None:
    """An answer in one part, for a client that takes nothing but parts."""
    body = Body(send, protocol)
    await body.begin(outcome, status)
    await body.part(protocol.spelling.first(outcome, ()), last=True)


async def send_parts(send: Send, protocol: Protocol, outcome: Outcome, delivery: Delivery) -> None:
    """The first part of an answer and all that it leaves for later."""
    body = Body(send, protocol)
    await body.begin(outcome)
    await body.part(protocol.spelling.first(outcome, delivery.pending))
    async for part in delivery.rest():
        if (told := protocol.spelling.later(part)) is not None:
            await body.part(told, last=part.last)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and drop it as soon as the client goes away."""
    try:
        async with asyncio.TaskGroup() as both:
            working, watching = both.create_task(work), both.create_task(_gone(receive))
            working.add_done_callback(lambda _: watching.cancel())
            watching.add_done_callback(lambda _: working.cancel())
    except* OSError:
        pass  # gone: servers of ASGI 2.4 say so when something is sent


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
