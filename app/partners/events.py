"""What happened to an assortment? Facts in the past tense; their entity is the partner."""

from app.partners.model import Item
from app.store import Fact
from app.values import Sku

ENTERED, CHANGED, LEFT = "AssortmentEntered", "AssortmentChanged", "AssortmentLeft"
KINDS = frozenset({ENTERED, CHANGED, LEFT})


def entered(partner: str, item: Item) -> Fact:
    """A SKU is to be seen from now on."""
    return _fact(ENTERED, partner, item)


def changed(partner: str, item: Item) -> Fact:
    """There is more or less of it, or nobody knows any more."""
    return _fact(CHANGED, partner, item)


def left(partner: str, sku: Sku, version: int) -> Fact:
    """A SKU is not to be seen any more."""
    return Fact(kind=LEFT, entity=partner, body={"sku": sku, "version": version})


def _fact(kind: str, partner: str, item: Item) -> Fact:
    body = {
        "sku": item.sku,
        "version": item.version,
        "status": item.stock.status,
        "available": item.stock.available,
    }
    return Fact(kind=kind, entity=partner, body=body)
