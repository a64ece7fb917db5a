"""What must a connector show to reach a tier? The nineteen rules, as data.

`connectors/QUALITY.md` gives the reason, an example and the exception of each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from connectors.kit.checks import (
    Check,
    Evidence,
    budget,
    client_injected,
    conformance,
    first,
    mapping_properties,
    mapping_pure,
    readme,
    review,
    sandbox_run,
    settings_typed,
    suite,
    webhooks_verified,
    writes_idempotent,
)
from connectors.kit.verdicts import A_YEAR, Verdict, failed

Checker = Literal["machine", "review", "machine and review"]
NEVER_EXEMPT = frozenset({"manifest-valid", "conformance", "errors-ours"})


class Tier(IntEnum):
    """How far a connector has come."""

    NONE = 0
    BRONZE = 1
    SILVER = 2
    GOLD = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the scale."""

    id: str
    tier: Tier
    meaning: str
    checked_by: Checker
    check: Check


def manifest_valid(evidence: Evidence) -> Verdict:
    """The card says nothing impossible, and every port on it is tried on a specimen."""
    provides, quality = evidence.manifest.provides, evidence.manifest.quality
    named = [*quality.reviewed, *quality.exempt]
    tried = {result.case.port for result in evidence.results}
    problems = [
        *(f"{rule}: no such rule" for rule in named if rule not in BY_ID),
        *(f"{rule}: no connector is exempt" for rule in quality.exempt if rule in NEVER_EXEMPT),
        *(f"{rule}: exempt without a reason" for rule, why in quality.exempt.items() if not why),
        *(f"{port}: no specimen has it" for port in provides if port not in tried),
    ]
    return failed(first(problems)) if problems else suite("manifest-valid")(evidence)


BRONZE, SILVER, GOLD = Tier.BRONZE, Tier.SILVER, Tier.GOLD
PURE = "no input or output in mapping.py"
RECORDED = "payloads in tests come from the vendor or its description, secrets removed"
HOOKS = "signature, replay window, unknown kinds ignored"
BOTH: Checker = "machine and review"

RULES: tuple[Rule, ...] = (
    Rule(
        "manifest-valid",
        BRONZE,
        "fields known, ports exist, owner named",
        "machine",
        manifest_valid,
    ),
    Rule("conformance", BRONZE, "every declared port passes its suite", "machine", conformance),
    Rule("mapping-pure", BRONZE, PURE, "machine", mapping_pure),
    Rule("client-injected", BRONZE, "no client or socket made inside", "machine", client_injected),
    Rule("errors-ours", BRONZE, "only `UpstreamError`s leave", "machine", suite("errors-ours")),
    Rule("fixtures-recorded", BRONZE, RECORDED, "review", review("fixtures-recorded")),
    Rule(
        "settings-typed",
        BRONZE,
        "secrets are secret, unknown keys refused",
        "machine",
        settings_typed,
    ),
    Rule("readme", BRONZE, "what it is, which account rights, known limits", BOTH, readme),
    Rule("batched", SILVER, "one call for each batch of keys", "machine", suite("batched")),
    Rule("writes-idempotent", SILVER, "same key twice, one effect", "machine", writes_idempotent),
    Rule(
        "freshness-stamped",
        SILVER,
        "`as_of` is the vendor's time",
        "review",
        review("freshness-stamped"),
    ),
    Rule(
        "throttle-honoured",
        SILVER,
        "`Retry-After` is passed on",
        "machine",
        suite("throttle-honoured"),
    ),
    Rule(
        "recovers", SILVER, "answers again once the upstream is well", "machine", suite("recovers")
    ),
    Rule(
        "owner-active",
        SILVER,
        "the owner looked within a year",
        "review",
        review("owner-active", within=A_YEAR),
    ),
    Rule("webhooks-verified", GOLD, HOOKS, "review", webhooks_verified),
    Rule(
        "mapping-properties",
        GOLD,
        "generated rows through the mapping",
        "machine",
        mapping_properties,
    ),
    Rule("sandbox-run", GOLD, "run against a live upstream within a year", BOTH, sandbox_run),
    Rule("budget", GOLD, "calls and time stated, and measured", "machine", budget),
    Rule(
        "drift-watched",
        GOLD,
        "unknown fields and values are reported",
        "review",
        review("drift-watched"),
    ),
)
BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}
