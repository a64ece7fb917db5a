"""What is an assortment made of?"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.errors import Refusal
from app.values import Money, Sku


class Stock(NamedTuple):
    """What a partner may sell of a SKU, None while nobody knows; and what it pays for a unit."""

    status: str
    available: int | None
    prices: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A SKU of an assortment, as the partner was told last."""

    sku: Sku
    stock: Stock
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a partner is doing: what it has, what was told, and how far it says it is.

    `behind` are the facts told after what it acknowledged, and `oldest_at` is when the first of
    them happened.
    """

    name: str
    items: int
    looked_at: datetime | None
    told: int
    acknowledged: int
    acknowledged_at: datetime | None
    behind: int
    oldest_at: datetime | None = None


class PartnerUnknown(Refusal):
    """Nobody decided what this one sees."""

    code = "PARTNER_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("There is no assortment for the caller.")
