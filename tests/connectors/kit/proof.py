"""Evidence about the tiny connector: all of it good, until a test says otherwise."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from app.ports import ConnectorPackage, FoundConnector
from connectors.kit.checks import Evidence
from connectors.kit.conformance import CaseResult, cases_of
from connectors.kit.findings import Finding
from connectors.kit.quality import grade
from connectors.kit.verdicts import Verdict
from tests.connectors.kit.tiny import TinySettings, a_manifest, a_subject

TODAY = date(2026, 5, 4)
SEEN = "2026-05-01, ada: looked at all of it"
BRONZE_REVIEWS = {"fixtures-recorded": SEEN, "readme": SEEN}
SILVER_REVIEWS = {**BRONZE_REVIEWS, "freshness-stamped": SEEN, "owner-active": SEEN}
GOLD_REVIEWS = {**SILVER_REVIEWS, "sandbox-run": SEEN, "drift-watched": SEEN}
FILES = {
    "connectors/tiny/__init__.py": "from connectors.tiny.connection import TinyConnection\n",
    "connectors/tiny/connection.py": "import asyncio\n",
    "connectors/tiny/mapping.py": "from decimal import Decimal\n",
    "connectors/tiny/README.md": "# Tiny\n\n| StockSource | 3 | 500 ms |\n",
    "tests/connectors/tiny/test_tiny.py": (
        "from hypothesis import given\nfrom connectors.tiny.mapping import level\n"
    ),
    "tests/real/test_tiny.py": "import connectors.tiny\n",
}


def evidence(
    into: Path,
    *,
    files: Mapping[str, str] | None = None,
    package: dict[str, Any] | None = None,
    results: tuple[CaseResult, ...] | None = None,
    **manifest: Any,
) -> Evidence:
    for name, text in {**FILES, **(files or {})}.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text)
    words = {"Settings": TinySettings, "connect": None, **(package or {})}
    quality = {"tier": "gold", "reviewed": GOLD_REVIEWS}
    return Evidence(
        found=FoundConnector(
            name="tiny", folder=into / "connectors" / "tiny", module="connectors.tiny"
        ),
        manifest=a_manifest(**{"quality": quality, **manifest}),
        package=cast("ConnectorPackage", SimpleNamespace(**words)),
        results=good_results() if results is None else results,
        today=TODAY,
    )


def good_results() -> tuple[CaseResult, ...]:
    return tuple(
        CaseResult(case=case, findings=(), calls=3, seconds=0.02) for case in cases_of(a_subject())
    )


def results_with(*findings: Finding) -> tuple[CaseResult, ...]:
    first, *rest = good_results()
    return (CaseResult(case=first.case, findings=findings), *rest)


def verdict(rule: str, proof: Evidence) -> Verdict:
    return grade(proof).verdicts[rule]


def reason(rule: str, proof: Evidence) -> str:
    found = verdict(rule, proof)
    assert not found.holds
    return found.reason
