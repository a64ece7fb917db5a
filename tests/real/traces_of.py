"""Where else than in systems and stores could somebody be found? Redis, spans, facts, the log."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from redis.asyncio import Redis
from sqlalchemy import select

from app.store import Store
from app.store.auditing import entries
from app.store.tables import facts
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator

IN_VENDURE = """query($e: String!) {
  customers(options: { filter: { emailAddress: { eq: $e } } }) { totalItems }
  orders { items { shippingAddress { fullName streetLine1 } billingAddress { streetLine1 }
    customer { firstName emailAddress } history { items { data } } } } }"""


@dataclass
class Listener:
    """Hears all that is told through a Redis, and reads all that is kept in it."""

    client: Redis
    heard: list[bytes] = field(default_factory=list)

    async def kept(self) -> dict[Any, Any]:
        """Every key with what is under it."""
        return {key: await self._value(key) for key in await self.client.keys("*")}

    async def _value(self, key: Any) -> Any:
        kind = await self.client.type(key)
        if kind == b"hash":
            return await self.client.hgetall(key)
        if kind == b"zset":
            return await self.client.zrange(key, 0, -1, withscores=True)
        if kind == b"set":
            return await self.client.smembers(key)
        if kind == b"list":
            return await self.client.lrange(key, 0, -1)
        if kind == b"stream":
            return await self.client.xrange(key)
        assert kind == b"string", kind
        return await self.client.get(key)


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Listener]:
    """Hears from now on whatever any process tells the others."""
    async with Redis.from_url(url) as client, client.pubsub() as channel:
        await channel.psubscribe("*")
        listener = Listener(client)

        async def hear() -> None:
            async for message in channel.listen():
                if message["type"] == "pmessage":
                    listener.heard.append(message["channel"] + b" " + message["data"])

        hearing = asyncio.create_task(hear())
        try:
            yield listener
        finally:
            hearing.cancel()


async def told(store: Store) -> list[Any]:
    """Every fact and every entry of the audit log, as they stand in the store."""
    return await store.read(lambda db: [*map(tuple, db.execute(select(facts)).all()), *entries(db)])


def spoken(spans: Iterable[ReadableSpan]) -> list[str]:
    """All that spans say: names, attributes, events and what was found wrong."""
    return [span.to_json() for span in spans]


def found_in(things: Any, words: Collection[str]) -> list[str]:
    """The words that are anywhere in it."""
    low = repr(things).lower()
    return [word for word in words if word.lower() in low]


def left_in_vendure(server: VendureServer, words: list[str]) -> list[str]:
    admin = administrator(server)
    told = repr(admin.ask(IN_VENDURE, {"e": words[0]})).lower()
    admin.close()
    return [word for word in words if word.lower() in told]


def left_in_tryton(server: TrytonServer, words: list[str]) -> list[str]:
    rpc = TrytonRpc(server.url, server.database, *server.admin)
    told = []
    for model, fields in (
        ("party.party", ["name"]),
        ("party.address", ["street", "city", "party_name"]),
        ("party.contact_mechanism", ["value", "name"]),
    ):
        ever = [("active", "in", [True, False])]
        told.append(rpc.call(f"model.{model}.search_read", ever, 0, None, [], fields))
    return [word for word in words if word.lower() in repr(told).lower()]
