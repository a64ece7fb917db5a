from collections.abc import Iterator

import pytest

from tests.redis import RedisServer, redis_for_tests


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_for_tests() as server:
        yield server
