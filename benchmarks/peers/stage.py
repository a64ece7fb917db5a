"""What do all measurements beside peers need? Data, schema, servers, and answers that agree."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from benchmarks.peers import assortment
from benchmarks.peers.load import CONNECTIONS
from benchmarks.peers.node import Node
from benchmarks.peers.questions import Question, documents, questions
from benchmarks.peers.running import ROOT, Server, cores, python
from benchmarks.peers.subset import subset

SDL = ROOT / "schema.graphql"
Answers = Mapping[str, Sequence[bytes]]


@dataclass(frozen=True, slots=True)
class Stage:
    """Files that servers read, and the questions they will be asked."""

    node: Node
    folder: Path
    questions: Sequence[Question]

    @property
    def files(self) -> dict[str, str]:
        """The data and the schema."""
        return {"data": str(self.folder / "data.json"), "schema": str(self.folder / "sdl.graphql")}

    async def in_python(self, stack: AsyncExitStack, application: str, **asked: Any) -> Server:
        """A server in Python that runs until the stack is unwound."""
        return await stack.enter_async_context(python(application, core=cores()[0], **asked))

    async def in_node(
        self, stack: AsyncExitStack, script: str, asked: Mapping[str, str], *, beside: bool = False
    ) -> Server:
        """A server in Node.js that runs until the stack is unwound; `beside` the client or not."""
        server = self.node.server(script, core=cores()[beside], **asked)
        return await stack.enter_async_context(server)


@contextmanager
def staged(node: Node) -> Iterator[Stage]:
    """The files, written anew and taken away at the end."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        folder = Path(scratch)
        data = assortment.write(folder / "data.json")
        sdl = subset(SDL.read_text(encoding="utf-8"), documents())
        (folder / "sdl.graphql").write_text(sdl, encoding="utf-8")
        yield Stage(node, folder, questions(data))


async def agreed(
    servers: Mapping[str, Server], asked: Sequence[Question], *, times: int = CONNECTIONS
) -> Answers:
    """What the first server answers, by question, when all others answer the same.

    Each question is asked so many `times`, if it has as many variables.

    Raises:
        AssertionError: one does not.
    """
    answers: dict[str, Sequence[bytes]] = {}
    async with aiohttp.ClientSession() as http:
        for question in asked:
            said = {name: await _said(http, one, question, times) for name, one in servers.items()}
            first = next(iter(said))
            told = [_data(body) for body in said[first]]
            for name, bodies in said.items():
                same = [_data(body) for body in bodies] == told
                assert same, f"{question.name}: {name} does not answer as {first} does"
            answers[question.name] = said[first]
    return answers


async def _said(
    http: aiohttp.ClientSession, server: Server, question: Question, times: int
) -> list[bytes]:
    headers = {"content-type": "application/json"}
    said = []
    for body in question.bodies[:times]:
        async with http.post(f"{server.url}/graphql", data=body, headers=headers) as answer:
            said.append(await answer.read())
            assert answer.status == 200, f"{question.name}: {said[-1].decode()}"  # noqa: PLR2004
    return said


def _data(body: bytes) -> Any:
    answer = orjson.loads(body)
    assert "errors" not in answer, answer["errors"]
    assert answer["data"], "an empty answer proves nothing"
    return answer["data"]
