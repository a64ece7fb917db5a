"""Tessera as it is measured: its engine over the schema of the peers, and the whole gateway."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any, cast

from starlette.applications import Starlette
from starlette.routing import Route

from app import settings as config
from app.api.admission import Admission
from app.api.context import Services
from app.api.http import GraphQLEndpoint
from app.api.middleware import middleware
from app.api.operations import Operations
from app.main import Gateway, assemble, utc_now
from app.ports import FoundConnector
from app.settings import Settings
from app.upstream.health import Health
from app.upstream.registry import OpenConnection, plan
from benchmarks.peers import fields
from benchmarks.peers.memory import Memory
from benchmarks.peers.switches import Fixed, engine_without, gate_without, metrics_without
from tests.gateways import MADE_UP

SHOP = FoundConnector(
    name="shop", folder=Path(__file__).parent / "shop", module="benchmarks.peers.shop"
)
AT_ONCE = {"fresh_for": "PT0S", "revalidate_for": "PT0S"}
Data = Mapping[str, Any]


def settings(connection: Mapping[str, Any], **sections: Any) -> Settings:
    """Those of a retailer with one system, and otherwise the defaults."""
    return config.parse(
        {
            "connections": {"shop": connection},
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["shop"],
                "stock": {"shop": ["*"]},
            },
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
            **sections,
        }
    )


def engine(data: Data, without: frozenset[Fixed] = frozenset()) -> Starlette:
    """The endpoint, the gate and the engine over the schema of the peers, `without` some costs.

    This is the only place that puts them together, beside the gateway itself.
    """
    requests, cors = (known := settings({"connector": "shop"})).requests, known.cors
    schema = fields.schema(data)
    compiled = engine_without(without, schema)
    operations = Operations(
        schema,
        admission=Admission(gate_without(without, schema, requests)),
        engine=compiled,
        services=lambda: cast("Services", None),  # no field of this schema asks one
        requests=requests,
        now=utc_now,
        metrics=metrics_without(without, compiled.counts),
        introspection=False,
    )
    endpoint = GraphQLEndpoint(operations, requests=requests, graphiql=False)
    return Starlette(routes=[Route("/graphql", endpoint)], middleware=middleware(cors))


async def gateway_in_memory(data: Data) -> Starlette:
    """The whole gateway with its defaults over a connection that answers from memory."""
    known = settings({"connector": "shop"})
    health = Health(connection="shop", now=utc_now, clock=monotonic)
    opened = OpenConnection("shop", MADE_UP, known.connections["shop"], Memory(data), health)
    gateway = Gateway(known, {})
    gateway.running = assemble(known, {"shop": opened})
    await gateway.running.locations.refresh()
    return gateway.app()


def gateway_over_http(url: str) -> Starlette:
    """The whole gateway over the upstreams; nothing but locations is kept."""
    freshness = dict.fromkeys(("catalogue", "prices", "stock"), AT_ONCE)
    connection = {"connector": "shop", "settings": {"url": url}}
    known = settings(connection, freshness=freshness)
    return Gateway(known, plan(known, {"shop": SHOP})).app()
