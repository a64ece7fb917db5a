"""Gateway processes that are killed and started again, each on a port of its own.

Importing and building everything takes seconds, so that is done once, by a nursery; what is forked
from it listens and starts as `tessera serve` does.
"""

import logging
import os
import random
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from select import select
from typing import Any, NoReturn

import structlog
from starlette.applications import Starlette

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.serving import GatewayServer, look_less_for_garbage
from app.settings import Settings
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.specimen import SEED
from tests.orders.crash.systems import CONTEXT
from tests.ports import free_ports

Document = dict[str, Any]
LOOPBACK = "127.0.0.1"


def document(store: str, urls: Mapping[str, str], timeout: int = 1) -> Document:
    """The settings of a gateway over the systems at these addresses; `timeout` in seconds."""
    return {
        "connections": {
            name: {
                "connector": "sandbox",
                "timeout": f"PT{timeout}S",
                "settings": {"url": url, "system": name, "seed": SEED},
            }
            for name, url in urls.items()
        },
        "bind": {
            "catalogue": "shop",
            "prices": "shop",
            "payments": "payments",
            "locations": ["shop", "warehouse"],
            "stock": {"shop": ["ECOM-*"], "warehouse": ["WH-*"]},
            "orders": {"shop": ["ECOM-*"], "warehouse": ["WH-*"]},
        },
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
        "requests": {"budget": f"PT{4 * timeout}S"},
        "store": {"url": store},
    }


@dataclass
class Servers:
    """They run until they are killed."""

    ports: tuple[int, ...]
    dice: random.Random
    _nursery: Connection
    kills: int = 0
    pids: dict[int, int] = field(default_factory=dict)

    @property
    def addresses(self) -> list[str]:
        """Where they answer."""
        return [f"http://{LOOPBACK}:{port}/graphql" for port in self.ports]

    def kill_one(self) -> None:
        """End one of them without a word, and start it anew."""
        self.start(self.dice.choice(self.ports))
        self.kills += 1

    def start(self, port: int) -> None:
        """A process will answer at a port, in the place of what was there."""
        self._nursery.send(port)
        self.pids[port] = self._nursery.recv()

    def kill(self, port: int) -> None:
        """End the process at a port without a word; nothing is there until it is started."""
        os.kill(self.pids[port], signal.SIGKILL)

    def leave(self, port: int) -> int:
        """Ask the process at a port to end; what to wait for with `gone`."""
        process = os.pidfd_open(self.pids[port])
        signal.pidfd_send_signal(process, signal.SIGTERM)
        return process


def gone(process: int, within: float) -> bool:
    """Wait for the end of a process for so many seconds; whether it has ended."""
    ended = bool(select([process], [], [], within)[0])
    os.close(process)
    return ended


@contextmanager
def serving(
    settings: Document, *, seed: int = 7, count: int = 2, log: Path | None = None
) -> Iterator[Servers]:
    """So many processes of a gateway; `seed` says who is killed. They log into a file, if any."""
    ours, theirs = CONTEXT.Pipe()
    nursery = CONTEXT.Process(target=_raise, args=(theirs, settings, log))
    nursery.start()
    theirs.close()
    servers = Servers(free_ports(count), random.Random(seed), ours)
    try:
        for port in servers.ports:
            servers.start(port)
        yield servers
    finally:
        ours.close()  # they all end with it
        nursery.join()


def _raise(pipe: Connection, settings: Document, log: Path | None) -> None:
    """Start whatever is asked for, until nobody asks any more."""
    if log is None:
        quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
        structlog.configure(wrapper_class=quiet)
    else:
        written = structlog.WriteLoggerFactory(file=log.open("a"))
        structlog.configure(
            processors=[structlog.processors.JSONRenderer()], logger_factory=written
        )
    found = config.parse(settings)
    gateway = Gateway(found, plan(found, find_connectors(CONNECTORS)))
    app = gateway.app()
    look_less_for_garbage()
    running: dict[int, int] = {}
    try:
        while True:
            port = pipe.recv()
            _end(running.pop(port, None))
            pid = os.fork()
            if not pid:
                _live(pipe, gateway, app, port)
            running[port] = pid
            pipe.send(pid)
    except EOFError:
        for pid in running.values():
            _end(pid)


def _live(pipe: Connection, gateway: Gateway, app: Starlette, port: int) -> NoReturn:
    try:
        pipe.close()
        _serve(gateway, app, gateway.settings, port)
    finally:
        os._exit(1)


def _serve(gateway: Gateway, app: Starlette, settings: Settings, port: int) -> None:
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((LOOPBACK, port))
    GatewayServer(gateway, app, settings, announce=lambda: None).run(sockets=[listening])


def _end(pid: int | None) -> None:
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
