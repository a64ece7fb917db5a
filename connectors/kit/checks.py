"""How is each rule of the quality scale checked?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from app.ports import ConnectorPackage, FoundConnector, Manifest
from connectors.kit.conformance import HEALTHY, CaseResult
from connectors.kit.manifests import live_tests_of, tests_of
from connectors.kit.source import (
    CLIENTS,
    IMPURE,
    IMPURE_CALLS,
    OPENERS,
    Source,
    reached_from,
    sources,
)
from connectors.kit.verdicts import A_YEAR, DONE, Verdict, failed, not_applicable, reviewed
from connectors.kit.writes import writes_of

CONNECTION_MODULES = ("connection", "mapping", "settings", "webhooks")
SECRET_WORDS = re.compile(r"(^|_)(api_?key|credentials?|key|passphrase|password|secret|token)$")
BUDGET_ROW = re.compile(
    r"^\|\s*`?(?P<port>\w+)`?\s*\|\s*(?P<calls>\d+)[^|]*\|\s*(?P<ms>\d+) ms", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything there is to judge a connector by. `today` dates the reviews."""

    found: FoundConnector
    manifest: Manifest
    package: ConnectorPackage
    results: tuple[CaseResult, ...]
    today: date

    def sources(self) -> dict[str, Source]:
        """Its Python files."""
        return sources(self.found.folder, self.found.module)


Check = Callable[[Evidence], Verdict]


def suite(rule: str) -> Check:
    """The suites ran, and found nothing against this rule."""

    def check(evidence: Evidence) -> Verdict:
        against = [
            f"{result.case.id}: {finding.reason}"
            for result in evidence.results
            for finding in result.findings
            if finding.rule == rule
        ]
        if not evidence.results:
            return failed("no suite was run")
        return failed(first(against)) if against else DONE

    return check


def first(reasons: list[str]) -> str:
    """The first of several reasons, and how many more there are."""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}"


def review(rule: str, *, within: timedelta | None = None) -> Check:
    """Someone has looked at what no machine can see, and not too long ago."""

    def check(evidence: Evidence) -> Verdict:
        entry = evidence.manifest.quality.reviewed.get(rule)
        return reviewed(entry, today=evidence.today, within=within)

    return check


def conformance(evidence: Evidence) -> Verdict:
    """Every case of every suite passed."""
    bad = [result.case.id for result in evidence.results if not result.passed]
    if not evidence.results:
        return failed("no suite was run")
    return failed(f"{len(bad)} of {len(evidence.results)} cases: {first(bad)}") if bad else DONE


def mapping_pure(evidence: Evidence) -> Verdict:
    """Words go in, words come out."""
    known = evidence.sources()
    start = f"{evidence.found.module}.mapping"
    if start not in known:
        return failed("there is no mapping.py")
    for source in reached_from([start], known):
        impure = [*source.uses(IMPURE), *source.calls(IMPURE_CALLS)]
        if source.has_coroutines():
            impure.append("async def")
        if impure:
            return failed(f"{source.path.name} uses {', '.join(impure)}")
    return DONE


def client_injected(evidence: Evidence) -> Verdict:
    """The connection calls through the client it is handed and has no other way out.

    Of a connector that brings its own upstream, only what a connection is made of is looked at.
    """
    known, module = evidence.sources(), evidence.found.module
    starts = [module]
    if hasattr(evidence.package, "embedded"):
        del known[module]  # it starts the upstream, and is not part of a connection
        starts = [f"{module}.{name}" for name in CONNECTION_MODULES]
    for source in reached_from(starts, known):
        opened = [*source.uses(CLIENTS), *source.calls(OPENERS)]
        if opened:
            return failed(f"{source.path.name} uses {', '.join(opened)}")
    return suite("client-injected")(evidence)


def settings_typed(evidence: Evidence) -> Verdict:
    """Settings refuse what they do not know and keep secrets secret."""
    model = getattr(evidence.package, "Settings", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return failed("Settings is not a pydantic model")
    url = model.model_fields.get("url")
    if url is None or url.annotation is not str:
        return failed("Settings has no field `url: str`")
    problems = _loose(model)
    return failed(first(problems)) if problems else DONE


def _loose(model: type[BaseModel]) -> list[str]:
    problems = []
    if model.model_config.get("extra") != "forbid":
        problems.append(f"{model.__name__} lets unknown keys pass")
    for name, field in model.model_fields.items():
        kinds = _kinds(field.annotation)
        if SECRET_WORDS.search(name) and SecretStr not in kinds:
            problems.append(f"{model.__name__}.{name} is not a SecretStr")
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                problems += _loose(kind)
    return problems


def _kinds(annotation: Any) -> set[Any]:
    """Every type an annotation is made of."""
    inside = get_args(annotation)
    if get_origin(annotation) in {None, Annotated, Union, UnionType} and not inside:
        return {annotation}
    return {kind for one in inside for kind in _kinds(one)}


def readme(evidence: Evidence) -> Verdict:
    """There is a page, and someone other than its author could work by it."""
    page = evidence.found.folder / "README.md"
    if not page.is_file() or not page.read_text(encoding="utf-8").strip():
        return failed("there is no README.md")
    return review("readme")(evidence)


def writes_idempotent(evidence: Evidence) -> Verdict:
    """One key, one effect."""
    if not any(writes_of(port) for port in evidence.manifest.provides):
        return not_applicable("no port writes")
    return suite("writes-idempotent")(evidence)


def webhooks_verified(evidence: Evidence) -> Verdict:
    """Only for connectors that are told rather than ask."""
    pushed = any(fresh.by == "push" for fresh in evidence.manifest.freshness.values())
    if not pushed and f"{evidence.found.module}.webhooks" not in evidence.sources():
        return not_applicable("it takes no webhooks")
    return review("webhooks-verified")(evidence)


def mapping_properties(evidence: Evidence) -> Verdict:
    """A test with generated rows drives the mapping."""
    needed = {"hypothesis", f"{evidence.found.module}.mapping"}
    return _tested(tests_of(evidence.found), needed, "no test drives the mapping with Hypothesis")


def sandbox_run(evidence: Evidence) -> Verdict:
    """There is a test against the live upstream, and its last run was looked at."""
    live = live_tests_of(evidence.found)
    there = _tested(live, {evidence.found.module}, "no test asks a live upstream")
    return review("sandbox-run", within=A_YEAR)(evidence) if there is DONE else there


def _tested(folder: Path, needed: set[str], lack: str) -> Verdict:
    tests = (Source(path, path.stem) for path in sorted(folder.rglob("*.py")))
    fits = any(len(test.uses(needed)) == len(needed) for test in tests)
    return DONE if fits else failed(lack)


def budget(evidence: Evidence) -> Verdict:
    """The README states calls and time of each port, and the healthy suite stayed below."""
    page = evidence.found.folder / "README.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    stated = {row["port"]: (int(row["calls"]), int(row["ms"])) for row in BUDGET_ROW.finditer(text)}
    if missing := sorted(evidence.manifest.provides.keys() - stated.keys()):
        return failed(f"README.md states no budget of {', '.join(missing)}")
    over = [line for result in evidence.results if (line := _over(result, stated)) is not None]
    return failed(first(over)) if over else DONE


def _over(result: CaseResult, stated: Mapping[str, tuple[int, int]]) -> str | None:
    if result.case.failure != HEALTHY or result.calls is None or result.seconds is None:
        return None
    calls, milliseconds = stated[result.case.port]
    if result.calls <= calls and result.seconds * 1_000 <= milliseconds:
        return None
    cost = f"{result.calls} calls, {result.seconds * 1_000:.0f} ms"
    return f"{result.case.id}: {cost}; stated are {calls} calls, {milliseconds} ms"
