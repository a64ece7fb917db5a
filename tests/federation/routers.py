"""Real routers over Tessera and a second subgraph, everything on loopback."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.schema import federation_sdl
from connectors.kit.serve import serve
from tests.federation.reviews import Reviews
from tests.gateways import Asker, Sandbox, sandbox_gateway
from tests.node import NodeError, NoNodeError, absent, find_engine, installed, run

RECIPE = Path(__file__).parent / "routers"
COMPOSE_WITHIN, BOOT_WITHIN, STOP_WITHIN, ANSWER_WITHIN = 60.0, 60.0, 10.0, 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Node:
    """Node.js and the folder with the routers."""

    command: tuple[str, ...]
    home: Path


@dataclass(frozen=True, slots=True)
class Joined:
    """A router (`ask`) over the gateway of the sandbox and over reviews."""

    ask: Asker
    sandbox: Sandbox
    reviews: Reviews


def node(recipe: Path = RECIPE) -> Node:
    """With the packages of a recipe; without Node.js the test is skipped."""
    try:
        engine = find_engine()
        return Node(engine.node, installed(recipe, engine))
    except NoNodeError as error:
        absent("federation", error)


def composed(subgraphs: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """What two composition libraries say about subgraphs, given as name: (address, SDL)."""
    with_node = node()
    document = [{"name": n, "url": url, "sdl": sdl} for n, (url, sdl) in subgraphs.items()]
    with tempfile.TemporaryDirectory(prefix="supergraph-") as scratch:
        file = Path(scratch) / "subgraphs.json"
        file.write_bytes(orjson.dumps(document))
        command = [*with_node.command, "compose.js", str(file)]
        said: dict[str, Any] = json.loads(run(command, with_node.home, {}, COMPOSE_WITHIN))
    return said


@asynccontextmanager
async def joined(router: str, reviews: Reviews) -> AsyncIterator[Joined]:
    """The router `apollo` or `hive` over two subgraphs, asked by real HTTP all the way."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(sandbox_gateway())
        tessera = await stack.enter_async_context(serve(_requests_only(_app_of(sandbox.ask))))
        second = await stack.enter_async_context(serve(reviews.app()))
        said = await asyncio.to_thread(
            composed,
            {
                "tessera": (f"{tessera}/graphql", federation_sdl()),
                "reviews": (f"{second}/graphql", _sdl_of(reviews)),
            },
        )
        assert said["apollo"]["errors"] == []
        url = await stack.enter_async_context(routing(router, said["apollo"]["supergraph"]))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=url, timeout=ANSWER_WITHIN, trust_env=False)
        )
        yield Joined(Asker(http), sandbox, reviews)


def _sdl_of(reviews: Reviews) -> str:
    result = reviews.schema().execute_sync("{ _service { sdl } }")
    assert result.data is not None
    sdl: str = result.data["_service"]["sdl"]
    return sdl


def _app_of(ask: Asker) -> ASGIApp:
    transport = ask.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    return transport.app


def _requests_only(app: ASGIApp) -> Any:
    """An application that has been started already."""

    async def requests(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await app(scope, receive, send)

    return requests


@asynccontextmanager
async def routing(router: str, supergraph: str) -> AsyncIterator[str]:
    """The address of the router `apollo` or `hive` over a supergraph."""
    with_node = await asyncio.to_thread(node)
    with tempfile.TemporaryDirectory(prefix="router-") as scratch:
        file = Path(scratch) / "supergraph.graphql"
        file.write_text(supergraph)
        async with running(with_node, f"{router}.js", str(file)) as url:
            yield url


@asynccontextmanager
async def running(with_node: Node, script: str, argument: str) -> AsyncIterator[str]:
    """A script that says `READY` and its address, until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *with_node.command,
        script,
        argument,
        cwd=with_node.home,
        env={"NODE_ENV": "production"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    said = process.stdout
    try:
        url = await asyncio.wait_for(_ready(said), BOOT_WITHIN)
        async with asyncio.TaskGroup() as listening:
            listening.create_task(said.read())  # so that it never blocks on a full pipe
            try:
                yield url
            finally:
                await _ended(process)
    finally:
        await _ended(process)


async def _ready(said: asyncio.StreamReader) -> str:
    lines = []
    async for line in said:
        lines.append(line.decode())
        if line.startswith(b"READY "):
            return line.decode().split()[1].removesuffix("/").removesuffix("/graphql")
    raise NodeError(f"it did not come up:\n{''.join(lines)}")


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
