"""What is a bundle made of? As the catalogue last told this process, of each SKU that came by."""

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from app.ports import BundleComponent, Product
from app.upstream.reader import Fetched
from app.values import Sku

Components = tuple[BundleComponent, ...]
MadeOf = Mapping[Sku, Components]
"""The components of bundles; what is no bundle is not there."""
NO_BUNDLES: MadeOf = MappingProxyType({})
MOST = 500_000  # SKUs; beyond that they are asked for anew
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Fetch = Callable[[Collection[K]], Awaitable[Fetched[K, V]]]


class Bundles:
    """Remembers which SKUs are bundles, and which are none."""

    def __init__(self) -> None:
        self._made_of: dict[Sku, Components] = {}

    def of(self, sku: Sku) -> Components | None:
        """The components of a bundle, none of what is no bundle; None: nobody told of it yet."""
        return self._made_of.get(sku)

    def each(self, skus: Collection[Sku]) -> list[Components | None]:
        """The same of several."""
        return list(map(self._made_of.get, skus))

    def note(self, products: Iterable[Product]) -> None:
        """Remember what was told of products."""
        if len(self._made_of) > MOST:
            self._made_of.clear()
        made_of = self._made_of
        for product in products:
            for variant in product.variants:
                components = variant.components
                made_of[variant.sku] = _together(components) if components else ()

    def note_none(self, skus: Iterable[Sku]) -> None:
        """Remember that the catalogue knows no such SKUs."""
        self._made_of.update(dict.fromkeys(skus, ()))

    def noting(self, fetch: Fetch[K, V], products: Callable[[V], Iterable[Product]]) -> Fetch[K, V]:
        """The same fetching, whoever the answer is from; what it brings is remembered."""

        async def noted(keys: Collection[K]) -> Fetched[K, V]:
            fetched = await fetch(keys)
            for value, _ in fetched.values.values():
                self.note(products(value))
            return fetched

        return noted


def _together(components: Components) -> Components:
    """Each SKU once, in one order."""
    units: dict[Sku, int] = {}
    for one in components:
        units[one.sku] = units.get(one.sku, 0) + one.quantity
    return tuple(BundleComponent(sku, units[sku]) for sku in sorted(units))
