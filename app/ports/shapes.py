"""Which ports are there, and which does an object fulfil?"""

from app.ports.catalog import CatalogSource
from app.ports.customers import CustomerDirectory, PurchaseHistory
from app.ports.listings import ListingSink
from app.ports.locations import LocationSource
from app.ports.loyalty import LoyaltyProgram
from app.ports.market_orders import OrderSource
from app.ports.orders import OrderSink
from app.ports.payments import PaymentProvider
from app.ports.pricing import PriceSource
from app.ports.receipts import ReceiptSource
from app.ports.stock import StockSource

PORTS: dict[str, type] = {
    "CatalogSource": CatalogSource,
    "CustomerDirectory": CustomerDirectory,
    "ListingSink": ListingSink,
    "LocationSource": LocationSource,
    "LoyaltyProgram": LoyaltyProgram,
    "OrderSink": OrderSink,
    "OrderSource": OrderSource,
    "PaymentProvider": PaymentProvider,
    "PriceSource": PriceSource,
    "PurchaseHistory": PurchaseHistory,
    "ReceiptSource": ReceiptSource,
    "StockSource": StockSource,
}


def provided_ports(connection: object) -> frozenset[str]:
    """The ports a connection fulfils, by shape."""
    return frozenset(name for name, port in PORTS.items() if isinstance(connection, port))
