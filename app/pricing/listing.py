"""Whose price counts: its owner's, or that of a price list of ours?"""

from collections.abc import Iterable

from app.ports import Category, Price
from app.pricing.evaluation import evaluate
from app.pricing.model import ANYBODY, Basket, BasketLine, PricedLine, Standing
from app.pricing.rules import Active, ListPrice
from app.upstream.readings import NEVER, Reading
from app.upstream.report import Freshness
from app.values import ChannelCode, Sku


class ListedPrice(Price, frozen=True, kw_only=True, gc=False):
    """A price that a price list says; `rule` is its id."""

    rule: str


def listed(
    reading: Reading[Price], sku: Sku, active: Active, standing: Standing = ANYBODY
) -> Reading[Price]:
    """What a SKU costs: the reading of its owner, or one of a price list in its place.

    It is made once for each list and kept with the owner's.
    """
    found = next((one for one in active.prices(sku, standing) if _counts(one, reading)), None)
    if found is None:
        return reading
    return reading.faces.kept((active.key, found.rule), lambda: _of(found, sku, reading))


def rule_of(price: Price) -> str | None:
    """The price list that says so; None where it is its owner."""
    return price.rule if isinstance(price, ListedPrice) else None


def alone(
    price: Price, active: Active, channel: ChannelCode, categories: Iterable[str]
) -> PricedLine:
    """What one unit costs by itself, to anybody without a code, while these rules hold."""
    line = BasketLine(
        sku=price.sku,
        quantity=1,
        unit_price=price.amount,
        tax_included=price.tax_included,
        categories=frozenset(categories),
    )
    basket = Basket(
        channel=channel, currency=price.amount.currency, at=NEVER, lines=(line,), standing=ANYBODY
    )
    return evaluate(active, basket).lines[price.sku]


def words(categories: Iterable[Category]) -> frozenset[str]:
    """By what rules name categories."""
    return frozenset(word for one in categories for word in (one.id, one.handle))


def _counts(found: ListPrice, reading: Reading[Price]) -> bool:
    """Nobody's price is replaced but where the settings say so; unknown is not none."""
    if reading.source in found.over:
        return True
    return reading.value is None and reading.freshness is not Freshness.UNKNOWN


def _of(found: ListPrice, sku: Sku, reading: Reading[Price]) -> Reading[Price]:
    """Fresh as the question is: the list is ours."""
    known = reading.freshness is not Freshness.UNKNOWN
    price = ListedPrice(
        sku=sku,
        amount=found.amount,
        tax_included=found.tax_included,
        as_of=reading.as_of or NEVER,
        rule=found.rule,
    )
    freshness = reading.freshness if known else Freshness.LIVE
    return Reading(price, reading.as_of, freshness, reading.source)
