"""Filedrop: partners and suppliers who exchange files, over a folder or SFTP."""

from app.ports import Wiring
from connectors.filedrop.connection import FiledropConnection
from connectors.filedrop.embedded import embedded
from connectors.filedrop.settings import Settings

__all__ = ["Settings", "connect", "embedded"]


def connect(settings: Settings, wiring: Wiring) -> FiledropConnection:
    """A connection to the desk that looks after the files of one partner."""
    return FiledropConnection(settings, wiring)
