"""How is what is due done, whoever dies? In rounds: when woken, and every now and then anyway."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from app.errors import GatewayError

log = structlog.get_logger(__name__)
AT_ONCE = timedelta()


class Rounds:
    """The rounds of one worker; any number may work, in any number of processes.

    `topic` is the first word of its log lines, `about` what they say besides. A `pause` is made
    before each further round, however often it is woken, so that work comes in groups.
    """

    def __init__(
        self, topic: str, *, every: timedelta, pause: timedelta = AT_ONCE, **about: str
    ) -> None:
        self._left, self._bug = f"{topic}.left", f"{topic}.bug"
        self._every = every.total_seconds()
        self._pause = pause.total_seconds()
        self._about = about
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is due at once."""
        self._woken.set()

    async def run(self, once: Callable[[], Awaitable[bool]]) -> None:
        """Work until cancelled. `once` is a round, and says whether there may be more at once.

        What fails is told and left for a later round: the store or an upstream does not answer, the
        lease is lost, or it is a bug.
        """
        while True:
            self._woken.clear()
            more = False
            try:
                more = await once()
            except GatewayError as error:
                log.warning(self._left, kind=type(error).__name__, **self._about)
            except Exception as bug:  # noqa: BLE001  other work must go on
                log.error(self._bug, kind=type(bug).__name__, **self._about)  # noqa: TRY400  its text may hold personal data
            if self._pause:
                await asyncio.sleep(self._pause)
            if not more:
                await self._rest()

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every):
                await self._woken.wait()
