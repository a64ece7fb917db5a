"""Examples that were reckoned by hand, one for each thing a rule can say."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.pricing.model import CodeFate, Standing
from app.values import Money
from tests.builders import NOON
from tests.pricing.baskets import EUR, POS, WEB, a_basket, a_book, a_line, priced, told


def test_without_rules_a_line_costs_its_units() -> None:
    assert told(a_book(), a_line("A", 3, "9.99")) == {"A": ("29.97", {})}


def test_what_an_owner_tells_in_fractions_of_a_cent_is_rounded_once_for_the_line() -> None:
    assert told(a_book(), a_line("A", 3, "8.1967")) == {"A": ("24.59", {})}  # 24.5901


def test_a_percentage_is_rounded_for_one_unit_so_that_a_line_is_what_a_page_tells_of_one() -> None:
    book = a_book(sale={"percent": "10"})

    assert told(book, a_line("A", 1, "9.99")) == {"A": ("8.99", {"sale": "1.00"})}  # 0.999
    assert told(book, a_line("A", 3, "9.99")) == {"A": ("26.97", {"sale": "3.00"})}
    assert told(book, a_line("A", 10, "0.05")) == {"A": ("0.40", {"sale": "0.10"})}  # half is one


def test_an_amount_off_each_unit_stops_at_nothing_and_says_so() -> None:
    book = a_book(off={"amount": {"EUR": "4.00"}, "each": True})

    assert told(book, a_line("A", 2, "10.00"), a_line("B", 3, "3.50")) == {
        "A": ("12.00", {"off": "8.00"}),
        "B": ("0.00", {"off": "10.50"}),
    }
    assert priced(book, a_basket(a_line("A"))).bounded == frozenset()
    assert priced(book, a_basket(a_line("A"), a_line("B", 1, "3.50"))).bounded == {"off"}


def test_an_amount_off_the_basket_is_shared_out_to_the_last_cent() -> None:
    book = a_book(ten={"amount": {"EUR": "10.00"}})

    # 10.00 in proportion 1 : 1 : 1 is 3.333… each; the cent that is left goes to the first.
    lines = (a_line("C"), a_line("A"), a_line("B"))
    assert told(book, *lines) == {
        "A": ("6.66", {"ten": "3.34"}),
        "B": ("6.67", {"ten": "3.33"}),
        "C": ("6.67", {"ten": "3.33"}),
    }


def test_units_of_a_line_that_cannot_cost_the_same_are_told_in_lots() -> None:
    found = priced(a_book(ten={"amount": {"EUR": "1.00"}}), a_basket(a_line("A", 3, "10.00")))

    assert found.lines[a_line("A").sku].lots == (  # 29.00 in three
        (2, Money(Decimal("9.67"), EUR)),
        (1, Money(Decimal("9.66"), EUR)),
    )


def test_an_amount_that_is_more_than_everything_costs_leaves_nothing_and_says_so() -> None:
    book = a_book(gift={"amount": {"EUR": "50.00"}})
    found = priced(book, a_basket(a_line("A", 2, "10.00"), a_line("B", 1, "0.01")))

    assert found.total == Money(Decimal("0.00"), EUR)
    assert {sku: str(one.total.amount) for sku, one in found.lines.items()} == {
        "A": "0.00",
        "B": "0.00",
    }
    assert found.bounded == {"gift"}


def test_a_threshold_counts_what_earlier_rules_left() -> None:
    book = a_book(
        first={"percent": "10", "priority": 2},
        big={"amount": {"EUR": "15.00"}, "spend": {"EUR": "90.00"}, "priority": 1},
    )

    assert told(book, a_line("A", 1, "100.00")) == {
        "A": ("75.00", {"first": "10.00", "big": "15.00"})
    }
    assert told(book, a_line("A", 1, "99.99"))["A"] == ("89.99", {"first": "10.00"})


def test_units_are_a_threshold_too() -> None:
    book = a_book(three={"percent": "50", "units": 3})

    assert told(book, a_line("A", 2), a_line("B"))["A"][0] == "10.00"
    assert told(book, a_line("A", 2))["A"] == ("20.00", {})


def test_three_for_two_gives_the_cheapest_for_nothing() -> None:
    book = a_book(tre={"percent": "100", "buy": 2, "get": 1})

    assert told(book, a_line("A", 2, "30.00"), a_line("B", 1, "12.00")) == {
        "A": ("60.00", {}),
        "B": ("0.00", {"tre": "12.00"}),
    }
    # seven units: two of them for nothing, and the third cheapest is not
    assert told(book, a_line("A", 4, "30.00"), a_line("B", 3, "12.00")) == {
        "A": ("120.00", {}),
        "B": ("12.00", {"tre": "24.00"}),
    }
    assert told(book, a_line("A", 2, "30.00")) == {"A": ("60.00", {})}


def test_the_second_at_half_price() -> None:
    book = a_book(half={"percent": "50", "buy": 1, "get": 1})

    assert told(book, a_line("A", 3, "9.99")) == {"A": ("24.97", {"half": "5.00"})}  # 4.995


def test_rules_are_applied_by_priority_then_by_id_each_to_what_is_left() -> None:
    ten, five = {"percent": "10"}, {"amount": {"EUR": "5.00"}}

    assert told(a_book(a=ten, b=five), a_line("A", 1, "100.00"))["A"][0] == "85.00"
    assert told(a_book(b=ten, a=five), a_line("A", 1, "100.00"))["A"][0] == "85.50"
    assert told(a_book(a=ten, b={**five, "priority": 1}), a_line("A", 1, "100.00")) == {
        "A": ("85.50", {"b": "5.00", "a": "9.50"})
    }


def test_an_exclusive_rule_is_alone_on_a_line_whoever_comes_first() -> None:
    ten, half = {"percent": "10"}, {"percent": "50", "exclusive": True, "skus": ["A"]}
    lines = (a_line("A"), a_line("B"))

    assert told(a_book(ten=ten, half={**half, "priority": 1}), *lines) == {
        "A": ("5.00", {"half": "5.00"}),
        "B": ("9.00", {"ten": "1.00"}),
    }
    assert told(a_book(half=half, ten={**ten, "priority": 1}), *lines) == {
        "A": ("9.00", {"ten": "1.00"}),
        "B": ("9.00", {"ten": "1.00"}),
    }


def test_what_was_bought_for_an_exclusive_gift_takes_no_other_discount() -> None:
    book = a_book(
        gift={"percent": "100", "buy": 1, "get": 1, "exclusive": True, "priority": 1},
        ten={"percent": "10"},
    )

    assert told(book, a_line("A", 1, "30.00"), a_line("B", 1, "20.00")) == {
        "A": ("30.00", {}),
        "B": ("0.00", {"gift": "20.00"}),
    }


def test_of_a_group_a_line_has_one() -> None:
    season = {"percent": "20", "group_of": "season", "skus": ["A*"], "priority": 2}
    other = {"percent": "30", "group_of": "season", "priority": 1}

    assert told(a_book(a=season, b=other), a_line("A1"), a_line("B1")) == {
        "A1": ("8.00", {"a": "2.00"}),
        "B1": ("7.00", {"b": "3.00"}),
    }


@pytest.mark.parametrize(
    ("rule", "line", "counted"),
    [
        ({"skus": ["COAT-*"]}, a_line("COAT-L"), True),
        ({"skus": ["COAT-*"]}, a_line("SHIRT-M"), False),
        ({"skus": ["COAT-*"], "but": ["*-L"]}, a_line("COAT-L"), False),
        ({"categories": ["coats"]}, a_line("A", categories=frozenset({"c1", "coats"})), True),
        ({"categories": ["coats"]}, a_line("A", categories=frozenset({"shirts"})), False),
        ({"categories": ["coats"]}, a_line("A"), False),
        ({"spend": {"EUR": "1.00"}}, a_line("A", tax_included=False), False),
        ({"spend": {"EUR": "1.00"}, "tax_included": False}, a_line("A", tax_included=False), True),
        ({"spend": {"GBP": "1.00"}}, a_line("A"), False),
    ],
)
def test_a_rule_counts_the_lines_it_names(rule: Any, line: Any, counted: bool) -> None:  # noqa: FBT001
    [(_, taken)] = told(a_book(ten={"percent": "10", **rule}), line).values()

    assert taken == ({"ten": "1.00"} if counted else {})


@pytest.mark.parametrize(
    ("rule", "about", "given"),
    [
        ({"channels": ["WEB"]}, {}, True),
        ({"channels": ["WEB"]}, {"channel": POS}, False),
        ({"starts": NOON}, {}, True),
        ({"starts": NOON}, {"at": NOON - timedelta(microseconds=1)}, False),
        ({"ends": NOON}, {}, False),
        ({"ends": NOON}, {"at": NOON - timedelta(microseconds=1)}, True),
        ({"groups": ["staff"]}, {}, False),
        ({"groups": ["staff"]}, {"standing": Standing(groups=("vip", "staff"))}, True),
        ({"tiers": ["GOLD"]}, {"standing": Standing(tier="SILVER")}, False),
        ({"tiers": ["GOLD"]}, {"standing": Standing(tier="GOLD")}, True),
        ({"coupon": "welcome"}, {}, False),
        ({"coupon": "welcome"}, {"codes": ("WELCOME",)}, True),
        ({"coupon": "welcome"}, {"codes": ("WELCOME",), "used_up": frozenset({"ten"})}, False),
    ],
)
def test_a_rule_is_given_to_whom_it_names_where_and_when(
    rule: Any,
    about: Any,
    given: bool,  # noqa: FBT001
) -> None:
    [(_, taken)] = told(a_book(ten={"percent": "10", **rule}), a_line("A"), **about).values()

    assert taken == ({"ten": "1.00"} if given else {})


@pytest.mark.parametrize(
    ("rule", "about", "fate"),
    [
        ({}, {}, CodeFate.APPLIED),
        ({"spend": {"EUR": "100.00"}}, {}, CodeFate.NOT_MET),
        ({"starts": NOON + timedelta(days=1)}, {}, CodeFate.NOT_YET),
        ({"ends": NOON}, {}, CodeFate.EXPIRED),
        ({"channels": ["POS"]}, {}, CodeFate.OTHER_CHANNEL),
        ({"groups": ["vip"]}, {}, CodeFate.OTHER_CUSTOMERS),
        ({"limit": 5}, {"used_up": frozenset({"ten"})}, CodeFate.USED_UP),
    ],
)
def test_what_became_of_a_code_is_told(rule: Any, about: Any, fate: CodeFate) -> None:
    book = a_book(ten={"percent": "10", "coupon": "TEN", **rule})
    found = priced(book, a_basket(a_line("A"), codes=("TEN", "NONE"), **about))

    assert found.codes == {"TEN": fate, "NONE": CodeFate.UNKNOWN}


def test_a_currency_without_small_coins_is_rounded_to_whole_units() -> None:
    book = a_book(ten={"percent": "10"}, off={"amount": {"JPY": "100"}})
    lines = (a_line("A", 1, "1005", currency="JPY"), a_line("B", 1, "333", currency="JPY"))

    # 1005 - 100.5 = 904 and 333 - 33 = 300; 100 in proportion 904 : 300 is 75.08 and 24.92
    # but off comes first by its id: 1005 - 75 = 930 - 93 and 333 - 25 = 308 - 31
    assert told(book, *lines, channel="JP") == {
        "A": ("837", {"off": "75", "ten": "93"}),
        "B": ("277", {"off": "25", "ten": "31"}),
    }


def test_rules_that_hold_together_are_found_once() -> None:
    book = a_book(ten={"percent": "10", "starts": NOON}, web={"percent": "5", "channels": ["WEB"]})

    assert book.at(WEB, NOON) is book.at(WEB, NOON + timedelta(days=9))
    assert book.at(WEB, NOON).key != book.at(WEB, NOON - timedelta(days=1)).key
    assert book.at(WEB, NOON).key != book.at(POS, NOON).key
    assert book.at(WEB, NOON).key == book.at(WEB, NOON).key
