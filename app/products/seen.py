"""Which products came by in a listing, so that they need not be asked for by themselves?

A page brings many products that hardly anybody asks for next. So they are kept once each, and
found under all their names only when somebody does. What others made of a product is kept with it
for as long as it is told in the same words.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from app.ports import Product, ProductKey
from app.upstream.readings import Faces
from app.values import ProductId, Sku


class Sighting(Struct, gc=False, eq=False):
    """A product, when its owner said so and when we read it.

    `named` is whether it is still found under all its names.
    """

    product: Product
    as_of: datetime
    read_at: datetime
    skus: tuple[Sku, ...]
    faces: Faces
    named: bool = True


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
            known = self._by_id.get(product.id)
            if known is None or known.product is not product or not known.named:
                self._name(product, as_of, read_at, known)
                continue
            known.as_of, known.read_at = as_of, read_at
            self._by_id.move_to_end(product.id)
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

    def faces(self, product: Product) -> Faces:
        """Where to keep what is made of a product; of one that never came by nothing is kept."""
        known = self._by_id.get(product.id)
        return known.faces if known is not None and known.product is product else Faces()

    def _name(
        self, product: Product, as_of: datetime, read_at: datetime, known: Sighting | None
    ) -> None:
        """Keep a product under its names; who had them before is not found under them any more."""
        key, skus = product.id, tuple([variant.sku for variant in product.variants])
        faces = Faces()
        if known is not None:
            if known.skus != skus or known.product.handle != product.handle:
                self._forget_names(known)
            if known.product is product:
                faces = known.faces
            self._by_id.move_to_end(key)
        self._by_id[key] = Sighting(product, as_of, read_at, skus, faces)
        self._take(self._by_handle, (product.handle,), key)
        self._take(self._by_sku, skus, key)

    def _take(self, names: dict[str, ProductId], wanted: Iterable[str], key: ProductId) -> None:
        for name in wanted:
            before = names.get(name, key)
            if before != key and (loser := self._by_id.get(before)) is not None:
                loser.named = False
            names[name] = key

    def _forget_names(self, seen: Sighting) -> None:
        """Leave names alone that another product has by now."""
        product = seen.product
        if self._by_handle.get(product.handle) == product.id:
            del self._by_handle[product.handle]
        for sku in seen.skus:
            if self._by_sku.get(sku) == product.id:
                del self._by_sku[sku]
