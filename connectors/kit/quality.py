"""Which tier does a connector reach, and is it the one it claims?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors.kit.checks import Evidence
from connectors.kit.conformance import CaseResult
from connectors.kit.rules import NEVER_EXEMPT, RULES, Rule, Tier
from connectors.kit.verdicts import State, Verdict, failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """How a connector stands: every rule's verdict, every case's result."""

    connector: str
    claimed: Tier
    verdicts: Mapping[str, Verdict]
    results: tuple[CaseResult, ...] = ()

    @property
    def reached(self) -> Tier:
        """The highest tier whose rules hold, with those of all lower ones."""
        reached = Tier.NONE
        for tier in (Tier.BRONZE, Tier.SILVER, Tier.GOLD):
            if not all(self.verdicts[rule.id].holds for rule in RULES if rule.tier is tier):
                break
            reached = tier
        return reached

    @property
    def ok(self) -> bool:
        """Whether it is at least what it claims to be."""
        return Tier.NONE < self.claimed <= self.reached

    @property
    def ports(self) -> Mapping[str, tuple[int, int]]:
        """For each port, how many of its cases passed, of how many."""
        names = dict.fromkeys(result.case.port for result in self.results)
        return {name: self._counted(name) for name in names}

    def _counted(self, port: str) -> tuple[int, int]:
        passed = [result.passed for result in self.results if result.case.port == port]
        return sum(passed), len(passed)

    def failing(self) -> tuple[Rule, ...]:
        """The rules that do not hold, lowest tier first."""
        return tuple(rule for rule in RULES if not self.verdicts[rule.id].holds)

    def render(self) -> str:
        """The grade as text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        mark = "ok" if self.ok else "FAILED"
        claimed, reached = self.claimed.name.lower(), self.reached.name.lower()
        yield f"{self.connector}: claims {claimed}, reaches {reached} — {mark}"
        yield from (f"  {name} {passed}/{of}" for name, (passed, of) in self.ports.items())
        for rule in self.failing():
            blocks = "x" if rule.tier <= self.claimed else "-"
            tier, reason = rule.tier.name.lower(), self.verdicts[rule.id].reason
            yield f"  {blocks} {rule.id} ({tier}): {reason}"
        for result in self.results:
            for finding in result.findings:
                yield f"  ! {result.case.id}: {finding.reason}"


@dataclass(frozen=True, slots=True)
class Report:
    """The grades of all connectors that were looked at."""

    grades: tuple[Grade, ...]

    @property
    def ok(self) -> bool:
        """Whether every connector is what it claims to be."""
        return all(grade.ok for grade in self.grades)

    def render(self) -> str:
        """The report as text."""
        return "\n\n".join(grade.render() for grade in self.grades)


def grade(evidence: Evidence) -> Grade:
    """Judge every rule."""
    manifest = evidence.manifest
    return Grade(
        connector=manifest.name,
        claimed=Tier[manifest.quality.tier.upper()],
        verdicts={rule.id: _verdict(rule, evidence) for rule in RULES},
        results=evidence.results,
    )


def ungraded(connector: str, problems: tuple[str, ...]) -> Grade:
    """A connector that could not even be tried."""
    verdicts = {rule.id: failed("could not be tried") for rule in RULES}
    verdicts["manifest-valid"] = failed("; ".join(problems))
    return Grade(connector=connector, claimed=Tier.NONE, verdicts=verdicts)


def _verdict(rule: Rule, evidence: Evidence) -> Verdict:
    reason = evidence.manifest.quality.exempt.get(rule.id, "")
    if reason and rule.id not in NEVER_EXEMPT:
        return Verdict(State.EXEMPT, reason)
    return rule.check(evidence)
