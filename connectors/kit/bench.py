"""Where is a connector tried? One specimen served on loopback, and connections to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr

from app.errors import InvalidInputError, UpstreamError
from app.ports import ConnectorPackage, UpstreamHttp, WireRequest, WireResponse, Wiring
from connectors.kit.faults import FaultyWire, cuts_unlogged
from connectors.kit.findings import told
from connectors.kit.question import Keys, Question, Reading
from connectors.kit.serve import serve
from connectors.kit.specimen import Specimen

OpenHttp = Callable[[str], AbstractAsyncContextManager[UpstreamHttp]]
"""Opens the gateway's guarded client for a base address."""

MOST_CALLS = 200  # of one question; a connector that asks more often follows pages without end
LONGEST = 30.0  # seconds one question may take


class RunawayError(Exception):
    """The connector does not stop calling."""


@dataclass(slots=True)
class Clock:
    """The connector's clock, which the suites move forward."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """The time as the connector sees it."""
        return datetime.now(UTC) + self.ahead


class CrashError(BaseException):
    """The process ended here; nothing that the connector does about errors may hear of it."""


class Line:
    """The guarded client as the connector sees it: counted, and replaceable behind its back.

    `ends_after` is the number of the call whose answer the process does not live to see.
    """

    def __init__(self, http: UpstreamHttp) -> None:
        self._http = http
        self._first: dict[str, WireResponse] = {}
        self.calls = 0
        self.failures = 0
        self.repeats_pages = False
        self.ends_after: int | None = None

    def replace(self, http: UpstreamHttp) -> None:
        """Go on through another client, which knows nothing of earlier failures."""
        self._http, self._first, self.repeats_pages = http, {}, False

    async def send(self, request: WireRequest) -> WireResponse:
        """See `app.ports.UpstreamHttp`."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise RunawayError(f"asked {MOST_CALLS} times and did not stop")
        if self.repeats_pages and (first := self._first.pop(request.operation, None)):
            return first
        response = await self._answered(request)
        self._first[request.operation] = response
        return response

    async def _answered(self, request: WireRequest) -> WireResponse:
        try:
            return await self._http.send(request)
        except UpstreamError:
            self.failures += 1
            raise
        finally:
            if self.calls == self.ends_after:
                raise CrashError


Outcome = Reading | BaseException


@dataclass(frozen=True, slots=True)
class Plugged:
    """One connection, fresh from `connect`."""

    connection: Any
    line: Line
    clock: Clock
    specimen: Specimen

    async def refuses(self, asking: Awaitable[Any]) -> str | None:
        """What is wrong about the answer to a cursor that nobody handed out; None if nothing is.

        It is the caller's mistake: the upstream is not asked about it, or does not mind.
        """
        self.line.calls, before = 0, self.line.failures
        outcome = await outcome_of(asking)
        if not isinstance(outcome, InvalidInputError):
            came = told(outcome) if isinstance(outcome, Outcome) else "an answer"
            return f"{came}; expected InvalidInputError"
        if self.line.failures > before:
            return "the upstream was asked about it, and its refusal counts against it"
        return None

    async def ask(self, question: Question, keys: Keys) -> Outcome:
        """Whatever comes of asking: an answer, or what was raised."""
        self.line.calls = 0
        outcome: Outcome = await outcome_of(question.ask(self.connection, self.specimen, keys))
        return outcome


async def outcome_of(asking: Awaitable[Any], *, within: float = LONGEST) -> Any:
    """The result or the error of `asking`; a `TimeoutError` when it takes too long."""
    task = asyncio.ensure_future(asking)
    try:
        await asyncio.wait({task}, timeout=within)
        if not task.done():
            return TimeoutError(f"no answer within {within:g} s")
        if task.cancelled():
            return asyncio.CancelledError("cancelled itself")
        return task.exception() or task.result()
    finally:
        task.cancel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A served specimen. `secrets` must not show in any message."""

    package: ConnectorPackage
    specimen: Specimen
    url: str
    wire: FaultyWire
    settings: BaseModel
    _open_http: OpenHttp
    _stack: AsyncExitStack = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The upstream's address and every secret of the settings."""
        held = (getattr(self.settings, name) for name in type(self.settings).model_fields)
        words = [one.get_secret_value() for one in held if isinstance(one, SecretStr)]
        return (self.url.removeprefix("http://"), *filter(None, words))

    async def plug(self) -> Plugged:
        """A new connection with a client of its own."""
        clock, line = Clock(), Line(await self._client())
        wiring = Wiring(
            name=self.specimen.label, http=line, now=clock.now, locations=self.specimen.locations
        )
        connection = self.package.connect(self.settings, wiring)
        return Plugged(connection, line, clock, self.specimen)

    async def forgive(self, plugged: Plugged) -> None:
        """An hour later, with a client that is not holding back: only the connector remembers."""
        plugged.clock.ahead += timedelta(hours=1)
        plugged.line.replace(await self._client())

    async def _client(self) -> UpstreamHttp:
        return await self._stack.enter_async_context(self._open_http(self.url))


@asynccontextmanager
async def bench(
    package: ConnectorPackage, specimen: Specimen, open_http: OpenHttp
) -> AsyncIterator[Bench]:
    """Serve the specimen; closed with every connection to it at the end of the block."""
    wire = FaultyWire(specimen.app())
    with cuts_unlogged():
        async with serve(wire) as url, AsyncExitStack() as stack:
            settings = package.Settings.model_validate({**specimen.settings, "url": url})
            yield Bench(
                package=package,
                specimen=specimen,
                url=url,
                wire=wire,
                settings=settings,
                _open_http=open_http,
                _stack=stack,
            )
