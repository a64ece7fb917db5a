"""A gateway process that places orders and works on them; it is made to be killed.

It answers one JSON line for each that it is sent: a purchase in, the order's state out.
"""

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app.availability.ledger import Hold
from app.availability.model import Spot
from app.errors import Refusal
from app.orders.service import OrderService
from app.store import StoreUnavailable, open_store
from app.values import LocationCode, Sku
from tests.orders.world import a_purchase, assembled, connected

PATIENCE = timedelta(seconds=1)
POLL = timedelta(milliseconds=100)


@dataclass(frozen=True)
class Place:
    """Where a worker works. `urls` are the upstreams by name and system."""

    store: str
    port: int
    urls: tuple[tuple[str, Any, str], ...]


def work(place: Place) -> None:
    """Until killed."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    asyncio.run(_work(place))


async def _work(place: Place) -> None:
    async with AsyncExitStack() as stack:
        ports = {
            name: await stack.enter_async_context(connected(name, system, url, PATIENCE))
            for name, system, url in place.urls
        }
        store = await stack.enter_async_context(
            open_store(place.store, patience=timedelta(seconds=10))
        )
        provider = ports.pop("payments")
        _, _, worker, service = assembled(store, _now, ports, provider, PATIENCE, POLL)
        server = await asyncio.start_server(
            lambda reader, writer: _answer(service, reader, writer), "127.0.0.1", place.port
        )
        async with server, asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            group.create_task(server.serve_forever())


async def _answer(
    service: OrderService, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    told = json.loads(await reader.readline())
    try:
        placed = await service.place(_purchase(told))
        answer = {"number": placed.order.number, "state": placed.order.state}
    except Refusal as refusal:
        answer = {"refused": refusal.code}
    except StoreUnavailable:
        answer = {"state": "UNKNOWN"}
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()
    writer.close()


def _purchase(told: Any) -> Any:
    demand = {
        Spot(Sku(sku), LocationCode(location)): quantity
        for sku, location, quantity in told["lines"]
    }
    hold = Hold(holder=told["holder"], fence=told["fence"], expires_at=_now(), demand=demand)
    return a_purchase(told["key"], hold, token=told["token"])


def _now() -> datetime:
    return datetime.now(UTC)
