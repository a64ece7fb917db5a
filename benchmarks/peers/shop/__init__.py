"""A connector for the upstreams of the benchmarks: products, prices, stock levels, locations."""

from pydantic import BaseModel, ConfigDict

from app.ports import Wiring
from benchmarks.peers.shop.connection import Connection

__all__ = ["Settings", "connect"]


class Settings(BaseModel):
    """Where the upstreams are; all of them are behind one address."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str


def connect(_settings: Settings, wiring: Wiring) -> Connection:
    """A connection."""
    return Connection(wiring)
