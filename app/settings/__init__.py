"""What may a deployment decide? One file, read once, passed on as narrow values."""

from app.settings.explaining import explain, unknown
from app.settings.file import Settings, load, parse
from app.settings.retail import Bindings, Channel, Connection, Location
from app.settings.serving import (
    CatalogueWindows,
    Cors,
    Execution,
    Freshness,
    Log,
    PriceWindows,
    Requests,
    Server,
    Statuses,
    StockWindows,
    Windows,
)
from app.settings.streaming import Streams

__all__ = [
    "Bindings",
    "CatalogueWindows",
    "Channel",
    "Connection",
    "Cors",
    "Execution",
    "Freshness",
    "Location",
    "Log",
    "PriceWindows",
    "Requests",
    "Server",
    "Settings",
    "Statuses",
    "StockWindows",
    "Streams",
    "Windows",
    "explain",
    "load",
    "parse",
    "unknown",
]
