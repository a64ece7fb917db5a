"""What we ask of the outside, and the shape of the answer.

Laws of every port: reads take collections; every answer carries `as_of`; the only errors that leave
are `UpstreamError`s (and `InvalidInputError` for a foreign cursor); nothing vendor-shaped passes
through; a port is fulfilled or absent.
"""

from app.ports.answer import Answer, RejectedRow
from app.ports.catalog import (
    BundleComponent,
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
from app.ports.loyalty import (
    Adjustment,
    Earning,
    Enrolment,
    ExpiringPoints,
    LoyaltyProgram,
    MemberKey,
    MemberReference,
    PointsEntry,
    PointsKey,
    PointsMove,
    PointsPage,
    ProgramMember,
    RedeemedPoints,
    Redemption,
    RedemptionState,
)
from app.ports.manifests import FoundConnector, find_connectors, read_manifest
from app.ports.orders import (
    Buyer,
    OrderKey,
    OrderSink,
    OrderStatus,
    Promised,
    SoldLine,
    SoldOrder,
    UpstreamOrder,
)
from app.ports.payments import (
    Payment,
    PaymentKey,
    PaymentProvider,
    PaymentRequest,
    PaymentStatus,
)
from app.ports.pricing import Price, PriceSource
from app.ports.receipts import (
    Receipt,
    ReceiptLine,
    ReceiptNumber,
    ReceiptPage,
    ReceiptSource,
)
from app.ports.shapes import PORTS, provided_ports
from app.ports.stock import IncomingSupply, StockLevel, StockSource
from app.ports.wire import UpstreamHttp, WireRequest, WireResponse, Wiring

__all__ = [
    "PORTS",
    "Address",
    "Adjustment",
    "Answer",
    "BundleComponent",
    "Buyer",
    "CatalogSource",
    "Category",
    "ConnectorKind",
    "ConnectorPackage",
    "Earning",
    "EmbeddedPackage",
    "Enrolment",
    "ExpiringPoints",
    "FoundConnector",
    "Image",
    "IncomingSupply",
    "Limits",
    "Location",
    "LocationSource",
    "LoyaltyProgram",
    "Manifest",
    "MemberKey",
    "MemberReference",
    "OrderKey",
    "OrderSink",
    "OrderStatus",
    "Payment",
    "PaymentKey",
    "PaymentProvider",
    "PaymentRequest",
    "PaymentStatus",
    "PointsEntry",
    "PointsKey",
    "PointsMove",
    "PointsPage",
    "Price",
    "PriceSource",
    "Product",
    "ProductEdge",
    "ProductKey",
    "ProductPage",
    "ProductQuery",
    "ProductSort",
    "ProductVariant",
    "ProgramMember",
    "Promised",
    "Receipt",
    "ReceiptLine",
    "ReceiptNumber",
    "ReceiptPage",
    "ReceiptSource",
    "RedeemedPoints",
    "Redemption",
    "RedemptionState",
    "RejectedRow",
    "SoldLine",
    "SoldOrder",
    "StockLevel",
    "StockSource",
    "UpstreamHttp",
    "UpstreamOrder",
    "VariantOption",
    "WireRequest",
    "WireResponse",
    "Wiring",
    "find_connectors",
    "provided_ports",
    "read_manifest",
]
