"""Does a client take its answer in parts, and how are they sent to it?

The parts are those of a multipart/mixed body. Each is sent as soon as it is there, with the
delimiter after it: clients take a part for complete when they see the next delimiter.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Receive, Send

from app.api.delivery import Delivery
from app.api.http_negotiation import multiparts
from app.api.outcomes import Outcome
from app.api.parts import BY_ID, BY_PATH, Spelling

HEADERS = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Protocol:
    """How parts are told to one client; `parameter` names it in the media type."""

    parameter: str
    spelling: Spelling


DEFER_2022 = Protocol("deferSpec=20220824", BY_PATH)
INCREMENTAL = Protocol("incrementalSpec=v0.2", BY_ID)
PROTOCOLS = {("deferspec", "20220824"): DEFER_2022, ("incrementalspec", "v0.2"): INCREMENTAL}


def protocol_of(accept: str | None) -> Protocol | None:
    """How a client takes the parts of an answer; one that names no protocol knows the older."""
    for media in multiparts(accept):
        specified = [one for one in media.parameters.items() if one[0].endswith("spec")]
        if not specified:
            return DEFER_2022
        if known := [PROTOCOLS[one] for one in specified if one in PROTOCOLS]:
            return known[0]
    return None


class Multipart:
    """A body in parts; `parameter` says in its media type what they are."""

    def __init__(self, send: Send, *, boundary: str, parameter: str) -> None:
        self._send = send
        self._delimiter = f"\r\n--{boundary}".encode()
        self._type = f'multipart/mixed;boundary="{boundary}";{parameter}'.encode()
        self._begun = False

    async def begin(self, status: int = 200) -> None:
        """Send the head of the answer; nobody on the way may keep it, or hold it back."""
        headers = [
            (b"content-type", self._type),
            (b"cache-control", b"no-store"),
            (b"vary", b"Accept"),
            (b"x-accel-buffering", b"no"),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, told: dict[str, Any], *, last: bool = False) -> None:
        """Send one part; none comes after the `last`."""
        before = b"" if self._begun else self._delimiter
        after = self._delimiter + (b"--\r\n" if last else b"")
        body = b"".join((before, HEADERS, orjson.dumps(told), after))
        self._begun = True
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})


def multipart(send: Send, protocol: Protocol) -> Multipart:
    """The body of an answer in parts."""
    return Multipart(send, boundary="-", parameter=protocol.parameter)


async def send_whole(send: Send, protocol: Protocol, outcome: Outcome, status: int) -> None:
    """An answer in one part, for a client that takes nothing but parts."""
    body = multipart(send, protocol)
    await body.begin(status)
    await body.part(protocol.spelling.first(outcome, ()), last=True)


async def send_rest(send: Send, protocol: Protocol, outcome: Outcome, delivery: Delivery) -> None:
    """The first part of an answer and all that it leaves for later."""
    body = multipart(send, protocol)
    await body.begin()
    await body.part(protocol.spelling.first(outcome, delivery.pending))
    async for part in delivery.rest():
        if (told := protocol.spelling.later(part)) is not None:
            await body.part(told, last=part.last)


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, and drop it as soon as the client goes away."""
    async with asyncio.TaskGroup() as both:
        working, watching = both.create_task(work), both.create_task(_gone(receive))
        working.add_done_callback(lambda _: watching.cancel())
        watching.add_done_callback(lambda _: working.cancel())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
