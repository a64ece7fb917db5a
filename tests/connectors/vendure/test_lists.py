import asyncio

import pytest

from app.errors import UpstreamUnavailable
from connectors.vendure.lists import together


async def answering(value: int) -> int:
    return value


async def failing() -> int:
    raise UpstreamUnavailable("is down")


async def test_answers_come_in_the_order_asked() -> None:
    assert await together(answering(value) for value in (3, 1, 2)) == [3, 1, 2]


async def test_the_first_failure_is_raised_as_itself_and_ends_the_others() -> None:
    ended = asyncio.Event()

    async def endless() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 0

    with pytest.raises(UpstreamUnavailable, match="is down"):
        await together([endless(), failing()])

    assert ended.is_set()
