"""Has a write exactly one effect, whatever is lost, repeated or ended in between?

Each trial has an upstream of its own. The write is made while the wire is broken at one step of the
conversation; then the upstream is well again and another connection, which knows nothing of the
first, makes the same write. The upstream must hold what was written, once. An error that says that
nothing happened must be true.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import ConnectorPackage
from connectors.kit.bench import Bench, CrashError, OpenHttp, Plugged, bench, outcome_of
from connectors.kit.faults import (
    ERROR_PAGE,
    HTML,
    TOLD_IN_ERRORS,
    Fault,
    after_effect,
    answering,
    cut,
    refusing,
    silence,
    twice,
)
from connectors.kit.findings import Finding, leak, told
from connectors.kit.specimen import Specimen
from connectors.kit.write import Write

NEVER = (UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled)
UNKNOWN = (UpstreamUnavailable, UpstreamBroken)
RETRY_AFTER = 7  # seconds the throttling upstream asks for
FEW = 20  # steps of a conversation that are broken one by one; no connector should need more
Result = Any


@dataclass(frozen=True, slots=True)
class Mishap:
    """One way in which a write goes wrong, and the errors that may be told of it.

    `fault` None: the process ends. `times` None: until the upstream is mended. `every` False: at
    the first and at the last step only.
    """

    label: str
    fault: Fault | None
    kinds: tuple[type[UpstreamError], ...]
    times: int | None = None
    may_succeed: bool = False
    every: bool = True


def _refused(status: int, kind: type[UpstreamError], wait: int | None = None) -> list[Mishap]:
    return [Mishap(f"{status}", refusing(status, retry_after=wait), (kind,))]


RUBBISH = answering(200, ERROR_PAGE, HTML)
LOST = {"cut": cut, "a 500": refusing(500), "rubbish": RUBBISH}
MISHAPS: dict[str, list[Mishap]] = {
    "401": _refused(401, UpstreamUnauthorized),
    "403": _refused(403, UpstreamUnauthorized),
    "404": _refused(404, UpstreamRefused),
    "409": _refused(409, UpstreamRefused),
    "429": _refused(429, UpstreamThrottled, RETRY_AFTER),
    "500": _refused(500, UpstreamUnavailable),
    "timeout": [
        Mishap("silence", silence, (UpstreamUnavailable,), every=False),
        Mishap(
            "silence after the effect",
            after_effect(silence),
            (UpstreamUnavailable,),
            times=1,
            may_succeed=True,
            every=False,
        ),
    ],
    "cut": [Mishap("cut", cut, (UpstreamUnavailable,))],
    "rubbish": [Mishap("an HTML page", RUBBISH, (UpstreamBroken,))],
    "lost-answer": [
        Mishap(
            f"{label} after the effect{'' if times is None else ', once'}",
            after_effect(fault),
            UNKNOWN,
            times=times,
            may_succeed=True,
        )
        for label, fault in LOST.items()
        for times in (None, 1)
    ],
    "delivered-twice": [
        Mishap(
            "every request arrives twice", twice, (UpstreamError,), may_succeed=True, every=False
        )
    ],
    "crash": [Mishap("the process ends", None, ())],
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a write is tried: the connector, its specimen, the gateway's client."""

    package: ConnectorPackage
    specimen: Specimen
    open_http: OpenHttp
    write: Write

    @asynccontextmanager
    async def staged(self) -> AsyncIterator[Bench]:
        """An upstream that holds what must come before the write."""
        async with AsyncExitStack() as stack:
            opened = bench(self.package, self.specimen, self.open_http)
            place = await stack.enter_async_context(opened)
            plugged = await place.plug()
            for make in self.write.before:
                await make(plugged.connection, self.specimen)
            yield place

    def held(self, place: Bench) -> list[Any]:
        """What the upstream holds, in one order."""
        return sorted(self.write.held(self.specimen, place.wire.app), key=repr)

    @property
    def wanted(self) -> list[Any]:
        """What it must hold at last."""
        return sorted(self.write.effects(self.specimen), key=repr)

    async def made(self, plugged: Plugged) -> Result:
        """What came of the write."""
        plugged.line.calls = 0
        return await outcome_of(self.write.make(plugged.connection, self.specimen))


async def tried(scene: Scene, failure: str) -> list[Finding]:
    """At most one finding for each way in which it goes wrong."""
    try:
        steps, healthy = await _healthy(scene)
    except (UpstreamError, LookupError) as error:
        return [Finding("conformance", f"{scene.write.name}: {told(error)}; all was well")]
    found = []
    for mishap in MISHAPS[failure]:
        async for finding in _everywhere(scene, mishap, steps, healthy):
            found.append(finding)
            break
    return found


async def _healthy(scene: Scene) -> tuple[int, Result]:
    async with scene.staged() as place:
        plugged = await place.plug()
        outcome = await scene.made(plugged)
        if isinstance(outcome, BaseException):
            raise LookupError(told(outcome)) if not isinstance(outcome, UpstreamError) else outcome
        if (held := scene.held(place)) != scene.wanted:
            raise LookupError(f"the upstream holds {held}, not {scene.wanted}")
        return plugged.line.calls, outcome


async def _everywhere(
    scene: Scene, mishap: Mishap, steps: int, healthy: Result
) -> AsyncIterator[Finding]:
    for step in _steps(steps, mishap):
        async with scene.staged() as place:
            for finding in await _trial(scene, place, mishap, step, healthy):
                where = f"({mishap.label}, from step {step + 1} of {steps} on)"
                yield Finding(finding.rule, f"{scene.write.name}: {finding.reason} {where}")


def _steps(steps: int, mishap: Mishap) -> Iterator[int]:
    if mishap.fault is twice:
        yield 0
    elif mishap.every:
        yield from range(min(steps, FEW))
    else:
        yield from sorted({0, steps - 1})


async def _trial(
    scene: Scene, place: Bench, mishap: Mishap, step: int, healthy: Result
) -> list[Finding]:
    before, plugged = scene.held(place), await place.plug()
    if mishap.fault is None:
        plugged.line.ends_after = step + 1
    else:
        place.wire.break_with(mishap.fault, after=step, times=mishap.times)
    outcome = await scene.made(plugged)
    place.wire.mend()
    held = scene.held(place)
    findings = [_kind(mishap, outcome, happened=held != before), _leak(place, outcome)]
    if isinstance(outcome, NEVER) and held != before:
        reason = f"{type(outcome).__name__} says that nothing happened, and it did"
        findings.append(Finding("writes-idempotent", reason))
    findings += await _again(scene, place, healthy)
    return [finding for finding in findings if finding is not None]


def _kind(mishap: Mishap, outcome: Result, *, happened: bool) -> Finding | None:
    if isinstance(outcome, CrashError) and mishap.fault is None:
        return None
    if not isinstance(outcome, BaseException):
        if mishap.may_succeed:
            return None
        return Finding("errors-ours", f"was answered with {outcome!r}")
    if not isinstance(outcome, UpstreamError):
        return Finding("errors-ours", f"{told(outcome)} left the connector")
    if isinstance(outcome, mishap.kinds) or (happened and isinstance(outcome, UNKNOWN)):
        return _patience(mishap, outcome)
    kinds = " or ".join(kind.__name__ for kind in mishap.kinds)
    return Finding("errors-ours", f"{told(outcome)}; expected {kinds}")


def _patience(mishap: Mishap, outcome: UpstreamError) -> Finding | None:
    if mishap.label != "429" or not isinstance(outcome, UpstreamThrottled):
        return None
    asked = timedelta(seconds=RETRY_AFTER)
    if asked - timedelta(seconds=1) < outcome.retry_after <= asked:
        return None
    return Finding("throttle-honoured", f"retry_after is {outcome.retry_after.total_seconds():g} s")


def _leak(place: Bench, outcome: Result) -> Finding | None:
    if not isinstance(outcome, BaseException):
        return None
    return leak(outcome, (TOLD_IN_ERRORS, *place.secrets, *place.specimen.private))


async def _again(scene: Scene, place: Bench, healthy: Result) -> list[Finding]:
    """Another connection makes the write that the first one may or may not have made."""
    again = await place.plug()
    outcome = await scene.made(again)
    found = []
    if outcome != healthy:
        said = told(outcome) if isinstance(outcome, BaseException) else repr(outcome)
        found.append(Finding("recovers", f"again, it came to {said}, not {healthy!r}"))
    if (held := scene.held(place)) != scene.wanted:
        reason = f"again, and the upstream holds {held}, not {scene.wanted}"
        found.append(Finding("writes-idempotent", reason))
    return found
