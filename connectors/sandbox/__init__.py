"""The sandbox: a whole retailer beside the gateway, for the demo, for tests and as reference."""

from collections.abc import Callable, Mapping

from app.ports import Wiring
from connectors.sandbox.connection import (
    ShopConnection,
    SupplierConnection,
    TillsConnection,
    WarehouseConnection,
)
from connectors.sandbox.embedded import embedded
from connectors.sandbox.market import MarketConnection
from connectors.sandbox.payments import PaymentsConnection
from connectors.sandbox.settings import Settings, System

__all__ = ["Settings", "connect", "embedded"]

CONNECTIONS: Mapping[System, Callable[[Wiring], object]] = {
    "shop": ShopConnection,
    "tills": TillsConnection,
    "warehouse": WarehouseConnection,
    "supplier": SupplierConnection,
    "payments": PaymentsConnection,
    "market": MarketConnection,
}


def connect(settings: Settings, wiring: Wiring) -> object:
    """A connection to one of the systems; nothing is called yet."""
    return CONNECTIONS[settings.system](wiring)
