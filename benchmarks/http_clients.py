"""What does one upstream call cost in CPU? HTTP clients side by side, and ours with its guards.

One server process answers over loopback with keep-alive; every client asks it the same in
interleaved rounds. The figure is this process's CPU time (user and system) per call, median of the
rounds; wall time would measure the machine's other guests.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from time import monotonic, process_time

import aiohttp
import httpx
from pyreqwest.client import ClientBuilder

from app.ports import WireRequest
from app.upstream.client import ClientPolicy, GuardedHttp
from app.upstream.health import Health

CALLS = 1_000
CONCURRENCY = 16
ROUNDS = 5
BODIES = {"60 B": 60, "40 kB": 40_000}
SERVER = """
import asyncio, sys
class Answer(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        size = int(data.split(b" ", 2)[1].rsplit(b"/", 1)[1])
        body = b'"' + b"x" * (size - 2) + b'"'
        self.transport.write(b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\n"
                             b"content-length: %d\\r\\n\\r\\n" % size + body)
async def main():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
Call = Callable[[int], Awaitable[bytes]]


async def main() -> None:
    """Measure and print."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        port = int(await server.stdout.readline())
        async with AsyncExitStack() as stack:
            clients = await opened(f"http://127.0.0.1:{port}", stack)
            for body, size in BODIES.items():
                report(body, await measured(clients, size))
    finally:
        server.kill()
        await server.wait()


async def opened(url: str, stack: AsyncExitStack) -> dict[str, Call]:
    """Every client, ready to be asked for a body of some size."""
    bare = await stack.enter_async_context(aiohttp.ClientSession())
    reqwest = await stack.enter_async_context(ClientBuilder().base_url(f"{url}/").build())
    plain = await stack.enter_async_context(httpx.AsyncClient(base_url=url))
    health = Health(connection="bench", now=lambda: datetime.now(UTC), clock=monotonic)
    policy = ClientPolicy(concurrency=CONCURRENCY)
    guarded = await stack.enter_async_context(GuardedHttp(url, health=health, policy=policy))

    async def with_aiohttp(size: int) -> bytes:
        async with bare.get(f"{url}/{size}") as response:
            return await response.read()

    async def with_pyreqwest(size: int) -> bytes:
        response = await reqwest.get(f"{size}").build().send()
        return bytes(await response.bytes())

    async def with_httpx(size: int) -> bytes:
        return (await plain.get(f"/{size}")).content

    async def with_guards(size: int) -> bytes:
        request = WireRequest(operation="bench", method="GET", path=f"{size}", safe=True)
        return (await guarded.send(request)).body

    return {
        f"aiohttp {version('aiohttp')}": with_aiohttp,
        "aiohttp with all our guards": with_guards,
        f"pyreqwest {version('pyreqwest')}": with_pyreqwest,
        f"httpx {version('httpx')}": with_httpx,
    }


async def measured(clients: dict[str, Call], size: int) -> dict[str, float]:
    """Median CPU microseconds per call, rounds interleaved."""
    spent: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(ROUNDS + 1):
        for name, call in clients.items():
            spent[name].append(await one_round(call, size))
    return {name: median(rounds[1:]) for name, rounds in spent.items()}  # the first warms up


async def one_round(call: Call, size: int) -> float:
    """CPU microseconds per call over one round."""

    async def worker() -> None:
        for _ in range(CALLS // CONCURRENCY):
            body = await call(size)
            assert len(json.loads(body)) == size - 2

    before = process_time()
    await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return (process_time() - before) / (CALLS // CONCURRENCY * CONCURRENCY) * 1e6


def report(body: str, figures: dict[str, float]) -> None:
    """Print one table; ratios are to the first client."""
    floor = next(iter(figures.values()))
    print(f"HTTP clients, {CONCURRENCY} at once, answers of {body}: CPU per call, decoded")
    for name, micros in figures.items():
        print(f"  {name:<28} {micros:8.0f} us   {micros / floor:5.2f}x")
    print()
