"""The heads of answers are what uvicorn would make of them, bit by bit."""

import asyncio
import logging
from functools import partial
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.heads import CHANGING, LINES, MOST_LINES, swiftly

BODY = b"12345"
COMMON = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-request-id", b"7"),
    (b"vary", b"Accept"),
]
ODD = [
    (b"Content-Type", b"text/plain"),
    (b"connection", b"close"),
    (b"connection", b"keep-alive, Close"),
    (b"transfer-encoding", b"chunked"),
    (b"Content-Length", b"5"),
    (b"content-length", b"4"),
    (b"content-length", b"7"),
    (b"content-length", b"five"),
    (b"bad name", b"1"),
    (b"x-cut", b"a\r\nset-cookie: b"),
    (b"x-null", b"\x00"),
    (b"1", b"digits"),
]
LENGTH = (b"content-length", b"5")


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.said = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.said += data

    def close(self) -> None:
        self.closed = True


async def answered(
    headers: list[tuple[bytes, bytes]], status: int, *, keep: bool, ours: bool
) -> tuple[bytes, bool, bool, type | None]:
    """What a client gets, whether the connection goes on, and what was wrong."""
    transport: Any = Transport()
    flow: Any = SimpleNamespace(write_paused=False)
    cycle = RequestResponseCycle(
        {"method": "POST"},  # type: ignore[typeddict-item]  # all that is looked at
        transport,
        flow,
        logging.getLogger(),
        logging.getLogger(),
        access_log=False,
        default_headers=[(b"date", b"Fri")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep,
        on_response=lambda: None,
    )

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    wrong: type | None = None
    its: Any = cycle
    begin = partial(swiftly, app, cycle) if ours else app
    try:
        await begin({}, its.receive, its.send)
    except (RuntimeError, ValueError) as error:
        wrong = type(error)
    return transport.said, transport.closed, cycle.response_complete, wrong


@given(
    st.lists(st.sampled_from([*COMMON, *ODD]), max_size=6),
    st.integers(0, 6),
    st.sampled_from([200, 294, 422, 500]),
    st.booleans(),
)
async def test_a_head_is_the_one_that_uvicorn_makes(
    headers: list[tuple[bytes, bytes]],
    place: int,
    status: int,
    keep: bool,  # noqa: FBT001  drawn by hypothesis
) -> None:
    headers = [*headers[:place], LENGTH, *headers[place:]]
    for _ in range(2):
        ours = await answered(headers, status, keep=keep, ours=True)
        assert ours == await answered(headers, status, keep=keep, ours=False)


async def test_lines_that_are_other_each_time_are_not_remembered() -> None:
    before = dict(LINES)
    for number in range(MOST_LINES + 5):
        headers = [(name, b"%d" % number) for name in CHANGING - {b"content-length"}]
        await answered([*headers, LENGTH], 200, keep=True, ours=True)
    assert before == LINES

    for number in range(MOST_LINES + 5):
        await answered([(b"x-one", b"%d" % number), LENGTH], 200, keep=True, ours=True)
    assert len(LINES) == MOST_LINES
    LINES.clear()
