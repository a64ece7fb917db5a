"""What holds of every basket and all rules, however they are made up."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.pricing.amounts import apportioned, minor, money, split, together
from app.pricing.listing import alone
from app.pricing.model import Basket, BasketLine, PricedBasket, Standing
from app.pricing.rules import RuleBook
from app.values import ChannelCode, Discount, Money, Sku
from tests.builders import NOON, a_price
from tests.pricing.baskets import EUR, POS, WEB, a_basket, a_book, priced

SKUS = ("A1", "A2", "B1", "B2", "C")
COUNTS = st.integers(1, 30)
CENTS = st.integers(0, 20_000)
PERCENTS = st.decimals("0.01", 100, places=2).map(str)


def euros(cents: int) -> str:
    return str(money(cents, EUR).amount)


def benefits() -> st.SearchStrategy[dict[str, Any]]:
    amounts = st.integers(1, 30_000).map(lambda cents: {"EUR": euros(cents)})
    return st.one_of(
        st.fixed_dictionaries({"percent": PERCENTS}),
        st.fixed_dictionaries({"amount": amounts, "each": st.booleans()}),
        st.fixed_dictionaries(
            {"percent": PERCENTS, "buy": st.integers(1, 3), "get": st.integers(1, 2)}
        ),
    )


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "skus": st.lists(st.sampled_from(["A*", "B*", "C", "*"]), min_size=1, max_size=2),
        "categories": st.sampled_from([["coats"], ["shirts"], ["coats", "shirts"]]),
        "spend": st.integers(0, 50_000).map(lambda cents: {"EUR": euros(cents)}),
        "units": st.integers(1, 20),
        "exclusive": st.booleans(),
        "group_of": st.sampled_from(["season", "club"]),
        "priority": st.integers(-2, 2),
        "tiers": st.just(["GOLD"]),
        "groups": st.just(["staff"]),
        "coupon": st.uuids().map(lambda one: one.hex),
    },
)
PROMOTIONS = st.tuples(benefits(), CONDITIONS).map(lambda both: {**both[0], **both[1]})
BOOKS = st.lists(PROMOTIONS, max_size=5).map(
    lambda rules: a_book(**{f"r{number}": rule for number, rule in enumerate(rules)})
)
PRICES = st.one_of(CENTS.map(euros), st.decimals(0, 200, places=4).map(str))
LINES = st.lists(
    st.builds(
        lambda sku, quantity, price, categories: BasketLine(
            sku=Sku(sku),
            quantity=quantity,
            unit_price=Money(Decimal(price), EUR),
            categories=frozenset(categories),
        ),
        st.sampled_from(SKUS),
        COUNTS,
        PRICES,
        st.sets(st.sampled_from(["coats", "shirts"])),
    ),
    min_size=1,
    unique_by=lambda line: line.sku,
)


def asked(book: RuleBook, lines: list[BasketLine], channel: ChannelCode = WEB) -> Basket:
    """By somebody who has every code, group and tier."""
    standing = Standing(groups=("staff",), tier="GOLD")
    return a_basket(*lines, channel=channel, standing=standing, codes=tuple(book.coupons))


def amounts(found: PricedBasket) -> Mapping[Sku, Any]:
    return {sku: (line.total, line.discounts, line.lots) for sku, line in found.lines.items()}


@given(BOOKS, LINES)
def test_every_line_is_what_its_units_cost_less_what_rules_take_and_never_less_than_nothing(
    book: RuleBook, lines: list[BasketLine]
) -> None:
    found = priced(book, asked(book, lines))

    for line in lines:
        one = found.lines[line.sku]
        whole = minor(line.unit_price.amount * line.quantity, EUR)
        taken = sum(minor(each.amount.amount, EUR) for each in one.discounts)
        assert minor(one.subtotal.amount, EUR) == whole
        assert minor(one.total.amount, EUR) == whole - taken >= 0
        assert all(each.amount.amount > 0 for each in one.discounts)
        assert sum(units for units, _ in one.lots) == line.quantity
        assert sum(units * each.amount for units, each in one.lots) == one.total.amount
        assert all(each.amount >= 0 for _, each in one.lots)
    assert found.total.amount == sum(one.total.amount for one in found.lines.values())


@given(BOOKS, LINES, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_makes_no_difference(
    book: RuleBook, lines: list[BasketLine], chance: Random
) -> None:
    other = lines.copy()
    chance.shuffle(other)

    assert amounts(priced(book, asked(book, lines))) == amounts(priced(book, asked(book, other)))


@given(BOOKS, LINES)
def test_the_same_basket_costs_the_same_through_every_channel_that_no_rule_names(
    book: RuleBook, lines: list[BasketLine]
) -> None:
    web, pos = (priced(book, asked(book, lines, channel)) for channel in (WEB, POS))

    assert amounts(web) == amounts(pos)
    assert web.codes == pos.codes


@given(BOOKS, PROMOTIONS, LINES)
def test_where_two_channels_differ_a_rule_that_names_one_of_them_is_why(
    book: RuleBook, rule: dict[str, Any], lines: list[BasketLine]
) -> None:
    rules = {name: one.model_dump() for name, one in book.told.promotions.items()}
    named = a_book(**rules, named={**rule, "channels": ["POS"]})
    web, pos = (priced(named, asked(named, lines, channel)) for channel in (WEB, POS))

    assert amounts(web) == amounts(priced(book, asked(named, lines, WEB)))
    if amounts(web) != amounts(pos):
        assert "named" in pos.rules


ALONE = {"spend", "units", "coupon", "groups", "tiers"}


@given(st.lists(PROMOTIONS, max_size=4), CENTS, COUNTS)
def test_what_a_page_tells_of_one_unit_times_the_quantity_is_what_a_line_costs(
    rules: list[dict[str, Any]], cents: int, quantity: int
) -> None:
    # Where no rule looks at how many there are, or at all lines together.
    kept = [
        {key: value for key, value in rule.items() if key not in ALONE}
        for rule in rules
        if "buy" not in rule and (rule.get("each") or "percent" in rule)
    ]
    book = a_book(**{f"r{number}": rule for number, rule in enumerate(kept)})
    price = a_price("A1", euros(cents))
    line = BasketLine(sku=price.sku, quantity=quantity, unit_price=price.amount)

    page = alone(price, book.at(WEB, NOON), WEB, ())
    cart = priced(book, a_basket(line)).lines[price.sku]

    assert cart.total.amount == page.total.amount * quantity
    assert {one.rule: one.amount.amount for one in cart.discounts} == {
        one.rule: one.amount.amount * quantity for one in page.discounts
    }


@given(PROMOTIONS, LINES, st.integers(1, 10))
def test_more_units_never_cost_less_where_the_rule_asks_for_no_number(
    rule: dict[str, Any], lines: list[BasketLine], more: int
) -> None:
    # "Spend 100, get 10 off" and "buy one, get two" are not monotone, and are not meant to be.
    free = {key: value for key, value in rule.items() if key not in {"spend", "units"}}
    book = a_book(rule={**free, **({"get": 1} if "get" in free else {})})
    cents = [_in_cents(line) for line in lines]
    first, *rest = cents
    bigger = [_with(first, first.quantity + more), *rest]

    less, dearer = (priced(book, asked(book, one)).total.amount for one in (cents, bigger))

    assert less <= dearer


def _in_cents(line: BasketLine) -> BasketLine:
    price = money(minor(line.unit_price.amount, EUR), EUR)
    return BasketLine(
        sku=line.sku, quantity=line.quantity, unit_price=price, categories=line.categories
    )


def _with(line: BasketLine, quantity: int) -> BasketLine:
    return BasketLine(
        sku=line.sku,
        quantity=quantity,
        unit_price=line.unit_price,
        categories=line.categories,
    )


@given(st.lists(st.integers(0, 10**9), min_size=1), st.integers(0, 10**9))
def test_shares_add_up_and_are_off_by_less_than_one(weights: list[int], count: int) -> None:
    shares = apportioned(count, weights)

    if total := sum(weights):
        assert sum(shares) == count
        for part, weight in zip(shares, weights, strict=True):
            assert abs(part * total - count * weight) < total
    else:
        assert shares == [0] * len(weights)


@settings(max_examples=200)
@given(
    st.lists(st.integers(1, 5_000), max_size=4),
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.integers(0, 5_000),
)
def test_discounts_of_a_line_are_shared_out_over_its_places_to_the_last_cent(
    off: list[int], quantities: list[int], more: int
) -> None:
    units = sum(quantities)
    each = -(-sum(off) // units) + more  # in cents: the line costs no less than is taken off
    discounts = [Discount(f"r{number}", money(one, EUR)) for number, one in enumerate(off)]

    parts = split(discounts, quantities)

    found = {one.rule: one for one in together(one for part in parts for one in part)}
    assert found == {one.rule: one for one in discounts}
    for part, quantity in zip(parts, quantities, strict=True):
        taken = sum(minor(one.amount.amount, EUR) for one in part)
        assert 0 <= taken <= each * quantity
