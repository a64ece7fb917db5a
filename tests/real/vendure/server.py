"""How do tests get a real Vendure? Installed once, filled once, served fresh to whoever asks."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread

import orjson

from tests.node import CACHE as NODE_CACHE
from tests.node import TOLD, Engine, NodeError, find_engine, install_packages, run
from tests.ports import free_port
from tests.real.assortment import ASSORTMENT

RECIPE = Path(__file__).parent
CACHE = NODE_CACHE / "vendure"
INGREDIENTS = (
    "package.json",
    "package-lock.json",
    "config.js",
    "erasure.js",
    "seed.js",
    "populate.js",
    "serve.js",
)
POPULATE_WITHIN, BOOT_WITHIN, STOP_WITHIN = 240.0, 120.0, 10.0  # seconds
DATABASE = "vendure.sqlite"


@dataclass(frozen=True, slots=True)
class VendureServer:
    """A running Vendure and the administrator's way in."""

    url: str
    username: str = "superadmin"
    password: str = "tessera-tests"


@contextmanager
def vendure_server() -> Iterator[VendureServer]:
    """A Vendure that holds `tests/real/assortment.py`, on loopback; what is written is forgotten.

    Raises:
        NoNodeError: there is no Node.js, or the packages cannot be installed.
        NodeError: it was installed, and did not come up.
    """
    engine = find_engine()
    home = prepared(engine)
    with tempfile.TemporaryDirectory(prefix="vendure-") as scratch:
        database = Path(scratch) / DATABASE
        shutil.copyfile(home / DATABASE, database)
        server = VendureServer(f"http://127.0.0.1:{free_port()}")
        with _serving(engine, home, _environment(server, database)):
            yield server


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
        install_packages(building, engine)
        server = VendureServer(f"http://127.0.0.1:{free_port()}")
        environment = _environment(server, building / DATABASE) | {
            "VENDURE_ASSORTMENT": str(building / "assortment.json")
        }
        run([*engine.node, "populate.js"], building, environment, POPULATE_WITHIN)
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
            raise NodeError(f"serve.js did not come up:\n{''.join(said)}")
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
