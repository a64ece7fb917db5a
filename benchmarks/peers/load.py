"""What does a server take to answer, under a closed and under an open load?

Closed: so many connections, each asking again as soon as it is answered. Open: so many requests a
second, whatever comes back. The client is one process, pinned to a core that no server has.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Self

import orjson

from benchmarks.peers.node import Node
from benchmarks.peers.questions import Question
from benchmarks.peers.running import Server, cores, ended, spawned

CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Cell:
    """Figures of one load: seconds of CPU a request, answers a second, seconds to an answer.

    `memory` are resident bytes after it; `unanswered` requests had no answer when it was over.
    """

    cpu: float
    rate: float
    p50: float
    p99: float
    memory: float
    unanswered: float

    @classmethod
    def of(cls, cells: Sequence["Cell"]) -> "Cell":
        """The medians of several rounds."""
        names = cls.__slots__
        return cls(**{name: median(getattr(cell, name) for cell in cells) for name in names})


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server is asked a question: its bodies go over the connections in turn.

    `size` are the bytes of one answer; what is much less is not an answer.
    """

    server: Server
    url: str
    bodies: tuple[str, ...]
    size: int

    @classmethod
    def graphql(cls, server: Server, question: Question, size: int) -> Self:
        """A server that speaks GraphQL."""
        return cls(server, f"{server.url}/graphql", question.bodies, size)

    @classmethod
    def floor(cls, server: Server, question: Question, size: int) -> Self:
        """A server that knows nothing but the answers."""
        return cls(server, f"{server.url}/{question.path}", question.bodies, size)


class Load:
    """The client."""

    def __init__(self, process: Any) -> None:
        self._process = process

    async def closed(self, target: Target, *, amount: int, connections: int = CONNECTIONS) -> Cell:
        """So many requests."""
        bodies = target.bodies[:connections]
        job = {"kind": "closed", "bodies": bodies, "connections": connections, "amount": amount}
        return await self._measured(target, job)

    async def open(self, target: Target, *, rate: float, seconds: float) -> Cell:
        """So many requests a second."""
        job = {
            "kind": "open",
            "bodies": target.bodies[:CONNECTIONS],
            "connections": CONNECTIONS,
            "rate": rate,
            "seconds": seconds,
        }
        return await self._measured(target, job)

    async def chain(self, url: str, calls: Any, *, clients: int, seconds: float) -> Cell:
        """Calls of the upstreams alone: one list of steps a client, a step being calls at once."""
        job = {"calls": calls, "clients": clients, "seconds": seconds}
        told = await self._told({"kind": "chain", "url": url, **job})
        p50, p99 = told["milliseconds"]
        rate = told["answered"] / told["seconds"]
        return Cell(0, rate, p50 / 1000, p99 / 1000, 0, 0)

    async def _measured(self, target: Target, job: dict[str, Any]) -> Cell:
        before = target.server.cpu
        told = await self._told({**job, "url": target.url})
        spent = target.server.cpu - before
        if told["answered"] and told["bytes"] < target.size / 2:
            raise RuntimeError(f"{target.url} answers {told['bytes']:.0f} bytes a request")
        p50, p99 = told["milliseconds"]
        return Cell(
            cpu=spent / max(1, told["answered"]),
            rate=told["answered"] / told["seconds"],
            p50=p50 / 1000,
            p99=p99 / 1000,
            memory=target.server.memory,
            unanswered=told["unanswered"],
        )

    async def _told(self, job: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(orjson.dumps(job) + b"\n")
        await self._process.stdin.drain()
        told: dict[str, Any] = orjson.loads(await self._process.stdout.readline())
        if "error" in told:
            raise RuntimeError(f"{job['kind']} load of {job['url']}: {told['error']}")
        return told


@asynccontextmanager
async def client(node: Node) -> AsyncIterator[Load]:
    """The client, ready."""
    process = await spawned(node.command("load"), core=cores()[1], folder=node.home)
    try:
        yield Load(process)
    finally:
        await ended(process)
