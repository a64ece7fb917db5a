"""Any schema, served with caches and no connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx
import strawberry

from app import settings as config
from app.api.admission import Admission, build_gate
from app.api.caches import Caches
from app.api.context import Services
from app.api.events_stream import EventStreams
from app.api.execution import build_engine
from app.api.http import GraphQLEndpoint
from app.api.lasting import Lasting
from app.api.metrics import Metrics
from app.api.operations import Operations
from app.api.schema import GivenDocument, Schema
from tests.builders import NOON
from tests.gateways import a_guest

SETTINGS = config.parse(
    {
        "connections": {"shop": {"connector": "made-up"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
    }
)


@asynccontextmanager
async def served(schema: strawberry.Schema) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server at noon."""
    query = schema.query
    made = Schema(query=query, extensions=[GivenDocument])
    requests = SETTINGS.requests
    operations = Operations(
        made,
        admission=Admission(build_gate(made, requests, introspection=False)),
        engine=build_engine(made, at_first_sight=True),
        services=lambda: cast("Services", None),
        requests=requests,
        now=lambda: NOON,
        metrics=Metrics(dict, counts={}),
        introspection=False,
        caching=Caches(SETTINGS, None, lambda: NOON).caching(made),
    )
    events = EventStreams(Lasting(1, 1), SETTINGS.streams, now=lambda: NOON)
    endpoint = GraphQLEndpoint(
        operations, events, identify=a_guest, requests=requests, graphiql=False
    )
    transport = httpx.ASGITransport(app=endpoint)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield http
