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
    logger: Any = structlog.make_filtering_bound_logger(level)
    if style == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_json)
        ours = [_line]
        lines = _Lines(_Lossy(sys.stderr and sys.stderr.buffer))
        written = partial(_the_same, lines)
        if logger.is_enabled_for(logger, logging.INFO):
            logger = _swift(logger)
    structlog.configure(processors=ours, logger_factory=written, wrapper_class=logger)
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


def _swift(usual: type[Any]) -> type[Any]:
    """The usual kind of logger, but swift in saying what every operation says.

    Where more is bound to it, or others listen, it goes the usual way.
    """

    class Swift(usual):  # type: ignore[misc]  # structlog makes it while it runs
        def info(self, event: str, *args: Any, **told: Any) -> Any:
            if args or self._context or self._processors != [_line]:
                return super().info(event, *args, **told)
            told["event"] = event
            return self._logger.told(told)

    return Swift


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

    def write(self, text: Any, *, through: bool = False) -> None:
        """Write what can be written, and hand it on if that is not left to others."""
        if self._file is not None:
            try:
                self._file.write(text)
                if through:
                    self._file.flush()
            except (OSError, ValueError):
                return

    def flush(self) -> None:
        """Hand on what can be handed on."""
        if self._file is not None:
            with suppress(OSError, ValueError):
                self._file.flush()


class _Lines:
    """Writes lines as wholes: at once, but those of one turn of an event loop together at its end.

    Then lines are made, too, of what was only `told`: many at once cost less than one by one.

    Nothing waits for longer than that turn, and nothing is left when the process ends.
    """

    def __init__(self, file: _Lossy) -> None:
        self._file = file
        self._waiting: deque[bytes | EventDict] = deque()
        self._turn: asyncio.AbstractEventLoop | None = None
        atexit.register(self.write)

    def msg(self, line: bytes) -> None:
        """Write one."""
        self._wait(line)

    def told(self, what: EventDict) -> None:
        """Write a line that says what has happened; nobody changes that any more."""
        _complete(what, "info")
        self._wait(what)

    def _wait(self, line: bytes | EventDict) -> None:
        self._waiting.append(line)
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
        told, waiting = [], self._waiting
        while waiting:
            try:
                line = waiting.popleft()
            except IndexError:  # another thread writes, too
                break
            told.append(line if isinstance(line, bytes) else _text(line))
        if told:
            told.append(b"")
            self._file.write(b"\n".join(told), through=True)

    debug = info = warn = warning = error = exception = critical = fatal = log = msg


_rendered = partial(orjson.dumps, default=repr, option=orjson.OPT_UTC_Z)


def _line(logger: Any, method: str, told: EventDict) -> Any:
    """A line of ours, as `shared` would make it: in one step, since every operation has one."""
    del logger
    _complete(told, method)
    return _text(told)


def _text(told: EventDict) -> Any:
    """In JSON; what cannot be is told as Python would show it."""
    try:
        return _rendered(told)
    except TypeError:
        return _rendered({key: _shown(value) for key, value in told.items()})


def _shown(value: Any) -> Any:
    try:
        orjson.dumps(value, default=repr)
    except TypeError:
        return repr(value)
    return value


def _complete(told: EventDict, method: str) -> None:
    if (asked := REQUEST_ID.get(None)) is not None:
        told.setdefault("request_id", asked)
    told["level"] = "error" if method == "exception" else method
    told["timestamp"] = datetime.now(UTC)
