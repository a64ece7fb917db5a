"""What a purchase earns, what points are worth, and which settings cannot be."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.loyalty import cards
from app.loyalty.refusals import PointsNotUsable
from app.loyalty.rules import Goods, earned, part_of, progress, worth
from app.settings import Loyalty
from app.values import CurrencyCode, Money, Sku
from tests.loyalty.builders import CARD, RULES, SECTION

EURO = CurrencyCode("EUR")
AT = datetime(2026, 3, 1, tzinfo=UTC)
TWO = Loyalty.model_validate(
    {
        "earning": [
            {"starts": "2026-01-01T00:00:00Z", "per_unit": {"EUR": "1"}},
            {
                "starts": "2026-02-01T00:00:00Z",
                "per_unit": {"EUR": "2.5"},
                "excluded": ["GIFT-*"],
            },
        ]
    }
)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), EURO)


@pytest.mark.parametrize(
    ("at", "points"),
    [
        (datetime(2025, 12, 31, tzinfo=UTC), 0),
        (datetime(2026, 1, 1, tzinfo=UTC), 29),
        (datetime(2026, 2, 1, tzinfo=UTC), 49),
    ],
)
def test_the_rule_of_the_day_counts(at: datetime, points: int) -> None:
    goods = [Goods(Sku("SHIRT"), euro("19.90")), Goods(Sku("GIFT-10"), euro("10.00"))]
    assert earned(TWO, goods, None, at=at) == points


def test_what_points_pay_earns_none() -> None:
    goods = [Goods(Sku("SHIRT"), euro("40.00")), Goods(Sku("GIFT-1"), euro("60.00"))]
    assert earned(TWO, goods, euro("25.00"), at=AT) == 75  # 2.5 for three quarters of 40
    assert earned(TWO, goods, euro("100.00"), at=AT) == 0


def test_another_currency_earns_nothing() -> None:
    pounds = Money(Decimal(10), CurrencyCode("GBP"))
    assert earned(TWO, [Goods(Sku("SHIRT"), pounds)], None, at=AT) == 0


def test_points_pay_up_to_a_share_of_the_goods() -> None:
    assert worth(RULES, 1_000, euro("20.00"), at=AT) == euro("10.00")
    for points in (90, 105, 1_010):
        with pytest.raises(PointsNotUsable) as refused:
            worth(RULES, points, euro("20.00"), at=AT)
        assert (refused.value.least, refused.value.step, refused.value.most) == (100, 10, 1_000)
    with pytest.raises(PointsNotUsable) as little:
        worth(RULES, 100, euro("1.99"), at=AT)
    assert little.value.most == 0


@pytest.mark.parametrize(
    ("currency", "each", "step", "pays"),
    [("JPY", "0.5", 2, "51"), ("KWD", "0.001", 1, "0.102"), ("EUR", "0.01", 1, "1.02")],
)
def test_points_pay_in_the_smallest_unit_of_a_currency(
    currency: str, each: str, step: int, pays: str
) -> None:
    rule = {"starts": "2020-01-01T00:00:00Z", "worth": {currency: each}, "step": step, "least": 2}
    rules = Loyalty.model_validate({**SECTION, "burning": [rule]})
    goods = Money(Decimal(5000), CurrencyCode(currency))
    assert str(worth(rules, 102, goods, at=AT).amount) == pays


@given(st.integers(0, 10_000), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_part_is_never_more_than_all_and_all_is_all(points: int, whole: int, part: int) -> None:
    got = part_of(points, Decimal(part) / 100, Decimal(whole) / 100)
    assert 0 <= got <= points
    assert (got == points) or part < whole


def test_tiers_are_told_with_what_is_missing() -> None:
    told = [(p.tier, p.next_tier, p.missing) for p in (progress(RULES, n) for n in (0, 100, 700))]
    assert told == [(None, "SILVER", 100), ("SILVER", "GOLD", 400), ("GOLD", None, 0)]


@given(st.integers(0, 10**12 - 1), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_found_out(number: int, place: int, more: int) -> None:
    digits = f"{number:012}"
    card = digits + cards.check_digit(digits)
    assert cards.sound(card) == card
    wrong = card[:place] + str((int(card[place]) + more) % 10) + card[place + 1 :]
    assert cards.sound(wrong) is None


def test_a_card_is_read_however_it_is_written() -> None:
    assert cards.sound(" 2800-0000 00011") == CARD
    assert cards.sound(cards.drawn()) is not None
    for number in (
        "",
        "1",
        "28000000000017",
        "280000000001x",
        "\uff12\uff18" + "\uff10" * 9 + "\uff11\uff11",
    ):
        assert cards.sound(number) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"earning": SECTION["earning"] * 2}, "each starts after the one before"),
        ({"tiers": [{"code": "A", "points": 2}, {"code": "B", "points": 2}]}, "more points"),
        ({"tiers": [{"code": "A", "points": 1}, {"code": "A", "points": 2}]}, "of its own"),
        (
            {"burning": [{"starts": "2020-01-01T00:00:00Z", "worth": {"EUR": "0.005"}}]},
            r"worth\.EUR of 1 points is no multiple of 0\.01",
        ),
        (
            {"burning": [{"starts": "2020-01-01T00:00:00Z", "worth": {"JPY": "0.5"}}]},
            r"worth\.JPY of 1 points is no multiple of 1",
        ),
        (
            {
                "burning": [
                    {
                        "starts": "2020-01-01T00:00:00Z",
                        "worth": {"EUR": "0.01"},
                        "least": 15,
                        "step": 10,
                    }
                ]
            },
            "no number of steps",
        ),
        ({"earning": [{"starts": "2020-01-01", "per_unit": {"EUR": "1"}}]}, "timezone"),
        ({"earning": [{"starts": "2020-01-01T00:00:00Z", "per_unit": {"EUR": "-1"}}]}, "greater"),
        ({"pending_for": "-P1D"}, "greater"),
        ({"unknown": 1}, "not permitted"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Loyalty.model_validate({**SECTION, **changes})
