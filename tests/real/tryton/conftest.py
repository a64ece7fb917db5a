"""One Tryton for all tests that only read it."""

from collections.abc import AsyncIterator

import pytest

from tests.real.tryton.desk import Desk, desk_at
from tests.real.tryton.server import TrytonServer


@pytest.fixture
def server(tryton: TrytonServer) -> TrytonServer:
    return tryton


@pytest.fixture
async def desk(server: TrytonServer) -> AsyncIterator[Desk]:
    async with desk_at(server) as one:
        yield one
