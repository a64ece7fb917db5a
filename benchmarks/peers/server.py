"""Serves one of the applications in Python on a free port of loopback, until its input closes.

`python -m benchmarks.peers.server '{"application": "engine", "data": "data.json"}'`
"""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path
from threading import Thread
from typing import Any

import orjson
import uvicorn
from opentelemetry import trace
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from starlette.types import ASGIApp

from app import logs
from app.main import Gateway
from app.serving import GatewayServer
from app.tracing.recording import Provider
from benchmarks.peers import floor, plain, tessera
from benchmarks.peers.switches import Fixed, keep_no_forms

LOOPBACK = "127.0.0.1"


def main() -> None:
    """Serve what is asked for."""
    asked = orjson.loads(sys.argv[1])
    Thread(target=_until_input_closes, daemon=True).start()
    # Named as TCP, so that asyncio switches Nagle's algorithm off.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.bind((LOOPBACK, 0))
    address = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    server(asked, announce=lambda: print(f"READY {address}", flush=True)).run(sockets=[listening])


def server(asked: Mapping[str, Any], *, announce: Callable[[], None]) -> uvicorn.Server:
    """A server of the application of that name; Tessera is served as in production."""
    match asked["application"]:
        case "floor":
            return Announcing(floor.application(_read(asked["answers"])), announce)
        case "floor over HTTP":
            calls = floor.calling(_read(asked["answers"]), asked["url"])
            return Announcing(calls, announce)
        case "strawberry":
            return Announcing(plain.application(_read(asked["data"])), announce)
    without = frozenset(map(Fixed, asked.get("without", ())))
    _as_in_production(without)
    gateway = _gateway(asked, without)
    return GatewayServer(gateway, gateway.app(), gateway.settings, announce=announce)


def _gateway(asked: Mapping[str, Any], without: frozenset[Fixed]) -> Gateway:
    match asked["application"]:
        case "engine":
            return tessera.EngineAlone(_read(asked["data"]), without)
        case "engine that keeps no forms":
            keep_no_forms()
            return tessera.EngineAlone(_read(asked["data"]))
        case "gateway in memory":
            return tessera.gateway_in_memory(_read(asked["data"]))
        case "gateway that keeps answers":
            return tessera.gateway_in_memory(_read(asked["data"]), answers=True)
        case "gateway over HTTP":
            return tessera.gateway_over_http(asked["url"], ahead=asked.get("ahead", True))
        case "gateway that keeps values":
            return tessera.gateway_over_http(asked["url"], values=True)
    raise ValueError(f"there is no application {asked['application']!r}")


class Announcing(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, app: ASGIApp, announce: Callable[[], None]) -> None:
        super().__init__(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        self._announce()


def _read(file: str) -> Any:
    return orjson.loads(Path(file).read_bytes())


def _as_in_production(without: frozenset[Fixed]) -> None:
    """A JSON log, spans of every operation and call; both are made and then thrown away."""
    with redirect_stderr(Path(os.devnull).open("w")):
        logs.configure(level="error" if Fixed.LOG in without else "info", style="json")
    if Fixed.TRACING not in without:
        provider = Provider()
        provider.add_span_processor(BatchSpanProcessor(Nowhere()))
        trace.set_tracer_provider(provider)


class Nowhere(SpanExporter):
    """Exports nothing."""

    def export(self, spans: Any) -> SpanExportResult:
        """Forget them."""
        del spans
        return SpanExportResult.SUCCESS


def _until_input_closes() -> None:
    while os.read(sys.stdin.fileno(), 1_024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
