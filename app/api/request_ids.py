"""Which request is being answered? Whatever is said meanwhile can name it."""

from contextvars import ContextVar

from structlog.contextvars import STRUCTLOG_KEY_PREFIX

# By its name structlog knows it as one that goes into every line.
REQUEST_ID: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}request_id")
