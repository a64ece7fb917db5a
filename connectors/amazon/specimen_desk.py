"""What do all operations of the miniature share? Refusals, tokens, quotas and pages."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

Json = dict[str, Any]
Query = Mapping[str, str]
TOKENS_LAST = timedelta(hours=1)
BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, THROTTLED = 400, 403, 404, 409, 429
CLIENT = {
    "grant_type": "refresh_token",
    "refresh_token": "Atzr|a-refresh-token-of-the-specimen",
    "client_id": "amzn1.application-oa2-client.specimen",
    "client_secret": "amzn1.oa2-cs.v1.of-the-specimen",
}


class RefusedError(Exception):
    """The request is answered with an error document."""

    def __init__(self, code: str, *, status: int = BAD_REQUEST) -> None:
        super().__init__(code)
        self.status = status
        self.document = {"errors": [{"code": code, "message": "No."}]}


def now() -> datetime:
    """The time of the miniature, unless a test has another."""
    return datetime.now(UTC)


class TinyLogin:
    """Hands out access tokens for the seller's refresh token."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.ends: dict[str, datetime] = {}
        self.client = dict(CLIENT)
        self.said: Any = int(TOKENS_LAST.total_seconds())
        self.issued = 0

    def token(self, form: Query) -> tuple[int, Json]:
        """The answer to a form."""
        if dict(form) != self.client:
            return BAD_REQUEST, {"error": "invalid_grant", "error_description": "No."}
        self.issued += 1
        token = f"Atza|{self.issued}"
        self.ends[token] = self._clock() + TOKENS_LAST
        told = {"access_token": token, "token_type": "bearer", "expires_in": self.said}
        return 200, {**told, "refresh_token": self.client["refresh_token"]}

    def admit(self, token: str | None) -> None:
        """Let a token in.

        Raises:
            RefusedError: there is none, or it has ended.
        """
        if token is None or self.ends.get(token, self._clock()) <= self._clock():
            raise RefusedError("Unauthorized", status=FORBIDDEN)


@dataclass
class TinyPlan:
    """The usage plan of one operation: so many calls at once, so many a second afterwards."""

    rate: float
    burst: float
    left: float = 0
    at: datetime | None = None

    def take(self, at: datetime) -> None:
        """Count one call.

        Raises:
            RefusedError: it is one too many.
        """
        passed = self.burst if self.at is None else (at - self.at).total_seconds() * self.rate
        self.left, self.at = min(self.burst, self.left + passed), at
        if self.left < 1 - 1e-6:
            raise RefusedError("QuotaExceeded", status=THROTTLED)
        self.left -= 1

    def spend(self, at: datetime) -> None:
        """As if somebody else had used all of it."""
        self.left, self.at = 0, at


@dataclass(frozen=True)
class Mark:
    """Where a page begins, in what was there until a time."""

    until: datetime
    start: int = 0

    @classmethod
    def of(cls, token: str, asked: Query) -> "Mark":
        """The mark of a token.

        Raises:
            RefusedError: the token is not one of this question.
        """
        try:
            start, until, question = orjson.loads(base64.urlsafe_b64decode(token))
        except (ValueError, TypeError):
            raise RefusedError("InvalidInput") from None
        if question != _digest(asked):
            raise RefusedError("InvalidInput")
        return cls(datetime.fromisoformat(until), start)

    def token(self, asked: Query) -> str:
        """Its token."""
        told = [self.start, self.until, _digest(asked)]
        return base64.urlsafe_b64encode(orjson.dumps(told)).decode()


def cut(rows: Sequence[Json], mark: Mark, size: int) -> tuple[list[Json], Mark | None]:
    """A page of rows, and where the next one begins if there are more."""
    end = mark.start + size
    more = Mark(mark.until, end) if end < len(rows) else None
    return list(rows[mark.start : end]), more


def _digest(value: Query) -> str:
    sound = orjson.dumps(dict(value), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(sound).hexdigest()[:12]


def stamp(at: datetime) -> str:
    """An instant as Amazon writes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
