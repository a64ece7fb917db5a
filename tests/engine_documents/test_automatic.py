"""Automatic persisted queries that two processes share through a real Redis."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

import pytest

from app.engine.budget import Patience, SharedRedis, open_redis
from app.engine.documents import (
    MemoryDocuments,
    Mode,
    PersistedQueryNotFound,
    SharedDocuments,
    TrustedDocuments,
    asked_document,
    hash_of,
)
from app.engine.documents.automatic import PREFIX
from tests.engine_documents.builders import NAME, STRANGER, register
from tests.redis import RedisServer

PATIENT = Patience(within=timedelta(seconds=5))
BY_HASH = asked_document(
    {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(STRANGER)}}}
)
WITH_TEXT = asked_document(
    {
        "query": STRANGER,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(STRANGER)}},
    }
)


@asynccontextmanager
async def process_on(server: RedisServer) -> AsyncIterator[TrustedDocuments]:
    async with open_redis(server.url) as client:
        store = SharedDocuments(MemoryDocuments(), SharedRedis(client, monotonic, PATIENT))
        yield TrustedDocuments(register(), mode=Mode.OFF, automatic=store)


async def test_what_one_process_learnt_the_others_know(server: RedisServer) -> None:
    async with process_on(server) as one, process_on(server) as other:
        await one.learn(await one.find(WITH_TEXT))

        assert (await other.find(BY_HASH)).text == STRANGER

    async with open_redis(server.url) as client:
        assert await client.keys() == [(PREFIX + hash_of(STRANGER)).encode()]
        assert 86_000 <= await client.ttl(PREFIX + hash_of(STRANGER)) <= 86_400


async def test_a_text_that_is_not_what_its_key_says_is_not_believed(server: RedisServer) -> None:
    async with open_redis(server.url) as client:
        await client.set(PREFIX + hash_of(STRANGER), NAME)

    async with process_on(server) as process:
        for _ in range(2):  # nor from the memory in front of the Redis
            with pytest.raises(PersistedQueryNotFound):
                await process.find(BY_HASH)


async def test_without_redis_each_process_learns_for_itself(server: RedisServer) -> None:
    server.kill()
    async with process_on(server) as one, process_on(server) as other:
        await one.learn(await one.find(WITH_TEXT))

        assert (await one.find(BY_HASH)).text == STRANGER
        with pytest.raises(PersistedQueryNotFound):
            await other.find(BY_HASH)
