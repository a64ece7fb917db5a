"""The heads of answers are what uvicorn would make of them, bit by bit."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app import heads
from app.heads import CHANGING, MOST_LINES, swiftly

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
        self.times = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writelines([data])

    def writelines(self, parts: Iterable[bytes]) -> None:
        self.said += b"".join(parts)
        self.times += 1

    def close(self) -> None:
        self.closed = True


async def answered(
    headers: list[tuple[bytes, bytes]],
    status: int = 200,
    *,
    keep: bool = True,
    ours: bool = True,
    method: str = "POST",
    parts: Sequence[bytes | None] = (BODY,),
) -> tuple[int, bytes, bool, bool, int, type | None]:
    """How often something is written, and what; whether that ends the connection, and the answer;
    how often that was noticed, and what was wrong.
    """
    transport: Any = Transport()
    flow: Any = SimpleNamespace(write_paused=False)
    over: list[None] = []
    cycle = RequestResponseCycle(
        {"method": method},  # type: ignore[typeddict-item]  # all that is looked at
        transport,
        flow,
        logging.getLogger(),
        logging.getLogger(),
        access_log=False,
        default_headers=[(b"date", b"Fri")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep,
        on_response=lambda: over.append(None),
    )

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for at, body in enumerate(parts, start=1):
            if body is None:  # the client leaves
                cycle.disconnected = True
                continue
            more = at < len(parts)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    wrong: type | None = None
    its: Any = cycle
    begin = partial(swiftly, app, cycle) if ours else app
    try:
        await begin({}, its.receive, its.send)
    except (RuntimeError, ValueError) as error:
        wrong = type(error)
    its_end = cycle.response_complete, len(over), wrong
    return transport.times, transport.said, transport.closed, *its_end


@given(
    st.lists(st.sampled_from([*COMMON, *ODD]), max_size=6),
    st.integers(0, 6),
    st.sampled_from([200, 294, 422, 500]),
    st.booleans(),
    st.sampled_from(["POST", "HEAD"]),
    st.sampled_from([[BODY], [b"12", b"345"], [BODY, b""], [b""], [b"12"], [b"123456"]]),
)
async def test_a_head_is_the_one_that_uvicorn_makes(
    headers: list[tuple[bytes, bytes]],
    place: int,
    status: int,
    keep: bool,  # noqa: FBT001  drawn by hypothesis
    method: str,
    parts: list[bytes],
) -> None:
    headers = [*headers[:place], LENGTH, *headers[place:]]
    for _ in range(2):
        ours, its = [
            await answered(headers, status, keep=keep, ours=one, method=method, parts=parts)
            for one in (True, False)
        ]
        assert ours[1:] == its[1:]


async def test_a_whole_answer_is_written_at_once() -> None:
    times, said, *_ = await answered([*COMMON, LENGTH])

    assert (times, said[-len(BODY) :]) == (1, BODY)


async def test_nothing_is_written_to_a_client_that_left_before_the_body() -> None:
    assert await answered([*COMMON, LENGTH], parts=[None, BODY]) == (0, b"", False, False, 0, None)


async def test_lines_that_are_other_each_time_are_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: dict[Any, bytes] = {}
    monkeypatch.setattr(heads, "LINES", lines)
    await answered([*COMMON, LENGTH])
    before = dict(lines)
    for number in range(MOST_LINES + 5):
        headers = [(name, b"%d" % number) for name in CHANGING - {b"content-length"}]
        await answered([*headers, LENGTH])
    assert before == lines

    for number in range(MOST_LINES + 5):
        await answered([(b"x-one", b"%d" % number), LENGTH])
    assert len(lines) == MOST_LINES
