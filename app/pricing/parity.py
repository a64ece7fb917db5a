"""Does a basket cost the same through two channels? Where not, which rule is why?

A difference is explained by rules that hold through one of the channels and not through the other.
That they are the reason is tried: the basket is priced again as if they held through both, or
through none. What nobody's rule explains is told without one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from app.pricing.evaluation import evaluate
from app.pricing.model import Basket, PricedBasket
from app.pricing.rules import Active, RuleBook
from app.settings import Promotion
from app.values import ChannelCode, Discount, Money, Sku


class Aspect(StrEnum):
    """What of a line, or of the whole, is not the same."""

    SOLD = "sold"
    GROUPS = "not the groups of its customer"
    PRICE = "price"
    TAXES = "taxes"
    DISCOUNT = "discount"
    RULES = "not what the rules say"
    PAGE = "not what its page says"
    TOTAL = "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What a cart says of a line; `page` is what a page says of one unit to anybody."""

    price: Money
    tax_included: bool
    price_list: str | None
    discounts: tuple[Discount, ...]
    total: Money
    page: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a basket through a channel. `basket` is what was priced, as the cart had it.

    SKUs without a line are not sold there. `groups` are those that whoever bought it is in.
    """

    basket: Basket
    lines: Mapping[Sku, Bought]
    groups: tuple[str, ...] = ()

    @property
    def channel(self) -> ChannelCode:
        """Through which it was bought."""
        return self.basket.channel

    @property
    def total(self) -> Money:
        """What is paid for all of it."""
        amounts = (line.total.amount for line in self.lines.values())
        return Money(sum(amounts, Decimal(0)), self.basket.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one channel says and another does not, with the `rules` that are why.

    Without a rule it is not explained. A difference within one channel has it on both sides, one
    of all lines together no SKU.
    """

    sku: Sku | None
    aspect: Aspect
    channels: tuple[ChannelCode, ChannelCode]
    before: str
    after: str
    rules: tuple[str, ...]

    @property
    def explained(self) -> bool:
        """Whether a rule is why."""
        return bool(self.rules)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares what was seen through channels, by the rules that there are."""

    book: RuleBook

    def alone(self, seen: Seen) -> Iterator[Difference]:
        """Where a channel does not even say what its own rules do."""
        found = evaluate(self._active(seen), seen.basket, self.book)
        both = (seen.channel, seen.channel)
        if seen.basket.standing.groups != seen.groups:
            groups = [", ".join(one) for one in (seen.groups, seen.basket.standing.groups)]
            yield _difference(None, Aspect.GROUPS, both, *groups)
        for sku, line in seen.lines.items():
            told, said = found.lines[sku].total, line.total
            if (found.lines[sku].discounts, told.amount) != (line.discounts, said.amount):
                yield _difference(sku, Aspect.RULES, both, _money(told), _money(said))
            single = self._single(seen, sku)
            if line.page is not None and line.page.amount != single.amount:
                yield _difference(sku, Aspect.PAGE, both, _money(single), _money(line.page))

    def between(self, one: Seen, other: Seen) -> list[Difference]:
        """Every difference of a line and of the total, between two channels of one currency."""
        found = list(self._lines(one, other))
        if one.total != other.total:
            explained = all(each.explained for each in found)
            rules = dict.fromkeys(rule for each in found for rule in each.rules)
            said = _money(one.total), _money(other.total)
            named = (one.channel, other.channel)
            why = tuple(rules) if explained else ()
            found.append(_difference(None, Aspect.TOTAL, named, *said, rules=why))
        return found

    def _lines(self, one: Seen, other: Seen) -> Iterator[Difference]:
        named = (one.channel, other.channel)
        for sku in sorted({*one.lines, *other.lines}):
            mine, theirs = one.lines.get(sku), other.lines.get(sku)
            lists = self._lists(sku, one, other)
            if mine is None or theirs is None:
                sold = [str(each is not None).lower() for each in (mine, theirs)]
                yield _difference(sku, Aspect.SOLD, named, *sold, rules=lists)
                continue
            for aspect, before, after in _priced_apart(mine, theirs):
                yield _difference(sku, aspect, named, before, after, rules=lists)
            if mine.discounts != theirs.discounts:
                off = _off(mine.discounts), _off(theirs.discounts)
                causes = self._causes(sku, one, other)
                yield _difference(sku, Aspect.DISCOUNT, named, *off, rules=causes)

    def _active(self, seen: Seen) -> Active:
        return self.book.at(seen.channel, seen.basket.at)

    def _single(self, seen: Seen, sku: Sku) -> Money:
        line = next(replace(one, quantity=1) for one in seen.basket.lines if one.sku == sku)
        public = Basket(
            channel=seen.channel, currency=seen.basket.currency, at=seen.basket.at, lines=(line,)
        )
        return evaluate(self._active(seen), public).lines[sku].total

    def _lists(self, sku: Sku, one: Seen, other: Seen) -> tuple[str, ...]:
        """The price lists that hold through one of two channels alone, and exemptions of it."""
        found = []
        for seen, elsewhere in ((one, other), (other, one)):
            line = seen.lines.get(sku)
            name = None if line is None else line.price_list
            if name is not None and name not in dict(self._active(elsewhere).lists):
                found.append(name)
        for name, rule in self.book.told.exemptions.items():
            apart = (one.channel in rule.channels) != (other.channel in rule.channels)
            if apart and any(fnmatchcase(sku, pattern) for pattern in rule.skus):
                found.append(name)
        return tuple(found)

    def _causes(self, sku: Sku, one: Seen, other: Seen) -> tuple[str, ...]:
        """The rules of one channel alone without which its discounts are another's."""
        found = [
            name
            for seen, elsewhere in ((one, other), (other, one))
            for name in self._apart(seen, elsewhere)
            if self._matters(sku, seen, name)
        ]
        prices = (self._lists(each, one, other) for each in self._repriced(one, other))
        return tuple(dict.fromkeys([*found, *(name for names in prices for name in names)]))

    def _apart(self, seen: Seen, elsewhere: Seen) -> list[str]:
        others = dict(self._active(elsewhere).promotions)
        return [name for name, _ in self._active(seen).promotions if name not in others]

    def _matters(self, sku: Sku, seen: Seen, name: str) -> bool:
        """Whether a line would have something else taken off without a rule."""
        active = self._active(seen)
        without = replace(active, promotions=_without(active.promotions, name))
        return self._of(active, seen)[sku] != self._of(without, seen)[sku]

    def _of(self, active: Active, seen: Seen) -> Mapping[Sku, tuple[Discount, ...]]:
        found: PricedBasket = evaluate(active, seen.basket)
        return {sku: line.discounts for sku, line in found.lines.items()}

    def _repriced(self, one: Seen, other: Seen) -> Iterator[Sku]:
        """What goes into discounts otherwise: other prices, or no line at all."""
        for sku in {*one.lines, *other.lines}:
            mine, theirs = one.lines.get(sku), other.lines.get(sku)
            if mine is None or theirs is None or mine.price != theirs.price:
                yield sku


def _without(
    promotions: Iterable[tuple[str, Promotion]], name: str
) -> tuple[tuple[str, Promotion], ...]:
    return tuple(one for one in promotions if one[0] != name)


def _priced_apart(one: Bought, other: Bought) -> Iterator[tuple[Aspect, str, str]]:
    if one.price != other.price:
        yield Aspect.PRICE, _money(one.price), _money(other.price)
    if one.tax_included != other.tax_included:
        yield Aspect.TAXES, _taxes(one), _taxes(other)


def _taxes(line: Bought) -> str:
    return "included" if line.tax_included else "excluded"


def _difference(
    sku: Sku | None,
    aspect: Aspect,
    channels: tuple[ChannelCode, ChannelCode],
    before: str,
    after: str,
    *,
    rules: Sequence[str] = (),
) -> Difference:
    return Difference(
        sku=sku, aspect=aspect, channels=channels, before=before, after=after, rules=tuple(rules)
    )


def _money(money: Money) -> str:
    return f"{money.amount} {money.currency}"


def _off(discounts: Iterable[Discount]) -> str:
    return ", ".join(f"{one.rule} {one.amount.amount}" for one in discounts) or "none"
