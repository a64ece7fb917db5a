"""What happened to an assortment? Facts in the past tense; their entity is the partner."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from app.partners.model import Item
from app.store import Fact
from app.values import CurrencyCode, Money, Sku

ENTERED, CHANGED, LEFT = "AssortmentEntered", "AssortmentChanged", "AssortmentLeft"
PRICED = "AssortmentPriced"
KINDS = frozenset({ENTERED, CHANGED, LEFT, PRICED})


def entered(partner: str, item: Item) -> Fact:
    """A SKU is to be seen from now on."""
    return _fact(ENTERED, partner, item)


def changed(partner: str, item: Item) -> Fact:
    """There is more or less of it, or nobody knows any more."""
    return _fact(CHANGED, partner, item)


def priced(partner: str, item: Item) -> Fact:
    """It costs something else; there may be more or less of it, too."""
    return _fact(PRICED, partner, item)


def left(partner: str, sku: Sku, version: int) -> Fact:
    """A SKU is not to be seen any more."""
    return Fact(kind=LEFT, entity=partner, body={"sku": sku, "version": version})


def written(prices: Iterable[Money]) -> list[list[str]]:
    """Prices as they are kept and told."""
    return [[str(one.amount), one.currency] for one in prices]


def read(prices: Iterable[Sequence[str]]) -> tuple[Money, ...]:
    """Prices as they were kept."""
    return tuple(Money(Decimal(amount), CurrencyCode(currency)) for amount, currency in prices)


def _fact(kind: str, partner: str, item: Item) -> Fact:
    body = {
        "sku": item.sku,
        "version": item.version,
        "status": item.stock.status,
        "available": item.stock.available,
        "prices": written(item.stock.prices),
    }
    return Fact(kind=kind, entity=partner, body=body)
