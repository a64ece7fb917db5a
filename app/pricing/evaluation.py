"""What does a basket cost by the rules? One evaluation, for every channel: nothing here waits.

The rules are applied one after another, those with the highest priority first, each to what the
ones before it have left. Everything is counted in minor units, unit by unit: a percentage is
rounded for one unit, so that a line costs what a page tells of one unit, times its quantity. An
amount off several lines is shared out in proportion to what is left of them, to the last minor
unit. The order of the lines makes no difference.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.pricing.amounts import apportioned, minor, money, share
from app.pricing.model import Basket, BasketLine, CodeFate, PricedBasket, PricedLine
from app.pricing.rules import Active, RuleBook, admits, counts
from app.settings import Promotion
from app.values import CurrencyCode, Discount

Lot = tuple[int, int]
"""So many units at so many minor units each."""


@dataclass(slots=True)
class _Line:
    """A line while rules are applied to it."""

    told: BasketLine
    lots: list[Lot]
    subtotal: int
    taken: dict[str, int] = field(default_factory=dict)
    bounded: set[str] = field(default_factory=set)
    closed: bool = False
    groups: set[str] = field(default_factory=set)

    @property
    def left(self) -> int:
        return sum(units * each for units, each in self.lots)


def evaluate(active: Active, basket: Basket, book: RuleBook | None = None) -> PricedBasket:
    """What each line costs, by the rules that are active; `book` knows why codes are refused.

    Raises:
        ValueError: a SKU has two lines, or a price is of another currency.
    """
    lines = [_begun(one, basket) for one in sorted(basket.lines, key=lambda each: each.sku)]
    if len({one.told.sku for one in lines}) < len(lines):
        raise ValueError("a SKU has one line")
    for name, rule in active.promotions:
        if _asked_for(name, rule, basket):
            _apply(name, rule, lines, basket.currency)
    taken = {rule for line in lines for rule in line.taken}
    codes = (
        {} if book is None else {code: _fate(code, book, basket, taken) for code in basket.codes}
    )
    return PricedBasket(
        currency=basket.currency,
        lines={one.told.sku: _told(one, basket.currency) for one in lines},
        codes=codes,
    )


def _begun(line: BasketLine, basket: Basket) -> _Line:
    if line.unit_price.currency != basket.currency:
        raise ValueError("the prices of a basket are of one currency")
    subtotal = minor(line.unit_price.amount * line.quantity, basket.currency)
    return _Line(line, _level(line.quantity, subtotal), subtotal)


def _level(units: int, total: int) -> list[Lot]:
    """Units that cost the same, or one minor unit more, and so much together."""
    each, more = divmod(total, units)
    return [lot for lot in ((more, each + 1), (units - more, each)) if lot[0]]


def _asked_for(name: str, rule: Promotion, basket: Basket) -> bool:
    if rule.coupon is not None and (rule.coupon not in basket.codes or name in basket.used_up):
        return False
    return admits(rule, basket.standing)


def _apply(name: str, rule: Promotion, lines: Sequence[_Line], currency: CurrencyCode) -> None:
    """Apply a promotion to the lines it counts."""
    open_ = [one for one in lines if _open(one, rule) and counts(rule, one.told)]
    if not open_ or not _enough(rule, open_, currency):
        return
    before = [one.left for one in open_]
    bounded = _take(rule, open_, currency)
    off = [was - one.left for was, one in zip(before, open_, strict=True)]
    for line, some in zip(open_, off, strict=True):
        if some:
            line.taken[name] = some
            if bounded and not line.left:
                line.bounded.add(name)
        if some or (rule.buy is not None and any(off)):  # what was bought for it took part, too
            line.closed |= rule.exclusive
            line.groups |= set() if rule.group_of is None else {rule.group_of}


def _open(line: _Line, rule: Promotion) -> bool:
    if line.closed or (rule.exclusive and line.taken):
        return False
    return rule.group_of is None or rule.group_of not in line.groups


def _enough(rule: Promotion, lines: Sequence[_Line], currency: CurrencyCode) -> bool:
    if rule.units is not None and sum(one.told.quantity for one in lines) < rule.units:
        return False
    if rule.spend is None:
        return True
    spend = rule.spend.get(currency)
    return spend is not None and sum(one.left for one in lines) >= minor(spend, currency)


def _take(rule: Promotion, lines: Sequence[_Line], currency: CurrencyCode) -> bool:
    """Take it off; whether there was less than it would have taken."""
    if rule.percent is not None and rule.buy is not None and rule.get is not None:
        return _cheapest(rule.buy, rule.get, rule.percent, lines)
    if rule.percent is not None:
        for line in lines:
            line.lots = [(units, each - share(each, rule.percent)) for units, each in line.lots]
        return False
    amount = (rule.amount or {}).get(currency)
    if amount is None:
        return False
    return (_each if rule.each else _together)(minor(amount, currency), lines)


def _each(amount: int, lines: Iterable[_Line]) -> bool:
    """So much off every unit."""
    bounded = False
    for line in lines:
        bounded |= any(each < amount for _, each in line.lots)
        line.lots = [(units, max(0, each - amount)) for units, each in line.lots]
    return bounded


def _together(amount: int, lines: Sequence[_Line]) -> bool:
    """So much off all together, shared out by what is left of the lines, and of their units."""
    left = [one.left for one in lines]
    for line, off in zip(lines, apportioned(min(amount, sum(left)), left), strict=True):
        shares = apportioned(off, [units * each for units, each in line.lots])
        lots = zip(line.lots, shares, strict=True)
        line.lots = _merged(
            lot for (units, each), some in lots for lot in _level(units, units * each - some)
        )
    return amount > sum(left)


def _cheapest(buy: int, get: int, percent: Decimal, lines: Sequence[_Line]) -> bool:
    """Some percent off the cheapest units, as many as are got for what is bought."""
    free = sum(one.told.quantity for one in lines) // (buy + get) * get
    lots = sorted((each, at, units) for at, one in enumerate(lines) for units, each in one.lots)
    got: dict[int, list[Lot]] = {}
    for each, at, units in lots:
        less = min(units, free)
        free -= less
        cheaper = each - share(each, percent)
        parts = ((less, cheaper), (units - less, each))
        got.setdefault(at, []).extend(lot for lot in parts if lot[0])
    for at, changed in got.items():
        lines[at].lots = _merged(changed)
    return False


def _merged(lots: Iterable[Lot]) -> list[Lot]:
    """The dearest first, those that cost the same together."""
    units: dict[int, int] = {}
    for count, each in lots:
        units[each] = units.get(each, 0) + count
    return [(units[each], each) for each in sorted(units, reverse=True)]


def _told(line: _Line, currency: CurrencyCode) -> PricedLine:
    return PricedLine(
        sku=line.told.sku,
        quantity=line.told.quantity,
        subtotal=money(line.subtotal, currency),
        discounts=tuple(
            Discount(rule, money(amount, currency), rule in line.bounded)
            for rule, amount in line.taken.items()
        ),
        lots=tuple((units, money(each, currency)) for units, each in _merged(line.lots)),
    )


def _fate(code: str, book: RuleBook, basket: Basket, taken: set[str]) -> CodeFate:
    """What became of a code."""
    if (refused := book.refused(code, basket.channel, basket.at)) is not None:
        return refused
    name = book.coupons[code]
    if name in taken:
        return CodeFate.APPLIED
    if not admits(book.told.promotions[name], basket.standing):
        return CodeFate.OTHER_CUSTOMERS
    return CodeFate.USED_UP if name in basket.used_up else CodeFate.NOT_MET
