"""Carts are changed over a socket as they are over HTTP, and to the end when its client goes."""

import asyncio

from sqlalchemy import Connection, select

from app.api.schema import build_schema
from app.store import Store
from app.store.tables import facts
from tests.streams.served import served

CREATE = "mutation { cartCreate(input: {}) { ... on CartChanged { cart { version status } } } }"


def kinds(connection: Connection) -> list[str]:
    return list(connection.scalars(select(facts.c.kind)))


async def test_a_cart_is_created_over_a_socket(store: Store) -> None:
    async with (
        served(schema=build_schema(), kept_in=store) as gateway,
        gateway.client() as client,
    ):
        await client.ask("1", CREATE)
        told = await client.hear()

    assert told["payload"]["data"]["cartCreate"] == {"cart": {"version": 1, "status": "OPEN"}}
    assert await store.read(kinds) == ["CartCreated"]


async def test_what_was_begun_is_done_though_its_client_has_gone(store: Store) -> None:
    async with served(schema=build_schema(), kept_in=store) as gateway:
        async with gateway.client() as client:
            await client.ask("1", CREATE)

        async def done() -> None:
            found: list[str] = []
            while not found:
                await asyncio.sleep(0.001)
                found = await store.read(kinds)

        await asyncio.wait_for(done(), 30)
