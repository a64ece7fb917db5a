"""Where are the systems that run right now? A small file that the command line reads."""

import getpass
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

VARIABLE = "TESSERA_SANDBOX_STATE"
log = structlog.get_logger(__name__)


class Running(BaseModel):
    """One system and its address."""

    model_config = ConfigDict(frozen=True)
    system: str
    url: str


class State(BaseModel):
    """Everything that one gateway has started, by connection; `pid` is that gateway."""

    model_config = ConfigDict(frozen=True)
    pid: int
    running: Mapping[str, Running]


def place() -> Path:
    """Where the file is: named by the environment, else in the temporary folder, one a user."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(tempfile.gettempdir()) / f"tessera-sandbox-{_user()}.json"


def read() -> State | None:
    """What runs, as far as the file knows."""
    try:
        return State.model_validate_json(place().read_bytes())
    except (OSError, ValidationError):
        return None


@contextmanager
def published(running: Mapping[str, Running]) -> Iterator[None]:
    """Keep the file while the block runs. A place that cannot be written to is no obstacle."""
    path, own = place(), State(pid=os.getpid(), running=running)
    try:
        _write(path, own)
    except OSError as error:
        log.warning("sandbox state is not kept", reason=error.strerror)
    try:
        yield
    finally:
        if read() == own:
            with suppress(OSError):
                path.unlink()


def _write(path: Path, state: State) -> None:
    """Write beside it and move, so that a reader never sees half of it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(state.model_dump_json(indent=2))
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink()
        raise


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return str(os.getuid())
