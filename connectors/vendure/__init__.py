"""Vendure: catalogue, prices, stock and stock locations of one shop."""

from app.ports import Wiring
from connectors.vendure.connection import VendureConnection
from connectors.vendure.settings import Settings

__all__ = ["Settings", "connect"]


def connect(settings: Settings, wiring: Wiring) -> VendureConnection:
    """A connection to the Vendure at `settings.url`."""
    return VendureConnection(settings, wiring)
