"""How is each SKU kept at each place? Levels and paces of the shop, stores, warehouse, supplier."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from connectors.sandbox.retailer.catalogue import Assortment, assortment
from connectors.sandbox.retailer.clock import Count, Cycle, Shelf, Shelves
from connectors.sandbox.retailer.dice import Dice
from connectors.sandbox.retailer.places import (
    DEPOT,
    STORES,
    SUPPLIER,
    SUPPLIER_SHARE,
    WAREHOUSE,
)

STORE_SHARES = {store.number: store.share for store in STORES}


@dataclass(frozen=True)
class Stock:
    """The stock of the whole retailer, by SKU and place, at any moment."""

    seed: int
    assortment: Assortment
    _shelves: Shelves = field(default_factory=Shelves)
    _kept: dict[tuple[str, str], Shelf | None] = field(default_factory=dict)

    def count(self, sku: str, place: str, at: datetime) -> Count | None:
        """What stands there; None where the place does not carry the SKU."""
        shelf = self._shelf(sku, place)
        return None if shelf is None else self._shelves.count(shelf, at)

    def cycle(self, sku: str, place: str, at: datetime) -> Cycle | None:
        """From the last delivery to the next one."""
        shelf = self._shelf(sku, place)
        return None if shelf is None else self._shelves.cycle(shelf, at)

    def _shelf(self, sku: str, place: str) -> Shelf | None:
        key = (sku, place)
        if key not in self._kept:
            model = self.assortment.by_sku.get(sku)
            self._kept[key] = (
                None if model is None else _shelf(self.seed, sku, place, model.popularity)
            )
        return self._kept[key]


@lru_cache(maxsize=8)
def stock(seed: int) -> Stock:
    """The stock of a seed."""
    return Stock(seed, assortment(seed))


def _shelf(seed: int, sku: str, place: str, popularity: int) -> Shelf | None:
    """`popularity` 1 to 10 decides how fast a SKU sells, everywhere."""
    key = (seed, sku, place)
    dice = Dice("shelf", *key)
    if place == DEPOT:
        level = popularity * dice.between(3, 9)
        return Shelf(key=key, level=level, days=3, pace=level * dice.between(4, 12) // 10)
    if place == WAREHOUSE:
        level = popularity * dice.between(20, 60)
        return Shelf(key=key, level=level, days=14, pace=level // 8, bulk=12, opens=5, closes=17)
    if place == SUPPLIER and dice.chance(SUPPLIER_SHARE):
        level = dice.between(10, 90)
        return Shelf(key=key, level=level, days=7, pace=level // 2, bulk=3, opens=6, closes=18)
    if place in STORE_SHARES and dice.chance(STORE_SHARES[place]):
        level = 1 + popularity * STORE_SHARES[place] * dice.between(2, 12) // 600
        pace = 1 + level * dice.between(3, 9) // 10
        return Shelf(key=key, level=level, days=4, pace=pace, opens=7, closes=19)
    return None
