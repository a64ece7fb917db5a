"""How does the process speak of itself? Structured lines on standard error."""

import asyncio
import atexit
import logging
import sys
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor

from app.api.request_ids import REQUEST_ID


def configure(*, level: str, style: Literal["json", "text"]) -> None:
    """Say the same of our log and of that of the libraries, each by the shortest way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    colors = sys.stderr is not None and sys.stderr.isatty()
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=colors)
    ours = [*shared, renderer]
    out: Any = _Lossy(sys.stderr)
    written: Any = structlog.WriteLoggerFactory(out)
    if style == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_json)
        ours = [_line]
        lines = _Lines(_Lossy(sys.stderr and sys.stderr.buffer))
        written = partial(_the_same, lines)
    structlog.configure(
        processors=ours,
        logger_factory=written,
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("uvicorn.access", "uvicorn.error", "asyncio", "asyncssh"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def aside() -> None:
    """Leave standard output to what a command that is soon over was asked for."""

    def written(*_names: Any) -> structlog.PrintLogger:
        out: Any = _Lossy(sys.stderr)
        return structlog.PrintLogger(out)

    structlog.configure(logger_factory=written)


def _json(line: Any, **options: Any) -> str:
    return orjson.dumps(line, **options).decode()


def _the_same(lines: "_Lines", *_names: Any) -> "_Lines":
    """Whoever asks for a logger."""
    return lines


class _Lossy:
    """A file whose writers hear of no failure: it may be closed, or there may never have been one.

    What cannot be told must not keep anybody from being answered.
    """

    def __init__(self, file: IO[Any] | None) -> None:
        self._file = file

    def write(self, text: Any) -> None:
        """Write what can be written."""
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.write(text)

    def flush(self) -> None:
        """Hand on what can be handed on."""
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.flush()


class _Lines:
    """Writes lines as wholes: at once, but those of one turn of an event loop together at its end.

    Nothing waits for longer than that turn, and nothing is left when the process ends.
    """

    def __init__(self, file: _Lossy) -> None:
        self._file = file
        self._waiting: deque[bytes] = deque()
        self._turn: asyncio.AbstractEventLoop | None = None
        atexit.register(self.write)

    def msg(self, line: bytes) -> None:
        """Write one."""
        self._waiting.append(line + b"\n")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write()
            return
        if loop is not self._turn:
            self._turn = loop
            loop.call_soon(self.write)

    def write(self) -> None:
        """Write what waits."""
        self._turn = None
        told = []
        with suppress(IndexError):
            while True:
                told.append(self._waiting.popleft())
        if told:
            self._file.write(b"".join(told))
            self._file.flush()

    debug = info = warn = warning = error = exception = critical = fatal = log = msg


_rendered = structlog.processors.JSONRenderer(serializer=orjson.dumps, option=orjson.OPT_UTC_Z)


def _line(logger: Any, method: str, told: EventDict) -> Any:
    """A line of ours, as `shared` would make it: in one step, since every operation has one."""
    if (asked := REQUEST_ID.get(None)) is not None:
        told.setdefault("request_id", asked)
    told["level"] = "error" if method == "exception" else method
    told["timestamp"] = datetime.now(UTC)
    return _rendered(logger, method, told)
