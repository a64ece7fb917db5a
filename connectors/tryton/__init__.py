"""Tryton: an ERP with stock, sales and tills, over its JSON-RPC."""

from app.ports import Wiring
from connectors.tryton.connection import TrytonConnection
from connectors.tryton.settings import Settings

__all__ = ["Settings", "connect"]


def connect(settings: Settings, wiring: Wiring) -> TrytonConnection:
    """A connection to one database of a Tryton server."""
    return TrytonConnection(settings, wiring)
