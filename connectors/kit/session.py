"""Sessions: log in once, again when the upstream forgot us, and never hammer a wrong password."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from app.errors import UpstreamUnauthorized

T = TypeVar("T")
AFTER_REFUSED_LOGIN = timedelta(seconds=60)  # some vendors lock an account after a few tries


class Session:
    """A token that is fetched on first use and shared by all calls of a connection."""

    def __init__(
        self, log_in: Callable[[], Awaitable[str]], *, now: Callable[[], datetime]
    ) -> None:
        self._log_in = log_in
        self._now = now
        self._token: str | None = None
        self._lock = asyncio.Lock()
        self._refused: tuple[datetime, UpstreamUnauthorized] | None = None

    async def call(self, send: Callable[[str], Awaitable[T]]) -> T:
        """`send(token)`; when that is unauthorized, once more with a fresh token.

        Raises:
            UpstreamUnauthorized: the login itself is refused, or was within the last minute.
        """
        token = await self._current()
        try:
            return await send(token)
        except UpstreamUnauthorized:
            return await send(await self._renewed(token))

    def forget(self) -> None:
        """Log in again before the next call: the token is known to have ended."""
        self._token = None

    async def _current(self) -> str:
        return self._token if self._token is not None else await self._renewed(None)

    async def _renewed(self, stale: str | None) -> str:
        async with self._lock:
            if self._token is None or self._token == stale:
                self._token = None
                self._token = await self._fresh()
            return self._token

    async def _fresh(self) -> str:
        if self._refused is not None:
            until, refusal = self._refused
            if self._now() < until:
                raise UpstreamUnauthorized(f"the last login was refused: {refusal}")
        try:
            token = await self._log_in()
        except UpstreamUnauthorized as error:
            self._refused = (self._now() + AFTER_REFUSED_LOGIN, error)
            raise
        self._refused = None
        return token
