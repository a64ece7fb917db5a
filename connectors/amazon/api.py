"""How is the Selling Partner API called, and what do its answers and refusals mean?"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from app.errors import UpstreamBroken, UpstreamRefused, UpstreamThrottled
from app.ports import WireRequest, WireResponse, Wiring
from connectors.amazon.login import Login
from connectors.amazon.quota import Plan, Quotas
from connectors.amazon.settings import Settings
from connectors.kit.rows import json_body

T = TypeVar("T")
CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
UNTOLD_WAIT = timedelta(seconds=1)  # what the client makes of a 429 that names no time
THROTTLED, NO_CONTENT = 429, 204
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation of a model, with its documented usage plan. `bare`: it answers with nothing."""

    operation: str
    method: str
    path: str
    plan: Plan
    safe: bool = True
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A decoded answer."""

    call: Call
    body: Mapping[str, Any]
    as_of: datetime

    def rows(self, name: str) -> list[Any]:
        """The list under a name.

        Raises:
            UpstreamBroken: there is none.
        """
        found = self.body.get(name)
        if not isinstance(found, list):
            raise UpstreamBroken(f"answered {self.call.operation} without {name}")
        return found

    def next_page(self) -> str | None:
        """The token of the next page; None after the last one."""
        pages = self.body.get("pagination")
        token = pages.get("nextToken") if isinstance(pages, Mapping) else pages
        if not isinstance(token, str | None):
            raise UpstreamBroken(f"answered {self.call.operation} with a token that is no text")
        return token or None


class Api:
    """Sends calls in the seller's name, within its quotas."""

    def __init__(
        self,
        settings: Settings,
        wiring: Wiring,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = wiring.http
        self._login = Login(settings, wiring)
        self._quotas = Quotas(now=wiring.now, sleep=sleep, longest=settings.longest_wait)

    async def send(
        self,
        call: Call,
        *,
        ids: Mapping[str, str] = NOTHING,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Reply:
        """The answer to one call; `ids` stand in its path.

        Raises:
            UpstreamError: see `UpstreamHttp`; a refusal by Amazon's own code where it tells one.
        """
        path = call.path.format(**{name: quote(own, safe="") for name, own in ids.items()})
        typed = {} if body is None else {"content-type": "application/json"}
        sent = None if body is None else orjson.dumps(body)

        async def send(token: str) -> WireResponse:
            await self._quotas.admit(call.operation, call.plan)
            return await self._http.send(
                WireRequest(
                    operation=call.operation,
                    method=call.method,
                    path=path,
                    safe=call.safe,
                    query=query,
                    headers={"x-amz-access-token": token, **typed},
                    body=sent,
                )
            )

        try:
            response = await self._login.call(send)
        except UpstreamThrottled as error:
            raise self._patient(call, error) from error
        except UpstreamRefused as error:
            raise _named(call, error) from error
        limit = response.headers.get("x-amzn-ratelimit-limit")
        self._quotas.told(call.operation, call.plan, limit)
        return _read(call, response)

    def _patient(self, call: Call, error: UpstreamThrottled) -> UpstreamThrottled:
        """The same with the time that Amazon means: it answers 429 and mostly tells none."""
        if error.status != THROTTLED:
            return error
        told = error.retry_after if error.retry_after > UNTOLD_WAIT else None
        wait = self._quotas.refused(call.operation, call.plan, told)
        said = f"answered {call.operation} with 429"
        return UpstreamThrottled(said, retry_after=wait, status=error.status, body=error.body)


def _read(call: Call, response: WireResponse) -> Reply:
    if call.bare:
        if response.status != NO_CONTENT or response.body:
            raise UpstreamBroken(f"answered {call.operation} with something instead of nothing")
        return Reply(call, {}, response.date)
    found = json_body(response)
    if not isinstance(found, dict):
        raise UpstreamBroken(f"answered {call.operation} with JSON that is no object")
    return Reply(call, found, response.date)


def understood(row: Any, read: Callable[[Any], T], what: str) -> T:
    """The one thing that was asked for.

    Raises:
        UpstreamBroken: it is not what the contract says.
    """
    try:
        return read(row)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UpstreamBroken(f"told of no sound {what}") from error


def refusal(error: UpstreamRefused) -> str | None:
    """The code Amazon refused with: texts of anybody are not passed on."""
    try:
        told = orjson.loads(error.body)
    except orjson.JSONDecodeError:
        return None
    errors = told.get("errors") if isinstance(told, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    code = first.get("code") if isinstance(first, dict) else None
    return code if isinstance(code, str) and CODE.fullmatch(code) else None


def _named(call: Call, error: UpstreamRefused) -> UpstreamRefused:
    code = refusal(error)
    if code is None:
        return error
    said = f"answered {call.operation} with {code}"
    return UpstreamRefused(said, status=error.status, body=error.body)
