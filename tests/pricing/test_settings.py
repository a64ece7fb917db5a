"""A mistake in a rule is one line that says where it is and what to write."""

from pathlib import Path
from typing import Any

import pytest

from app import settings as config
from app.errors import MisconfiguredError
from tests.settings.test_settings import changed, problems

TEN = {"percent": "10"}
LIST = {"currency": "EUR", "prices": {"A": "1.00"}}


def rules(**sections: Any) -> dict[str, Any]:
    return changed("pricing", to=sections)


def promotion(**rule: Any) -> dict[str, Any]:
    return rules(promotions={"sale": rule})


AT = "pricing.promotions.sale"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (promotion(), f"{AT}: says percent or amount"),
        (promotion(**TEN, amount={"EUR": "1.00"}), f"{AT}: says percent or amount"),
        (promotion(percent="0"), f"{AT}.percent: Input should be greater than 0"),
        (promotion(percent="101"), f"{AT}.percent: Input should be less than or equal to 100"),
        (promotion(**TEN, each=True), f"{AT}: each is of an amount"),
        (promotion(**TEN, buy=1), f"{AT}: buy and get belong together"),
        (
            promotion(amount={"EUR": "1.00"}, buy=1, get=1),
            f"{AT}: buy and get are with percent; 100 is for nothing",
        ),
        (promotion(**TEN, limit=3), f"{AT}: limits are of a coupon"),
        (
            promotion(amount={"EUR": "1.005"}),
            f"{AT}: amount is a whole number of 0.01 EUR, and more than none",
        ),
        (
            promotion(amount={"EUR": "0"}),
            f"{AT}: amount is a whole number of 0.01 EUR, and more than none",
        ),
        (promotion(amount={"EUR": "-5"}), f"{AT}.amount.EUR: "),
        (
            promotion(**TEN, starts="2026-05-01T00:00:00Z", ends="2026-05-01T00:00:00Z"),
            f"{AT}: ends is after starts",
        ),
        (promotion(**TEN, starts="2026-05-01T00:00:00"), f"{AT}.starts: "),  # of which zone?
        (promotion(**TEN, coupon="a b"), f"{AT}.coupon: "),
        (promotion(**TEN, channels=["WEBB"]), f"{AT}.channels names unknown channel 'WEBB'"),
        (promotion(**TEN, groups=["vip"]), f"{AT}.groups names unknown group 'vip', known: none"),
        (
            rules(lists={"own": {**LIST, "groups": ["vip"]}})
            | {"groups": {"vips": {"label": "V"}}},
            "pricing.lists.own.groups names unknown group 'vip', did you mean 'vips'?",
        ),
        (
            changed("groups", to={"vip": {"label": "V", "named": {"shpo": ["V"]}}}),
            "groups.vip.named names unknown connection of bind.customers 'shpo'",
        ),
        (promotion(**TEN, spend={"USD": "1"}), f"{AT}.spend names unknown currency of a channel"),
        (promotion(**TEN, percentage=3), f"{AT}.percentage: unknown key 'percentage'"),
        (
            rules(lists={"own": {**LIST, "over": ["shpo"]}}),
            "pricing.lists.own.over names unknown connection 'shpo', did you mean 'shop'?",
        ),
        (
            rules(lists={"own": {**LIST, "prices": {"A": "1.001"}}}),
            "pricing.lists.own: the price of 'A' is no whole number of 0.01 EUR",
        ),
        (
            rules(lists={"own": LIST}, promotions={"own": TEN}),
            "pricing: 'own' is two rules: ids tell them apart",
        ),
        (
            rules(promotions={"a": {**TEN, "coupon": "X-1"}, "b": {**TEN, "coupon": "x-1"}}),
            "pricing: b and a have the same coupon",
        ),
        (
            rules(exemptions={"tills": {"channels": ["TILL"], "because": "so"}}),
            "pricing.exemptions.tills.channels names unknown channel 'TILL'",
        ),
        (rules(file="/nowhere/rules.toml"), "pricing: file '/nowhere/rules.toml' cannot be read"),
    ],
)
def test_a_rule_that_cannot_be_is_told(document: dict[str, Any], told: str) -> None:
    [problem] = problems(document)

    assert problem.startswith(told)


def test_rules_may_stand_in_a_file_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[promotions.more]\npercent = 5\n[lists.own]\ncurrency = "EUR"\nprices.A = 1\n')
    settings = config.parse(rules(file=str(file), promotions={"sale": TEN}))

    assert sorted(settings.pricing.promotions) == ["more", "sale"]
    assert sorted(settings.pricing.lists) == ["own"]
    assert config.parse(settings.model_dump()) == settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[promotions", "pricing: file '{file}' is not TOML: "),
        ("[promotions.sale]\npercent = 5", "pricing: promotions has 'sale' in the file, too"),
        ("[promotion.x]\npercent = 5", "pricing.promotion: unknown key 'promotion'"),
        ("promotions = 5", "pricing: promotions in the file is a table"),
    ],
)
def test_a_file_of_rules_that_cannot_be_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(MisconfiguredError) as found:
        config.parse(rules(file=str(file), promotions={"sale": TEN}))

    [problem] = found.value.problems
    assert problem.startswith(told.format(file=file))
