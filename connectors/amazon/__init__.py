"""Amazon: orders that a seller's marketplaces took, and quantities and prices of its listings."""

from app.ports import Wiring
from connectors.amazon.connection import AmazonConnection
from connectors.amazon.settings import Settings

__all__ = ["Settings", "connect"]


def connect(settings: Settings, wiring: Wiring) -> AmazonConnection:
    """A connection to the seller whose refresh token the settings hold."""
    return AmazonConnection(settings, wiring)
