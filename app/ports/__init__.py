"""What we ask of the outside, and the shape of the answer.

Laws of every port: reads take collections; every answer carries `as_of`; the only errors that leave
are `UpstreamError`s (and `InvalidInputError` for a foreign cursor); nothing vendor-shaped passes
through; a port is fulfilled or absent.
"""

from app.ports.answer import Answer, RejectedRow
from app.ports.catalog import (
    CatalogSource,
    Category,
    Image,
    Product,
    ProductEdge,
    ProductKey,
    ProductPage,
    ProductQuery,
    ProductSort,
    ProductVariant,
    VariantOption,
)
from app.ports.connector import ConnectorKind, ConnectorPackage, EmbeddedPackage, Limits, Manifest
from app.ports.locations import Address, Location, LocationSource
from app.ports.pricing import Price, PriceSource
from app.ports.stock import IncomingSupply, StockLevel, StockSource
from app.ports.wire import UpstreamHttp, WireRequest, WireResponse, Wiring

PORTS: dict[str, type] = {
    "CatalogSource": CatalogSource,
    "LocationSource": LocationSource,
    "PriceSource": PriceSource,
    "StockSource": StockSource,
}

__all__ = [
    "PORTS",
    "Address",
    "Answer",
    "CatalogSource",
    "Category",
    "ConnectorKind",
    "ConnectorPackage",
    "EmbeddedPackage",
    "Image",
    "IncomingSupply",
    "Limits",
    "Location",
    "LocationSource",
    "Manifest",
    "Price",
    "PriceSource",
    "Product",
    "ProductEdge",
    "ProductKey",
    "ProductPage",
    "ProductQuery",
    "ProductSort",
    "ProductVariant",
    "RejectedRow",
    "StockLevel",
    "StockSource",
    "UpstreamHttp",
    "VariantOption",
    "WireRequest",
    "WireResponse",
    "Wiring",
    "provided_ports",
]


def provided_ports(connection: object) -> frozenset[str]:
    """The ports a connection fulfils, by shape."""
    return frozenset(name for name, port in PORTS.items() if isinstance(connection, port))
