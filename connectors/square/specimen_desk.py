"""What do all endpoints of the miniature share? Refusals, pages and keys that are used once."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

Body = Mapping[str, Any]
Json = dict[str, Any]
NOW = "2026-11-20T09:30:00.000Z"
BAD_REQUEST, NOT_FOUND = 400, 404


class RefusedError(Exception):
    """The request is answered with an error document."""

    def __init__(
        self, code: str, *, status: int = BAD_REQUEST, category: str = "INVALID_REQUEST_ERROR"
    ) -> None:
        super().__init__(code)
        self.status = status
        self.document = {"errors": [{"category": category, "code": code, "detail": "No."}]}


def cut(
    rows: Sequence[Json], asked: Body, *, name: str, most: int, usual: int | None = None
) -> Json:
    """A page of rows, with a cursor if there are more; an empty list is left out.

    Raises:
        RefusedError: the limit or the cursor is not one of this list.
    """
    limit = asked.get("limit", usual or most)
    if limit > most:
        raise RefusedError("VALUE_TOO_HIGH")
    if limit < 1:
        raise RefusedError("VALUE_TOO_LOW")
    query = _digest({**asked, "cursor": None, "limit": None})
    start = _start(asked["cursor"], query) if "cursor" in asked else 0
    page, end = rows[start : start + limit], start + limit
    found: Json = {name: list(page)} if page else {}
    if end < len(rows):
        found["cursor"] = base64.b64encode(orjson.dumps([end, query])).decode()
    return found


def _start(cursor: str, query: str) -> int:
    try:
        start, of = orjson.loads(base64.b64decode(cursor))
    except (ValueError, TypeError):
        raise RefusedError("INVALID_CURSOR") from None
    if of != query:
        raise RefusedError("INVALID_CURSOR")
    return int(start)


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]


@dataclass
class Keys:
    """Idempotency keys: the same request again gets the same answer, another one is refused."""

    used: dict[tuple[str, str], tuple[str, Json]] = field(default_factory=dict)

    def once(self, endpoint: str, body: Body, act: Callable[[], Json]) -> Json:
        """The answer to the first request with the key.

        Raises:
            RefusedError: the key is missing, or belongs to another request.
        """
        if not (key := str(body.get("idempotency_key", ""))):
            raise RefusedError("MISSING_REQUIRED_PARAMETER")
        asked = _digest(body)
        if (found := self.used.get((endpoint, key))) is not None:
            if found[0] != asked:
                raise RefusedError("IDEMPOTENCY_KEY_REUSED")
            return found[1]
        told = act()
        self.used[endpoint, key] = (asked, told)
        return told


def stamp() -> str:
    """Now, as Square writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
