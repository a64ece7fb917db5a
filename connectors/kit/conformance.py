"""Does a connector keep the contract of its ports, whatever its upstream does?

One suite per port: two cases for a healthy upstream and one for each line of the failure menu, for
every specimen of the connector that has the port. A port that writes has a case for its laws and
one for each mishap of a write besides.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from pydantic import ValidationError

from app.errors import MisconfiguredError
from app.ports import ConnectorPackage, Manifest
from connectors.kit.batching import count_calls
from connectors.kit.bench import Bench, OpenHttp, Outcome, Plugged, RunawayError, bench
from connectors.kit.faults import TOLD_IN_ERRORS
from connectors.kit.findings import Finding, is_raw, leak, told
from connectors.kit.health import examine
from connectors.kit.menu import MENU, Break, Failure, Trial
from connectors.kit.question import Question, Reading
from connectors.kit.questions import questions_of
from connectors.kit.specimen import Specimen
from connectors.kit.writes import writes_of
from connectors.kit.writing import MISHAPS, Scene, tried
from connectors.kit.written import laws_of, stock_up

HEALTHY = "healthy"
BATCHED = "batched"
WRITTEN = "written"
WRITE = "write "  # begins the names of cases in which a write goes wrong
FIRST_STEPS = 3  # steps of a conversation that are broken one by one, besides the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A connector that can be tried: its card, its code, its upstreams in miniature."""

    manifest: Manifest
    package: ConnectorPackage
    specimens: tuple[Specimen, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to be shown: `failure` is `healthy`, `batched` or a line of the menu."""

    connector: str
    specimen: str
    port: str
    failure: str

    @property
    def id(self) -> str:
        """A name to find it by."""
        name = f"{self.connector}-{self.specimen}-{self.port}-{self.failure}"
        return name.replace(" ", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What a case showed. The cost of the dearest question is measured in the healthy case."""

    case: Case
    findings: tuple[Finding, ...]
    calls: int | None = None
    seconds: float | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class _Moment:
    """When the wire breaks: after so many good requests of a new or of a used connection."""

    after: int
    warm: bool


def subject_of(manifest: Manifest, module: str) -> Subject:
    """Import the connector's package and its `specimen` module.

    Raises:
        MisconfiguredError: there is nothing to try it on.
    """
    package = cast("ConnectorPackage", import_module(module))
    specimens = tuple(getattr(import_module(f"{module}.specimen"), "SPECIMENS", ()))
    labels = [specimen.label for specimen in specimens]
    if not labels or len(labels) != len(set(labels)):
        raise MisconfiguredError(f"{module}.specimen: SPECIMENS needs labels, each one once")
    return Subject(manifest=manifest, package=package, specimens=specimens)


def cases_of(subject: Subject) -> tuple[Case, ...]:
    """Every case of a connector: specimen x port x failure."""
    name = subject.manifest.name
    return tuple(
        Case(name, specimen.label, port, failure)
        for specimen in subject.specimens
        for port in sorted(specimen.ports)
        for failure in _failures(port)
    )


def _failures(port: str) -> Iterator[str]:
    yield HEALTHY
    if any(question.takes_keys for question in questions_of(port)):
        yield BATCHED
    yield from (failure.name for failure in MENU)
    if writes_of(port):
        yield WRITTEN
        yield from (f"{WRITE}{name}" for name in MISHAPS)


async def try_case(subject: Subject, case: Case, open_http: OpenHttp) -> CaseResult:
    """Serve the specimen, ask, break, ask again, and judge."""
    specimen = next(one for one in subject.specimens if one.label == case.specimen)
    try:
        if case.failure.startswith(WRITE):
            name = case.failure.removeprefix(WRITE)
            scenes = [
                Scene(subject.package, specimen, open_http, write) for write in writes_of(case.port)
            ]
            written = [one for scene in scenes for one in await tried(scene, name)]
            return CaseResult(case=case, findings=tuple(written))
        async with bench(subject.package, specimen, open_http) as place:
            return await _tried(place, subject.manifest, case)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        mistaken = "; ".join(f"{'.'.join(map(str, m['loc']))}: {m['msg']}" for m in mistakes)
        finding = Finding("conformance", f"the specimen's settings do not fit: {mistaken}")
        return CaseResult(case=case, findings=(finding,))


async def _tried(place: Bench, manifest: Manifest, case: Case) -> CaseResult:
    if case.failure == WRITTEN:
        return CaseResult(case=case, findings=tuple(await laws_of(case.port)(place)))
    questions = questions_of(case.port)
    if questions and writes_of(case.port):
        await stock_up(place, case.port)
    if case.failure == HEALTHY:
        health = await examine(place, questions, frozenset(manifest.provides))
        return CaseResult(
            case=case, findings=health.findings, calls=health.calls, seconds=health.seconds
        )
    if case.failure == BATCHED:
        counted = await count_calls(place, questions, manifest.limits.ids_of(case.port))
        return CaseResult(case=case, findings=counted)
    failure = next(one for one in MENU if one.name == case.failure)
    broken = [one for question in questions async for one in _broken(place, question, failure)]
    return CaseResult(case=case, findings=tuple(broken))


async def _broken(place: Bench, question: Question, failure: Failure) -> AsyncIterator[Finding]:
    """At most one finding for each way to break the wire: the first it meets."""
    plugged, before = await place.plug(), place.wire.requests
    healthy = await plugged.ask(question, question.keys(place.specimen))
    steps = place.wire.requests - before
    if not isinstance(healthy, Reading):
        reason = f"{question.name}: {told(healthy)}; the upstream was not yet broken"
        yield Finding("conformance", reason)
    elif steps == 0:
        yield Finding("conformance", f"{question.name}: answers without asking the upstream")
    else:
        for one in failure.breaks(place.specimen):
            async for finding in _everywhere(place, question, one, healthy, steps):
                yield finding
                break


async def _everywhere(
    place: Bench, question: Question, one: Break, healthy: Reading, steps: int
) -> AsyncIterator[Finding]:
    for moment in _moments(steps, every_step=one.every_step):
        for finding in await _trial(place, question, one, healthy, moment):
            step = "a used connection" if moment.warm else f"step {moment.after + 1}"
            yield Finding(finding.rule, f"{finding.reason} ({one.label}, from {step} on)")


def _moments(steps: int, *, every_step: bool) -> Iterator[_Moment]:
    last = steps if every_step else 1
    for step in range(last):
        if step < FIRST_STEPS or step == last - 1:
            yield _Moment(step, warm=False)
    yield _Moment(0, warm=True)


async def _trial(
    place: Bench, question: Question, one: Break, healthy: Reading, moment: _Moment
) -> list[Finding]:
    plugged, keys = await place.plug(), question.keys(place.specimen)
    if moment.warm:
        await plugged.ask(question, keys)
    if one.fault is None:
        plugged.line.repeats_pages = True
    else:
        place.wire.break_with(one.fault, after=moment.after)
    outcome = await plugged.ask(question, keys)
    place.wire.mend()
    if one.fault is not None and not place.wire.broken:
        return []  # a used connection had everything it needed
    trial = Trial(question=question, outcome=outcome, healthy=healthy, warm=moment.warm)
    judged = [_raw(question, outcome) or one.judge(trial), _leak(place, outcome)]
    judged.append(await _recovery(place, plugged, question, healthy))
    return [finding for finding in judged if finding is not None]


def _raw(question: Question, outcome: Outcome) -> Finding | None:
    if isinstance(outcome, RunawayError | TimeoutError):
        return Finding("conformance", f"{question.name}: {told(outcome)}")
    if is_raw(outcome):
        return Finding("errors-ours", f"{question.name}: {told(outcome)} left the connector")
    return None


def _leak(place: Bench, outcome: Outcome) -> Finding | None:
    secrets = (TOLD_IN_ERRORS, *place.secrets)
    return leak(outcome, secrets) if isinstance(outcome, BaseException) else None


async def _recovery(
    place: Bench, plugged: Plugged, question: Question, healthy: Reading
) -> Finding | None:
    await place.forgive(plugged)
    again = await plugged.ask(question, question.keys(place.specimen))
    if isinstance(again, Reading) and again.facts == healthy.facts:
        return None
    return Finding("recovers", f"{question.name}: {told(again)} once the upstream was well again")
