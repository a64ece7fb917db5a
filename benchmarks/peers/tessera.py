"""Tessera as it is measured: the gateway itself, over its own schema or over that of the peers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette

from app import settings as config
from app.api.schema import Schema
from app.main import Gateway
from app.ports import FoundConnector, Wiring, read_manifest
from app.settings import Settings
from app.upstream.registry import Planned, plan
from benchmarks.peers import fields, shop
from benchmarks.peers.memory import Memory
from benchmarks.peers.switches import Fixed, turn_off

SHOP = FoundConnector(
    name="shop", folder=Path(__file__).parent / "shop", module="benchmarks.peers.shop"
)
SYSTEM = {"connector": "shop", "timeout": "PT50S"}
POINTS = {"size": 10**9, "restore_rate": 10**9}
AT_ONCE = {"fresh_for": "PT0S", "revalidate_for": "PT0S"}
Data = Mapping[str, Any]


def settings(**sections: Any) -> Settings:
    """Those of a retailer with one system, and otherwise the defaults.

    But answers are not kept, since peers make each anew; and neither time nor points are limited as
    usual, since on a busy machine questions would be turned away, which peers do not do.
    """
    return config.parse(
        {
            "connections": {"shop": SYSTEM},
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["shop"],
                "stock": {"shop": ["*"]},
            },
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
            "requests": {"budget": "PT60S"},
            "budget": POINTS,
            "cache": {"answers": False},
            **sections,
        }
    )


def gateway_over_http(url: str, *, values: bool = False, ahead: bool = True) -> Gateway:
    """The whole gateway over the upstreams: nothing but locations is kept, or `values` as usual."""
    fresh = {} if values else dict.fromkeys(("catalogue", "prices", "stock"), AT_ONCE)
    known = settings(
        connections={"shop": {**SYSTEM, "settings": {"url": url}}},
        freshness=fresh,
        execution={"ahead": ahead},
    )
    return Gateway(known, plan(known, {"shop": SHOP}))


def gateway_in_memory(data: Data, *, answers: bool = False) -> Gateway:
    """The whole gateway with its defaults, over a connection that answers from memory."""
    known = settings(cache={"answers": answers})
    return Gateway(known, {"shop": _in_memory(known, data)})


class EngineAlone(Gateway):
    """The endpoint, the gate and the engine, `without` some costs, over the schema of the peers."""

    def __init__(self, data: Data, without: frozenset[Fixed] = frozenset()) -> None:
        known = settings()
        super().__init__(known, {"shop": _in_memory(known, data)})
        self._data = data
        self._without = without

    def app(self, schema: Schema | None = None) -> Starlette:
        """The ASGI application, of that schema."""
        app = super().app(schema or fields.schema(self._data))
        turn_off(self._without, app)
        return app


def _in_memory(known: Settings, data: Data) -> Planned:
    return Planned(
        name="shop",
        manifest=read_manifest(SHOP),
        package=_MemoryPackage(data),
        configured=known.connections["shop"],
        settings=shop.Settings(url="http://nowhere.invalid"),
    )


class _MemoryPackage:
    """Connects to the data file instead of an upstream."""

    Settings: type[BaseModel] = shop.Settings

    def __init__(self, data: Data) -> None:
        self._data = data

    def connect(self, settings: Any, wiring: Wiring) -> Memory:
        """A connection that never calls out."""
        del settings, wiring
        return Memory(self._data)
