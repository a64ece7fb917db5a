"""Have the manifests changed? Looked at now and then; what is sound takes effect, nothing else."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import structlog

from app.engine.documents.register import EMPTY, Register, build_register
from app.engine.documents.sources import Sources
from app.engine.gate import Gate
from app.errors import MisconfiguredError

log = structlog.get_logger(__name__)
RACY = 2.0  # seconds: two writes so close may leave a file with the same time and size
Stamps = dict[Path, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class _Seen:
    stamps: Stamps
    settled: bool
    digest: bytes


class Manifests:
    """The manifests of a deployment, put through one gate.

    `now` tells the time of day in seconds, by the clock that stamps files.
    """

    def __init__(self, sources: Sources, gate: Gate, *, now: Callable[[], float]) -> None:
        self._sources = sources
        self._gate = gate
        self._now = now
        self._seen: _Seen | None = None
        self._register = EMPTY
        self._told: tuple[str, ...] = ()

    def load(self) -> Register:
        """The register they make now.

        Raises:
            MisconfiguredError: one line for every mistake, with its file and operation.
        """
        self._seen = self._look()
        self._register = build_register(self._sources.read(), self._gate, known=self._register)
        return self._register

    def changed(self) -> Register | None:
        """The register they make, if they changed since they were last read and are sound.

        A change that is not sound is logged once; the register stays as it was.
        """
        try:
            register = self._reloaded()
        except MisconfiguredError as error:
            problems: tuple[str, ...] = error.problems
        except OSError as error:
            problems = (f"the manifests cannot be read: {error.strerror}",)
        else:
            return register
        if problems != self._told:
            log.error("documents.not_reloaded", problems=problems)
        self._told = problems
        if self._seen is not None:  # what is mended may keep its time and size
            self._seen = replace(self._seen, settled=False)
        return None

    def _reloaded(self) -> Register | None:
        before, now = self._seen, self._look(self._seen)
        if before is not None and now.digest == before.digest:
            self._seen = now
            return None
        register = self.load()
        self._told = ()
        return register

    def _look(self, before: _Seen | None = None) -> _Seen:
        """What the files are; their content is read only if it can differ from `before`."""
        stamps = {path: _stamp(path) for path in self._sources.watched()}
        newest = max((written for written, _ in stamps.values()), default=0)
        settled = self._now() - newest / 1e9 > RACY
        if before is not None and before.settled and before.stamps == stamps:
            return before
        digest = hashlib.sha256()
        for path in stamps:
            digest.update(hashlib.sha256(str(path).encode()).digest())
            digest.update(hashlib.sha256(_content(path)).digest())
        return _Seen(stamps, settled, digest.digest())


async def keep_loaded(
    manifests: Manifests,
    use: Callable[[Register], Awaitable[None]],
    *,
    every: timedelta,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Hand every new register to `use`, until cancelled. Files are read beside the event loop."""
    while True:
        await sleep(every.total_seconds())
        if (register := await asyncio.to_thread(manifests.changed)) is not None:
            await use(register)
            log.info("documents.reloaded", documents=len(register.documents))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, -1)  # a file that is not there; reading it tells why
    return found.st_mtime_ns, found.st_size


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
