from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from app.engine.budget import open_redis
from tests.redis import RedisServer, redis_for_tests


@pytest.fixture(scope="module")
def shared_server() -> Iterator[RedisServer]:
    """For tests that leave it as they found it."""
    with redis_for_tests() as server:
        yield server


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """For tests that harm it."""
    with redis_for_tests() as server:
        yield server


@pytest.fixture
async def client(shared_server: RedisServer) -> AsyncIterator[Redis]:
    async with open_redis(shared_server.url) as client:
        await client.flushall()
        yield client


@pytest.fixture
def empty_server(client: Redis, shared_server: RedisServer) -> RedisServer:
    """The shared one; `client` has emptied it."""
    assert client is not None
    return shared_server
