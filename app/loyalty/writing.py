"""Who tells a programme that is not ours what is yet to be told? Whoever has the lease."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.loyalty.desk import MOST, ProgramDesk
from app.store import StoreUnavailable

log = structlog.get_logger(__name__)
POLL = 0.5  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramWriter:
    """Works until it is cancelled. Any number may run, in any number of processes."""

    desk: ProgramDesk | None
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Work; a store that does not answer is asked again."""
        while self.desk is not None:
            try:
                worked = await self.desk.work(self.now())
            except StoreUnavailable:
                worked = 0
            except Exception as bug:  # noqa: BLE001  the next writes must be made all the same
                log.error("loyalty.bug", kind=type(bug).__name__)  # noqa: TRY400  its text may hold personal data
                worked = 0
            if worked < MOST:
                await asyncio.sleep(POLL)
