"""Where does a real Tryton come from in a test? Built and seeded once, then copied and started.

It keeps its data in PostgreSQL, as in production: on SQLite it locks nothing, so that a sale which
two confirm at once gets two shipments.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.postgres import Postgres, running_postgres
from tests.real.tryton.seed import seed

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
RECIPE = (
    HERE / "requirements.lock",
    HERE / "rpc.py",
    HERE / "books.py",
    HERE / "seed.py",
    HERE / "server.py",
    HERE.parent / "assortment.py",
)
MODULES = "company,party,product,stock,sale,sale_point"
LANGUAGES = "it"
DATABASE = "tryton"
ADMIN = ("admin", "Forest-Wardrobe-41")
GATEWAY = ("connector", "Lantern-Harvest-77")
INSTALL_WITHIN, ACTIVATE_WITHIN, ANSWER_WITHIN, STOP_WITHIN = 600.0, 300.0, 30.0, 5.0  # seconds
PORT_ATTEMPTS = 3  # somebody else may take the port between finding and using it
LOG_TAIL = 2_000  # characters of a log that explain a failure


class TrytonDidNotStartError(Exception):
    """The server or one of its tools failed; the message holds the end of its log."""


@dataclass(frozen=True)
class TrytonServer:
    """A running Tryton with the seeded retailer; `username` may only read."""

    url: str
    database: str
    username: str
    password: str
    admin: tuple[str, str]


@contextmanager
def tryton_server() -> Iterator[TrytonServer]:
    """A fresh copy of the seeded Tryton on a free port of loopback, ended with the block."""
    home = built()
    with running_postgres() as cluster:
        cluster.restore(DATABASE, home / "template.sql")
        with running(home / "venv", cluster) as url:
            yield TrytonServer(url, DATABASE, *GATEWAY, admin=ADMIN)


def built() -> Path:
    """The folder with the installed Tryton and its seeded database; made when missing."""
    home = cache_folder()
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = home / "READY"  # written last: a half-built folder is built again
        if not ready.exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            build(home)
            ready.touch()
    return home


def cache_folder() -> Path:
    """One folder for each recipe, Python and place, as an environment cannot be moved."""
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix} {REPOSITORY}".encode())
    for path in RECIPE:
        digest.update(path.read_bytes())
    return REPOSITORY / ".cache" / "tryton" / digest.hexdigest()[:16]


def build(home: Path) -> None:
    """Install, activate the modules, seed, and keep the database."""
    venv = home / "venv"
    run([sys.executable, "-m", "venv", str(venv)], within=INSTALL_WITHIN)
    install = ["install", "--quiet", "--require-hashes", "-r", str(HERE / "requirements.lock")]
    run([str(venv / "bin" / "python"), "-m", "pip", *install], within=INSTALL_WITHIN)
    with running_postgres() as cluster:
        activate(venv, cluster)
        with running(venv, cluster) as url:
            seed(url, DATABASE, ADMIN, GATEWAY)
        (home / "template.sql").write_text(cluster.dump(DATABASE))


def activate(venv: Path, cluster: Postgres) -> None:
    """Create the database with the modules' tables."""
    cluster.sql(f"create database {DATABASE}")
    with tempfile.TemporaryDirectory(prefix="tryton-") as name:
        password = Path(name) / "password"
        password.write_text(ADMIN[1])
        environment = {"TRYTONPASSFILE": str(password)}
        settings = configuration(Path(name), cluster)
        admin = [str(venv / "bin" / "trytond-admin"), "-c", settings, "-d", DATABASE]
        for step in (
            ["--all", "--email", "admin@example.com", "-l", LANGUAGES],
            ["-u", *MODULES.split(","), "--activate-dependencies"],
        ):
            run([*admin, *step], within=ACTIVATE_WITHIN, environment=environment)


def configuration(folder: Path, cluster: Postgres, listen: str = "127.0.0.1:0") -> str:
    """The path of a configuration, kept in `folder`, for the database in a cluster."""
    path = folder / "trytond.conf"
    path.write_text(f"[database]\nuri = {cluster.address('')}\n[web]\nlisten = {listen}\n")
    return str(path)


@contextmanager
def running(venv: Path, cluster: Postgres) -> Iterator[str]:
    """The address of a server on the database in a cluster, ended with the block."""
    with tempfile.TemporaryDirectory(prefix="tryton-") as name:
        folder = Path(name)
        for _ in range(PORT_ATTEMPTS):
            listen = f"127.0.0.1:{free_port()}"
            settings = configuration(folder, cluster, listen)
            with (folder / "server.log").open("wb") as log:
                process = subprocess.Popen(  # noqa: S603  our own command
                    [str(venv / "bin" / "trytond"), "-c", settings, "-d", DATABASE],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=clean_environment(),
                    start_new_session=True,
                )
            try:
                if answers(process, f"http://{listen}/"):
                    yield f"http://{listen}"
                    return
            finally:
                stop(process)
        raise TrytonDidNotStartError((folder / "server.log").read_text()[-LOG_TAIL:])


def answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until the server answers; False when it ended or the time is over."""
    give_up_at = time.monotonic() + ANSWER_WITHIN
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  our own server
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server: politely, then surely."""
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run(
    command: Sequence[str], *, within: float, environment: Mapping[str, str] | None = None
) -> None:
    """Run a tool to its end; its output explains a failure."""
    done = subprocess.run(  # noqa: S603  our own commands
        command,
        env=clean_environment() | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=within,
        check=False,
    )
    if done.returncode:
        output = done.stdout.decode(errors="replace")[-LOG_TAIL:]
        raise TrytonDidNotStartError(f"{Path(command[0]).name} ended badly:\n{output}")


def clean_environment() -> dict[str, str]:
    """Ours without what would make another Python look at our packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
