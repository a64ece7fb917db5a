"""The quality scale: which tier the verdicts leave, and how it is told."""

from pathlib import Path

import pytest

from connectors.kit.findings import Finding
from connectors.kit.quality import Report, grade, ungraded
from connectors.kit.rules import RULES, Tier
from tests.connectors.kit.proof import (
    BRONZE_REVIEWS,
    GOLD_REVIEWS,
    SEEN,
    SILVER_REVIEWS,
    evidence,
    reason,
    results_with,
    verdict,
)


def test_the_scale_has_nineteen_rules_in_three_tiers() -> None:
    counts = {tier: sum(rule.tier is tier for rule in RULES) for tier in Tier}

    assert counts == {Tier.NONE: 0, Tier.BRONZE: 8, Tier.SILVER: 6, Tier.GOLD: 5}


def test_every_rule_has_its_paragraph() -> None:
    page = (Path(__file__).parents[3] / "connectors" / "QUALITY.md").read_text(encoding="utf-8")
    headed = [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")]

    assert headed == [f"`{rule.id}`" for rule in RULES]


def test_a_connector_that_shows_everything_is_gold(tmp_path: Path) -> None:
    graded = grade(evidence(tmp_path))

    assert (graded.reached, graded.ok, graded.failing()) == (Tier.GOLD, True, ())


@pytest.mark.parametrize(
    ("reviews", "reached"),
    [
        ({}, Tier.NONE),
        (BRONZE_REVIEWS, Tier.BRONZE),
        (SILVER_REVIEWS, Tier.SILVER),
        ({**GOLD_REVIEWS, "owner-active": "2025-01-01, ada: all well"}, Tier.BRONZE),
    ],
)
def test_the_tier_reached_is_the_highest_without_a_gap_below(
    tmp_path: Path, reviews: dict[str, str], reached: Tier
) -> None:
    graded = grade(evidence(tmp_path, quality={"tier": "gold", "reviewed": reviews}))

    assert (graded.claimed, graded.reached, graded.ok) == (Tier.GOLD, reached, False)


def test_more_than_was_claimed_is_well(tmp_path: Path) -> None:
    graded = grade(evidence(tmp_path, quality={"tier": "bronze", "reviewed": SILVER_REVIEWS}))

    assert (graded.reached, graded.ok) == (Tier.SILVER, True)


@pytest.mark.parametrize(
    "rule",
    [
        "manifest-valid",
        "client-injected",
        "errors-ours",
        "batched",
        "throttle-honoured",
        "recovers",
    ],
)
def test_what_a_suite_finds_counts_against_its_rule_and_against_conformance(
    tmp_path: Path, rule: str
) -> None:
    graded = grade(evidence(tmp_path, results=results_with(Finding(rule, "it is wrong"))))

    assert {one.id: graded.verdicts[one.id].reason for one in graded.failing()} == {
        "conformance": "1 of 14 cases: tiny-shop-StockSource-healthy",
        rule: "tiny-shop-StockSource-healthy: it is wrong",
    }


def test_without_suites_nothing_is_shown(tmp_path: Path) -> None:
    failing = [rule.id for rule in grade(evidence(tmp_path, results=())).failing()]

    assert failing == [
        "manifest-valid",
        "conformance",
        "client-injected",
        "errors-ours",
        "batched",
        "throttle-honoured",
        "recovers",
    ]


def test_a_reason_exempts_from_a_rule(tmp_path: Path) -> None:
    quality = {
        "tier": "gold",
        "reviewed": {rule: seen for rule, seen in GOLD_REVIEWS.items() if rule != "sandbox-run"},
        "exempt": {"sandbox-run": "The vendor has no sandbox."},
    }

    graded = grade(evidence(tmp_path, quality=quality))

    assert (graded.reached, str(graded.verdicts["sandbox-run"].state)) == (Tier.GOLD, "exempt")


@pytest.mark.parametrize(
    ("exempt", "told"),
    [
        ({"conformance": "hard"}, "conformance: no connector is exempt"),
        ({"budget": ""}, "budget: exempt without a reason"),
        ({"bugdet": "typing"}, "bugdet: no such rule"),
    ],
)
def test_an_exemption_needs_a_rule_that_allows_it_and_a_reason(
    tmp_path: Path, exempt: dict[str, str], told: str
) -> None:
    quality = {"tier": "gold", "reviewed": GOLD_REVIEWS, "exempt": exempt}

    assert reason("manifest-valid", evidence(tmp_path, quality=quality)) == told


def test_a_failed_suite_cannot_be_exempted_away(tmp_path: Path) -> None:
    quality = {"tier": "gold", "reviewed": GOLD_REVIEWS, "exempt": {"conformance": "later"}}
    proof = evidence(tmp_path, quality=quality, results=results_with(Finding("recovers", "no")))

    assert not verdict("conformance", proof).holds


def test_a_report_tells_ports_failing_rules_and_findings(tmp_path: Path) -> None:
    quality = {"tier": "silver", "reviewed": {**SILVER_REVIEWS, "drift-watched": SEEN}}
    late = results_with(Finding("throttle-honoured", "did not wait"))
    report = Report((grade(evidence(tmp_path, quality=quality, results=late)),))

    assert report.render().splitlines() == [
        "tiny: claims silver, reaches none — FAILED",
        "  StockSource 13/14",
        "  x conformance (bronze): 1 of 14 cases: tiny-shop-StockSource-healthy",
        "  x throttle-honoured (silver): tiny-shop-StockSource-healthy: did not wait",
        "  - sandbox-run (gold): nobody has reviewed it: no entry in [quality.reviewed]",
        "  ! tiny-shop-StockSource-healthy: did not wait",
    ]
    assert not report.ok


def test_a_connector_that_cannot_be_tried_reaches_nothing() -> None:
    graded = ungraded("tiny", ("tiny/manifest.toml: it is not there",))

    assert (graded.reached, graded.ok) == (Tier.NONE, False)
    assert graded.verdicts["manifest-valid"].reason == "tiny/manifest.toml: it is not there"
