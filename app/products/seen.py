"""Which products came by in a listing, so that they need not be asked for by themselves?

A page brings many products that hardly anybody asks for next. So they are kept once each, and
found under all their names only when somebody does.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from app.ports import Product, ProductKey
from app.values import ProductId, Sku


class Sighting(NamedTuple):
    """A product, when its owner said so and when we read it."""

    product: Product
    as_of: datetime
    read_at: datetime
    skus: tuple[Sku, ...]


class Seen:
    """Keeps the `most` products that were seen last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_id: OrderedDict[str, Sighting] = OrderedDict()
        self._by_handle: dict[str, ProductId] = {}
        self._by_sku: dict[str, ProductId] = {}

    def __len__(self) -> int:
        """How many names they have."""
        return len(self._by_id) + len(self._by_handle) + len(self._by_sku)

    def note(self, products: Iterable[Product], as_of: datetime, read_at: datetime) -> None:
        """Keep what was seen."""
        for product in products:
            key, skus = product.id, tuple([variant.sku for variant in product.variants])
            if (known := self._by_id.get(key)) is not None:
                if known.skus != skus or known.product.handle != product.handle:
                    self._forget_names(known)
                self._by_id.move_to_end(key)
            self._by_id[key] = Sighting(product, as_of, read_at, skus)
            self._by_handle[product.handle] = key
            self._by_sku.update(dict.fromkeys(skus, key))
        while len(self._by_id) > self._most:
            _, oldest = self._by_id.popitem(last=False)
            self._forget_names(oldest)

    def find(self, key: ProductKey) -> Sighting | None:
        """The last sighting of the product that has this name."""
        match key.by:
            case "id":
                return self._by_id.get(key.value)
            case "handle":
                known = self._by_handle.get(key.value)
            case "sku":
                known = self._by_sku.get(key.value)
        return None if known is None else self._by_id.get(known)

    def _forget_names(self, seen: Sighting) -> None:
        """Leave names alone that another product has by now."""
        product = seen.product
        if self._by_handle.get(product.handle) == product.id:
            del self._by_handle[product.handle]
        for sku in seen.skus:
            if self._by_sku.get(sku) == product.id:
                del self._by_sku[sku]
