"""How can an upstream let us down? Faults that are switched on and off over HTTP while it runs."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.kit.specimen import Asgi
from connectors.sandbox import damage
from connectors.sandbox.damage import Captured, Message, Receive, Send

CONTROL = "/_sandbox/fault"
HUGE = 10 * 1024 * 1024  # bytes
CHUNK = 64 * 1024  # bytes
DRIP_EVERY = 0.2  # seconds between two bytes
MAINTENANCE = b"<!doctype html><title>Maintenance</title><h1>We will be right back</h1>"
Kind = Literal[
    "slow",
    "fail",
    "throttle",
    "lie",
    "silent",
    "rubbish",
    "half",
    "wrong_types",
    "bad_rows",
    "huge",
    "drip",
    "cut",
    "unauthorized",
]
Clock = Callable[[], datetime]

_shift: ContextVar[timedelta] = ContextVar("shift", default=timedelta())


class Fault(BaseModel):
    """One way to let us down; the numbers matter to the kinds that use them.

    `path` is a pattern of the paths it strikes; `times` how many requests it strikes before it is
    over (None: until it is cleared).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Kind
    path: str = "*"
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=5, gt=0, le=3600)
    status: int = Field(default=500, ge=500, le=599)
    retry_after: int = Field(default=30, ge=0)
    hours: float = Field(default=6, ge=-10_000, le=10_000)


class FaultyUpstream:
    """An upstream that works until it is told otherwise, and counts who asks."""

    def __init__(
        self, make: Callable[[Clock], Asgi], *, now: Clock, states_date: bool = False
    ) -> None:
        """`make` builds the app for a clock; `states_date` adds the Date header of that clock."""
        self._now = now
        self.served = make(self._clock)
        self._states_date = states_date
        self._fault: Fault | None = None
        self._left: int | None = None
        self._released = asyncio.Event()
        self.requests: Counter[str] = Counter()

    def break_with(self, fault: Fault) -> None:
        """Let the next requests down; an earlier fault is over."""
        self._fault, self._left = fault, fault.times

    def mend(self) -> None:
        """Work again."""
        self._fault = self._left = None

    def release(self) -> None:
        """Let go of every request that is being kept waiting; the server is about to stop."""
        self._released.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, or let down."""
        if scope["type"] != "http":
            await self.served(scope, receive, send)
        elif scope["path"] == CONTROL:
            await self._control(scope, receive, send)
        else:
            self.requests[scope["path"]] += 1
            fault = self._next(scope["path"])
            send = self._dated(send) if self._states_date else send
            if fault is None:
                await self.served(scope, receive, send)
            else:
                await self._strike(fault, scope, receive, send)

    def _clock(self) -> datetime:
        return self._now() + _shift.get()

    def _next(self, path: str) -> Fault | None:
        fault = self._fault
        if fault is None or not fnmatchcase(path, fault.path):
            return None
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.mend()
        return fault

    def _dated(self, send: Send) -> Send:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._clock(), usegmt=True).encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        return stamped

    async def _control(self, scope: Message, receive: Receive, send: Send) -> None:
        match scope["method"]:
            case "PUT":
                try:
                    self.break_with(Fault.model_validate_json(await damage.read(receive)))
                except ValidationError as error:
                    mistakes = [f"{_where(one)}: {one['msg']}" for one in error.errors()]
                    await damage.answer(send, 422, orjson.dumps({"error": "; ".join(mistakes)}))
                    return
            case "DELETE":
                self.mend()
            case "GET":
                pass
            case _:
                await damage.answer(send, 405, orjson.dumps({"error": "GET, PUT or DELETE"}))
                return
        await damage.answer(send, 200, orjson.dumps(self._state()))

    def _state(self) -> Mapping[str, Any]:
        fault = None if self._fault is None else self._fault.model_dump() | {"times": self._left}
        return {"fault": fault, "requests": dict(self.requests)}

    async def _strike(self, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
        body = await damage.read(receive)
        hears = damage.heard(body, receive)
        match fault.kind:
            case "fail":
                await damage.answer(send, fault.status, b'{"error": "told to fail"}')
            case "throttle":
                headers = [(b"retry-after", str(fault.retry_after).encode())]
                await damage.answer(send, 429, b'{"error": "told to throttle"}', headers)
            case "unauthorized":
                await damage.answer(send, 401, b'{"error": "told to refuse"}')
            case "rubbish":
                await damage.answer(send, 200, MAINTENANCE, kind=b"text/html")
            case "silent":
                await self._idle(receive, None)
            case "slow":
                if await self._idle(receive, fault.seconds):
                    await self.served(scope, hears, send)
            case "lie":
                await self._lie(fault, scope, hears, send)
            case _:
                captured = await damage.captured(self.served, scope, hears)
                await self._spoil(fault.kind, captured, receive, send)

    async def _spoil(self, kind: Kind, good: Captured, receive: Receive, send: Send) -> None:
        """Answer a good answer badly."""
        body = good.body
        match kind:
            case "half":
                await damage.send_all(send, good, [body[: len(body) // 2]])
            case "wrong_types":
                await damage.send_all(send, good, [damage.mistyped(body, every=1)])
            case "bad_rows":
                await damage.send_all(send, good, [damage.mistyped(body, every=5)])
            case "huge":
                padding = [b" " * CHUNK] * (HUGE // CHUNK)
                await damage.send_all(send, good, [body, *padding])
            case "cut":
                await damage.begin(send, good, length=len(body))
                await damage.send_part(send, body[: len(body) // 2])
            case "drip":
                await self._drip(good, receive, send)

    async def _lie(self, fault: Fault, scope: Message, receive: Receive, send: Send) -> None:
        token = _shift.set(timedelta(hours=fault.hours))
        try:
            await self.served(scope, receive, send)
        finally:
            _shift.reset(token)

    async def _drip(self, good: Captured, receive: Receive, send: Send) -> None:
        await damage.begin(send, good, length=len(good.body))
        for byte in good.body:
            await damage.send_part(send, bytes([byte]))
            if not await self._idle(receive, DRIP_EVERY):
                return
        await send({"type": "http.response.body", "body": b""})

    async def _idle(self, receive: Receive, seconds: float | None) -> bool:
        """Wait; False as soon as the client has gone or the server stops."""
        ends: list[Awaitable[Any]] = [_gone(receive), self._released.wait()]
        return await _nothing_happened(ends, seconds)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing_happened(ends: Iterable[Awaitable[Any]], seconds: float | None) -> bool:
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return not done


def _where(mistake: Any) -> str:
    return ".".join(map(str, mistake["loc"])) or "fault"
