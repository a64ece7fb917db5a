"""How is Square called, and what do its answers and refusals mean?"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import WireRequest, Wiring
from connectors.kit.rows import json_body
from connectors.square.settings import Settings

T = TypeVar("T")
U = TypeVar("U")
CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
UNTOLD = "an error without a code"
UNKNOWN_OUTCOME = frozenset({"REQUEST_TIMEOUT", "TEMPORARY_ERROR"})
# Something was written under our key, and it was not this: that nothing happened would be untrue.
ANOTHER_REQUEST = "IDEMPOTENCY_KEY_REUSED"
PATIENCE = timedelta(seconds=5)  # Square does not say how long to wait
NOTHING: Mapping[str, str] = {}
MOST_PAGES = 50  # of one question; more are not followed


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One endpoint. `rows` names the list of its answer, `beside` what else the answer may hold."""

    operation: str
    path: str
    method: str = "POST"
    safe: bool = True
    rows: str = ""
    beside: frozenset[str] = frozenset({"cursor"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded answer that tells of no error."""

    call: Call
    body: Mapping[str, Any]
    as_of: datetime

    def rows(self) -> list[Any]:
        """The rows. Square leaves an empty list out.

        Raises:
            UpstreamBroken: there is something else in its place.
        """
        found = self.body.get(self.call.rows)
        if found is None and self.body.keys() <= {self.call.rows, *self.call.beside}:
            return []
        if not isinstance(found, list):
            raise UpstreamBroken(f"answered {self.call.operation} without {self.call.rows}")
        return found

    def thing(self, name: str) -> Mapping[str, Any]:
        """The object under a name.

        Raises:
            UpstreamBroken: there is none.
        """
        found = self.body.get(name)
        if not isinstance(found, Mapping):
            raise UpstreamBroken(f"answered {self.call.operation} without {name}")
        return found

    def cursor(self) -> str | None:
        """Where the next page begins; None after the last one."""
        found = self.body.get("cursor")
        if not isinstance(found, str | None):
            raise UpstreamBroken(f"answered {self.call.operation} with a cursor that is no text")
        return found or None


class Api:
    """Sends calls in the seller's name."""

    def __init__(self, settings: Settings, wiring: Wiring) -> None:
        self._http = wiring.http
        self._headers = {
            "authorization": f"Bearer {settings.access_token.get_secret_value()}",
            "square-version": settings.version,
        }

    async def send(
        self,
        call: Call,
        body: Mapping[str, Any] | None = None,
        *,
        ids: Mapping[str, str] = NOTHING,
        query: Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """The answer to one call; `ids` stand in its path.

        Raises:
            UpstreamError: see `UpstreamHttp`; by Square's own category and code where it tells one.
        """
        typed = {} if body is None else {"content-type": "application/json"}
        request = WireRequest(
            operation=call.operation,
            method=call.method,
            path=call.path.format(**{name: quote(own, safe="") for name, own in ids.items()}),
            safe=call.safe,
            query=query,
            headers={**self._headers, **typed},
            body=None if body is None else orjson.dumps(body),
        )
        try:
            response = await self._http.send(request)
        except UpstreamRefused as error:
            raise _judged(call, _told(error.body), error) from error
        found = json_body(response)
        if not isinstance(found, dict):
            raise UpstreamBroken(f"answered {call.operation} with JSON that is no object")
        if found.get("errors"):
            refused = UpstreamRefused("", status=response.status, body=response.body)
            raise _judged(call, _told(response.body), refused)
        return Reply(call, found, response.date)

    async def pages(
        self,
        call: Call,
        body: Mapping[str, Any] | None = None,
        *,
        ids: Mapping[str, str] = NOTHING,
    ) -> list[Reply]:
        """Every page of a list; where there is no body, the cursor is a parameter.

        Raises:
            UpstreamBroken: the pages do not end; see also `send`.
        """
        reply = await self.send(call, body, ids=ids)
        found, seen = [reply], set[str]()
        while (cursor := reply.cursor()) is not None:
            if cursor in seen or len(found) >= MOST_PAGES:
                raise UpstreamBroken(f"the pages of {call.operation} do not end")
            seen.add(cursor)
            if body is None:
                reply = await self.send(call, query=[("cursor", cursor)], ids=ids)
            else:
                reply = await self.send(call, {**body, "cursor": cursor}, ids=ids)
            found.append(reply)
        return found


@dataclass(frozen=True, slots=True)
class Told:
    """What Square says is wrong: the first of its errors."""

    category: str
    code: str


def refusal(error: UpstreamError) -> str:
    """The code Square refused with; empty where it told none."""
    told = _told(error.body)
    return "" if told is None else told.code


def code_of(entry: Any) -> str | None:
    """The code with which one of many questions was refused; None where it was answered."""
    told = _first(entry)
    return None if told is None else told.code


def _told(body: bytes) -> Told | None:
    try:
        return _first(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None


def _first(document: Any) -> Told | None:
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return None
    return Told(_word(first.get("category")), _word(first.get("code")))


def _word(value: Any) -> str:
    """One of Square's enumerated words: texts of anybody are not passed on."""
    return value if isinstance(value, str) and CODE.fullmatch(value) else UNTOLD


def _judged(call: Call, told: Told | None, error: UpstreamRefused) -> UpstreamError:
    """The kind of error that what Square tells calls for."""
    if told is None:
        return error if str(error) else UpstreamBroken(f"answered {call.operation} with {UNTOLD}")
    said = f"answered {call.operation} with {told.code}"
    if told.category == "RATE_LIMIT_ERROR":
        return UpstreamThrottled(said, retry_after=PATIENCE, status=error.status, body=error.body)
    kind: type[UpstreamError] = UpstreamRefused
    if told.code == ANOTHER_REQUEST:
        kind = UpstreamBroken
    if told.category == "AUTHENTICATION_ERROR":
        kind = UpstreamUnauthorized
    if told.category == "API_ERROR" or told.code in UNKNOWN_OUTCOME:
        kind = UpstreamUnavailable
    return kind(said, status=error.status, body=error.body)


def understood(row: Any, read: Callable[[Any], T], what: str) -> T:
    """The one thing that was asked for.

    Raises:
        UpstreamBroken: it is not what the contract says.
    """
    try:
        return read(row)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UpstreamBroken(f"told of no sound {what}") from error


def each_once(pages: Iterable[Reply], name: str) -> list[Mapping[str, Any]]:
    """The rows of all pages, each once, by the text that names them; all of them must be there.

    Raises:
        UpstreamBroken: one of them has no such name.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for page in pages:
        for row in page.rows():
            own = row.get(name) if isinstance(row, dict) else None
            if not isinstance(own, str):
                raise UpstreamBroken(f"answered {page.call.operation} with a row without {name}")
            found.setdefault(own, row)
    return list(found.values())


async def together(questions: Iterable[Awaitable[T]]) -> list[T]:
    """All answers in the order asked; the first failure ends the other questions."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(question)) for question in questions]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def both(one: Awaitable[T], other: Awaitable[U]) -> tuple[T, U]:
    """Two answers of different kinds; see `together`."""
    first: list[T] = []
    second: list[U] = []

    async def keep(question: Awaitable[Any], found: list[Any]) -> None:
        found.append(await question)

    await together((keep(one, first), keep(other, second)))
    return first[0], second[0]


async def _awaited(question: Awaitable[T]) -> T:
    return await question
