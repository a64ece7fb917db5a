"""What may a deployment decide? One file, read once, passed on as narrow values."""

from app.settings.caching import Cache, Redis
from app.settings.explaining import explain, unknown
from app.settings.file import Settings, load, parse
from app.settings.retail import Bindings, Channel, Connection, Location
from app.settings.secrets import secret
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

__all__ = [
    "Bindings",
    "Cache",
    "CatalogueWindows",
    "Channel",
    "Connection",
    "Cors",
    "Execution",
    "Freshness",
    "Location",
    "Log",
    "PriceWindows",
    "Redis",
    "Requests",
    "Server",
    "Settings",
    "Statuses",
    "StockWindows",
    "Windows",
    "explain",
    "load",
    "parse",
    "secret",
    "unknown",
]
