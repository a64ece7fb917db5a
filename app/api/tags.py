"""What does an answer tell of? The names under which it can be said to be out of date.

`Product:ID`, `ProductVariant:SKU` and `Location:CODE` by their owners' keys, and the name of every
type that was asked. What is shown is noted as it is dressed; names are made only for what is kept.
"""

from collections.abc import Collection, Iterator

from msgspec import Struct, field

from app import ports
from app.values import LocationCode


class Seen(Struct):
    """What went into an answer."""

    products: list[ports.Product] = field(default_factory=list)
    pages: list[ports.ProductPage] = field(default_factory=list)
    places: list[LocationCode] = field(default_factory=list)

    def tags(self, types: Collection[str]) -> frozenset[str]:
        """The names, for an operation that asks for objects of some types."""
        return frozenset(self._names(types))

    def _names(self, types: Collection[str]) -> Iterator[str]:
        products = [*self.products, *(edge.product for one in self.pages for edge in one.edges)]
        yield from types
        yield from (f"Product:{product.id}" for product in products)
        yield from (f"Location:{code}" for code in self.places)
        if "ProductVariant" in types:
            for product in products:
                yield from (f"ProductVariant:{variant.sku}" for variant in product.variants)
