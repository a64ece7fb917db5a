"""One Tryton for all tests that only read it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.real.tryton.desk import Desk, desk_at
from tests.real.tryton.server import TrytonServer, tryton_server


@pytest.fixture(scope="session")
def server() -> Iterator[TrytonServer]:
    with tryton_server() as running:
        yield running


@pytest.fixture
async def desk(server: TrytonServer) -> AsyncIterator[Desk]:
    async with desk_at(server) as one:
        yield one
