"""How does the process speak of itself? Structured lines on standard error."""

import logging
import sys
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import Processor


def configure(*, level: str, style: Literal["json", "text"]) -> None:
    """Say the same of our log and of that of the libraries, each by the shortest way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    ours = renderer
    written: Any = structlog.WriteLoggerFactory(sys.stderr)
    if style == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_json)
        ours = structlog.processors.JSONRenderer(serializer=orjson.dumps)
        written = structlog.BytesLoggerFactory(sys.stderr.buffer)
    structlog.configure(
        processors=[*shared, ours],
        logger_factory=written,
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("uvicorn.access", "uvicorn.error", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _json(line: Any, **options: Any) -> str:
    return orjson.dumps(line, **options).decode()
