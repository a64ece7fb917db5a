"""Square: a seller's tills, customers and loyalty programme."""

from app.ports import Wiring
from connectors.square.connection import SquareConnection
from connectors.square.settings import Settings

__all__ = ["Settings", "connect"]


def connect(settings: Settings, wiring: Wiring) -> SquareConnection:
    """A connection to the seller whose access token the settings hold."""
    return SquareConnection(settings, wiring)
