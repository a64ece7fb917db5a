"""Serves one of the applications in Python on a free port of loopback, until its input closes.

`python -m benchmarks.peers.server '{"application": "engine", "data": "data.json"}'`
"""

import asyncio
import os
import socket
import sys
from contextlib import redirect_stderr
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import uvicorn
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from starlette.types import ASGIApp

from app import logs
from benchmarks.peers import floor, plain, tessera
from benchmarks.peers.switches import Fixed

LOOPBACK, BACKLOG = "127.0.0.1", 1_024


def main() -> None:
    """Serve what is asked for."""
    asked = orjson.loads(sys.argv[1])
    Thread(target=_until_input_closes, daemon=True).start()
    app = asyncio.run(application(asked))
    # Named as TCP, so that asyncio switches Nagle's algorithm off.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind((LOOPBACK, 0))
    listening.listen(BACKLOG)
    print(f"READY http://{LOOPBACK}:{listening.getsockname()[1]}", flush=True)
    served = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on" if asked["application"] == "gateway over HTTP" else "off",
    )
    uvicorn.Server(served).run(sockets=[listening])


async def application(asked: dict[str, Any]) -> ASGIApp:
    """The application of that name."""
    if asked["application"] == "floor":
        bodies: dict[str, list[str]] = orjson.loads(Path(asked["answers"]).read_bytes())
        return floor.application(
            {f"/{name}": [body.encode() for body in ones] for name, ones in bodies.items()}
        )
    data = orjson.loads(Path(asked["data"]).read_bytes()) if "data" in asked else {}
    if asked["application"] == "strawberry":
        return plain.application(data)
    without = frozenset(map(Fixed, asked.get("without", ())))
    _as_in_production(without)
    if asked["application"] == "engine":
        return tessera.engine(data, without)
    if asked["application"] == "gateway in memory":
        return await tessera.gateway_in_memory(data)
    return tessera.gateway_over_http(asked["url"])


def _as_in_production(without: frozenset[Fixed]) -> None:
    """A JSON log, spans of every operation and call; both are made and then thrown away."""
    with redirect_stderr(Path(os.devnull).open("w")):
        logs.configure(level="error" if Fixed.LOG in without else "info", style="json")
    if Fixed.TRACING not in without:
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(Nowhere()))
        trace.set_tracer_provider(provider)


class Nowhere(SpanExporter):
    """Exports nothing."""

    def export(self, spans: Any) -> SpanExportResult:
        """Forget them."""
        return SpanExportResult.SUCCESS


def _until_input_closes() -> None:
    while os.read(sys.stdin.fileno(), 1_024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
