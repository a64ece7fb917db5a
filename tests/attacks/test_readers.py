"""Clients that do not read what they are answered: how long are they waited for?"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.values import Texts
from app.wire import SLOWEST, BoundedHttp
from tests.attacks.raw import Gateway, gateway, post
from tests.builders import a_product
from tests.streams.deaf import held
from tests.streams.served import until

NAMES = "{ products(first: 100) { edges { node { name } } } }"
DEFERRED = (
    f"{NAMES[:-1]} ... @defer {{ more: products(first: 99) {{ edges {{ node {{ name }} }} }} }} }}"
)
PARTS = b"accept: multipart/mixed\r\n"
LARGE = [a_product(id=str(n), handle=f"h{n}", name=Texts({"it": "x" * 90_000})) for n in range(100)]
LIMITS = {"max_answer": 20_000_000, "budget": "PT20S", "write_within": "PT0.1S"}


def asked(query: str, headers: bytes = b"") -> bytes:
    return post(b'{"query": "%b"}' % query.encode(), headers)


@contextmanager
def deaf(one: Gateway, said: bytes) -> Iterator[socket.socket]:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", one.port))
        client.sendall(said)
        yield client


@pytest.mark.parametrize(
    "said",
    [
        asked(NAMES),
        asked(NAMES, b"connection: close\r\n"),
        asked(NAMES) * 3,
        asked(DEFERRED, PARTS),
    ],
    ids=["one answer", "the last answer", "several answers", "an answer in parts"],
)
async def test_who_never_reads_its_answer_is_cut(said: bytes) -> None:
    async with gateway(**LIMITS) as one:
        one.shop.known_products = LARGE
        one.answering.set()
        with deaf(one, said) as client:
            await one.ended.get()
            await until(lambda: not held(client))


async def test_who_reads_gets_all_of_a_large_answer() -> None:
    async with gateway(**LIMITS | {"write_within": "PT30S"}) as one:
        one.shop.known_products = LARGE
        one.answering.set()
        async with one.client(asked(NAMES, b"connection: close\r\n")) as reader:
            said = await reader.read()

    assert said.count(b"x" * 90_000) == 100


@dataclass
class Line:
    """A transport, and the loop that would call: what waits in it is set by hand."""

    waiting: int = 0
    closing: bool = False
    aborted: bool = False
    due: list[Callable[[], None]] = field(default_factory=list)

    def call_later(self, _seconds: float, call: Callable[..., None], *given: Any) -> asyncio.Handle:
        if not given:
            self.due.append(call)
        return cast("asyncio.Handle", self)

    def cancel(self) -> None: ...

    def get_extra_info(self, _name: str) -> None: ...

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closing

    def abort(self) -> None:
        self.aborted = True

    def looks(self, *waiting: int) -> bool:
        """Whether the connection is there still, after looks at so much that waits."""
        for self.waiting in waiting:
            self.due.pop()()
        return not self.aborted


def connected(line: Line) -> BoundedHttp:
    one = BoundedHttp(
        config=uvicorn.Config(lambda: None, log_config=None),
        server_state=ServerState(),
        app_state={},
        _loop=line,
        head_within=1.0,
        write_within=10.0,
    )
    one.connection_made(cast("asyncio.Transport", line))
    return one


ENOUGH = 10 * SLOWEST


@pytest.mark.parametrize("closing", [True, False])
def test_who_takes_enough_is_waited_for(closing: bool) -> None:  # noqa: FBT001
    line = Line(closing=closing)
    one = connected(line)
    one.pause_writing()

    assert line.looks(3 * ENOUGH, 2 * ENOUGH, ENOUGH, 0, 0)
    assert line.looks(3 * ENOUGH, 2 * ENOUGH)
    assert not line.looks(ENOUGH + 1)


def test_who_leaves_a_little_is_not_waited_for() -> None:
    line = Line(closing=True)
    connected(line)

    assert line.looks(1)
    assert not line.looks(1)


def test_who_made_room_meanwhile_is_waited_for() -> None:
    line = Line()
    one = connected(line)
    one.pause_writing()
    assert line.looks(ENOUGH)
    one.resume_writing()
    one.pause_writing()

    assert line.looks(ENOUGH)
    assert not line.looks(ENOUGH)


def test_what_is_added_to_says_nothing_of_who_reads_it() -> None:
    line = Line()
    connected(line)

    assert line.looks(100, 100, 200, 200)
