"""What can go wrong with an upstream, and what must a connector make of it?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import orjson

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from connectors.kit.faults import (
    ERROR_PAGE,
    HTML,
    Fault,
    answering,
    cut,
    refusing,
    rewriting,
    silence,
)
from connectors.kit.findings import Finding, told
from connectors.kit.question import Question, Reading
from connectors.kit.rewrites import EMPTIED, MISTYPED, REPEATED, halved
from connectors.kit.specimen import Specimen

RETRY_AFTER = 7  # seconds the throttling upstream asks for
SHAPES = ({"unexpected": True}, [1, "two", None], "a word", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of one question to a broken upstream, and what a healthy one had answered.

    `warm`: the connection had been used before, so the fault met the question itself and not a
    login or a look-up that comes before it.
    """

    question: Question
    outcome: Reading | BaseException
    healthy: Reading
    warm: bool


Judge = Callable[[Trial], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way to break the wire, and the judge of what comes of it.

    `fault` None leaves the wire alone: the second page is then the first one again.
    `every_step`: break from each step of the conversation on, not only from its start.
    """

    label: str
    fault: Fault | None
    judge: Judge
    every_step: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """A line of the menu."""

    name: str
    breaks: Callable[[Specimen], tuple[Break, ...]]


def _unexpected(trial: Trial, wanted: str, *, rule: str = "errors-ours") -> Finding:
    return Finding(rule, f"{trial.question.name}: {told(trial.outcome)}; expected {wanted}")


def _raises(kind: type[UpstreamError]) -> Judge:
    def judge(trial: Trial) -> Finding | None:
        return None if isinstance(trial.outcome, kind) else _unexpected(trial, kind.__name__)

    return judge


def _waits(trial: Trial) -> Finding | None:
    """Throttled, with the time the upstream asked for (less what has passed since)."""
    if not isinstance(trial.outcome, UpstreamThrottled):
        return _unexpected(trial, "UpstreamThrottled", rule="throttle-honoured")
    asked, told_to_wait = timedelta(seconds=RETRY_AFTER), trial.outcome.retry_after
    if asked - timedelta(seconds=1) < told_to_wait <= asked:
        return None
    seconds = told_to_wait.total_seconds()
    reason = f"{trial.question.name}: retry_after is {seconds:g} s; asked for were {RETRY_AFTER} s"
    return Finding("throttle-honoured", reason)


def _refused_or_absent(trial: Trial) -> Finding | None:
    """404: the upstream does not have it, which a connector may tell by leaving it out."""
    if isinstance(trial.outcome, Reading):
        return _invented(trial, trial.outcome)
    return _raises(UpstreamRefused)(trial)


def _invented(trial: Trial, reading: Reading) -> Finding | None:
    """A row nobody sent; figures may not differ either, whatever else of the answer is lost."""
    healthy = trial.healthy.facts
    made_up = [
        key
        for key, fact in reading.facts.items()
        if key not in healthy or (trial.question.figures and healthy[key] != fact)
    ]
    if made_up:
        reason = f"{trial.question.name}: made up a row for {made_up[0]!r}"
        return Finding("conformance", reason)
    return None


def _broken_or_rejected(*also: type[UpstreamError]) -> Judge:
    wanted = "UpstreamBroken or rejected rows"

    def judge(trial: Trial) -> Finding | None:
        if isinstance(trial.outcome, (UpstreamBroken, *also)):
            return None
        if not isinstance(trial.outcome, Reading):
            return _unexpected(trial, wanted)
        if (finding := _invented(trial, trial.outcome)) is not None:
            return finding
        return None if trial.outcome.rejected else _unexpected(trial, wanted, rule="conformance")

    return judge


def _nothing(trial: Trial) -> Finding | None:
    """Nothing there is an answer. Before its first answer a connector may also need a row."""
    outcome = trial.outcome
    if isinstance(outcome, UpstreamBroken) and not trial.warm:
        return None
    if not isinstance(outcome, Reading):
        return _unexpected(trial, "an empty answer")
    return _invented(trial, outcome)


def _once(trial: Trial) -> Finding | None:
    """No row twice; pages that cannot follow one another may be called broken."""
    if isinstance(trial.outcome, UpstreamBroken):
        return None
    if not isinstance(trial.outcome, Reading):
        return _unexpected(trial, "each row once")
    if repeated := trial.outcome.repeated():
        reason = f"{trial.question.name}: {repeated[0]!r} comes twice"
        return Finding("conformance", reason)
    return None


def _once_and_the_same(trial: Trial) -> Finding | None:
    if not isinstance(trial.outcome, Reading):
        return _unexpected(trial, "each row once")
    if (finding := _once(trial)) is not None:
        return finding
    facts, healthy = trial.outcome.facts, trial.healthy.facts
    changed = [key for key in {**healthy, **facts} if facts.get(key) != healthy.get(key)]
    if changed:
        reason = f"{trial.question.name}: a repeated row changed what is told of {changed[0]!r}"
        return Finding("conformance", reason)
    return None


def _status(code: int, judge: Judge, *, retry_after: int | None = None) -> Failure:
    fault = refusing(code, retry_after=retry_after)
    one = Break(label=f"{code}", fault=fault, judge=judge)
    return Failure(f"{code}", lambda _: (one,))


def _rubbish(_specimen: Specimen) -> tuple[Break, ...]:
    judge = _raises(UpstreamBroken)
    return (
        Break(label="an HTML page", fault=answering(200, ERROR_PAGE, HTML), judge=judge),
        Break(label="half a document", fault=rewriting(halved), judge=judge),
        Break(label="an empty body", fault=answering(200, b""), judge=judge),
    )


def _wrong_types(_specimen: Specimen) -> tuple[Break, ...]:
    strict = _broken_or_rejected()
    bodies = [orjson.dumps(shape) for shape in SHAPES]
    return (
        *(Break(label=b.decode(), fault=answering(200, b), judge=strict) for b in bodies),
        # A connector may read a kind of answer from a value, such as a refused login.
        Break(
            label="every value of another type",
            fault=rewriting(MISTYPED),
            judge=_broken_or_rejected(UpstreamError),
        ),
    )


def _empty(specimen: Specimen) -> tuple[Break, ...]:
    fault = rewriting(specimen.rewrites.get("empty", EMPTIED))
    return (Break(label="no rows", fault=fault, judge=_nothing, every_step=False),)


def _duplicate(specimen: Specimen) -> tuple[Break, ...]:
    twice = rewriting(specimen.rewrites.get("duplicate", REPEATED))
    return (
        Break(label="every row twice", fault=twice, judge=_once_and_the_same, every_step=False),
        Break(label="a page again", fault=None, judge=_once, every_step=False),
    )


def _lost(name: str, fault: Fault, *, every_step: bool) -> Failure:
    judge = _raises(UpstreamUnavailable)
    one = Break(label=name, fault=fault, judge=judge, every_step=every_step)
    return Failure(name, lambda _: (one,))


MENU: tuple[Failure, ...] = (
    _status(401, _raises(UpstreamUnauthorized)),
    _status(403, _raises(UpstreamUnauthorized)),
    _status(404, _refused_or_absent),
    _status(409, _raises(UpstreamRefused)),
    _status(429, _waits, retry_after=RETRY_AFTER),
    _status(500, _raises(UpstreamUnavailable)),
    _lost("timeout", silence, every_step=False),  # each step would cost a whole time limit
    _lost("cut", cut, every_step=True),
    Failure("rubbish", _rubbish),
    Failure("wrong-types", _wrong_types),
    Failure("empty", _empty),
    Failure("duplicate", _duplicate),
)
