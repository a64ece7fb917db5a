"""Whose price counts: its owner's, unless the settings let a price list take its place."""

from decimal import Decimal
from typing import Any

import pytest

from app.ports import Price
from app.pricing.listing import listed, rule_of
from app.pricing.model import ANYBODY, Standing
from app.pricing.rules import RuleBook
from app.settings import Pricing
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import Sku
from tests.builders import NOON, a_price
from tests.pricing.baskets import CURRENCIES, WEB

SKU = Sku("SHIRT-M")
STAFF = Standing(groups=("staff",))


def a_reading(price: Price | None, freshness: Freshness = Freshness.LIVE) -> Reading[Price]:
    known = freshness is not Freshness.UNKNOWN
    return Reading(price, NOON if known else None, freshness, "shop")


def told(reading: Reading[Price], standing: Standing = ANYBODY, **lists: Any) -> Any:
    """The amount, and the list that says so."""
    whole = {
        name: {"currency": "EUR", "prices": {"SHIRT-M": "40.00"}, **one}
        for name, one in lists.items()
    }
    book = RuleBook(Pricing.model_validate({"lists": whole}), CURRENCIES)
    found = listed(reading, SKU, book.at(WEB, NOON), standing).value
    return None if found is None else (found.amount.amount, rule_of(found))


OWN = (Decimal("49.90"), None)
LISTED = (Decimal("40.00"), "own")


@pytest.mark.parametrize(
    ("price", "freshness", "over", "counts"),
    [
        (a_price(), Freshness.LIVE, [], OWN),
        (a_price(), Freshness.STALE, [], OWN),
        (a_price(), Freshness.LIVE, ["tills"], OWN),
        (a_price(), Freshness.LIVE, ["shop"], LISTED),
        (None, Freshness.LIVE, [], LISTED),
        (None, Freshness.UNKNOWN, [], None),  # the owner may have one: unknown is not none
        (None, Freshness.UNKNOWN, ["shop"], LISTED),
    ],
)
def test_a_list_fills_in_what_nobody_has_and_replaces_what_it_is_over(
    price: Price | None, freshness: Freshness, over: list[str], counts: Any
) -> None:
    assert told(a_reading(price, freshness), own={"over": over}) == counts


def test_of_lists_the_first_that_has_the_sku_and_is_for_them_counts() -> None:
    lists: dict[str, Any] = {
        "staff": {"over": ["shop"], "priority": 3, "groups": ["staff"]},
        "other": {"over": ["shop"], "priority": 2, "prices": {"COAT": "1.00"}},
        "pounds": {"over": ["shop"], "priority": 2, "currency": "GBP"},
        "pos": {"over": ["shop"], "priority": 2, "channels": ["POS"]},
        "own": {"over": ["shop"], "priority": 1, "prices": {"SHIRT-M": "45.00"}},
    }

    assert told(a_reading(a_price()), **lists) == (Decimal("45.00"), "own")
    assert told(a_reading(a_price()), STAFF, **lists) == (Decimal("40.00"), "staff")


def test_a_list_that_may_not_replace_a_price_leaves_it_to_one_that_may() -> None:
    lists: dict[str, Any] = {
        "gaps": {"priority": 1, "prices": {"SHIRT-M": "1.00"}},
        "own": {"over": ["shop"]},
    }

    assert told(a_reading(a_price()), **lists) == LISTED
    assert told(a_reading(None), **lists) == (Decimal("1.00"), "gaps")


def test_a_listed_price_is_made_once_for_each_reading() -> None:
    settings = {"lists": {"own": {"currency": "EUR", "over": ["shop"], "prices": {SKU: "40.00"}}}}
    active = RuleBook(Pricing.model_validate(settings), CURRENCIES).at(WEB, NOON)
    reading = a_reading(a_price())

    assert listed(reading, SKU, active) is listed(reading, SKU, active)
