"""What came of asking a connection? The one border between our code and a connector's."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from app.errors import GatewayError, UpstreamBroken, UpstreamUnavailable
from app.upstream.deadline import Deadline

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def asked(connection: str, call: Callable[[], Awaitable[T]], *, within: timedelta) -> T:
    """The answer of one port call, all its requests within one time limit.

    A bug of a connector is its upstream's trouble, not that of the whole operation: it is logged by
    place, since its text may hold anything, and told as UpstreamBroken.

    Raises:
        UpstreamError: the upstream, or its connector, let us down.
        InvalidInputError: the caller's input cannot be answered.
    """
    deadline = Deadline.after(within)
    try:
        with deadline.shared():
            async with asyncio.timeout_at(deadline.at):
                return await call()
    except GatewayError:
        raise
    except TimeoutError as error:
        raise UpstreamUnavailable("did not answer in time") from error
    except Exception as bug:
        frames = traceback.extract_tb(bug.__traceback__)[-3:]
        where = [f"{frame.name}:{frame.lineno}" for frame in frames]
        log.error(  # noqa: TRY400  a trace would hold the bug's text
            "connector.bug", connection=connection, kind=type(bug).__name__, where=where
        )
        raise UpstreamBroken("its connector failed") from bug
