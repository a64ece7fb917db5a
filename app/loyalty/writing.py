"""Who tells a programme that is not ours what is yet to be told? Whoever has the lease."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.loyalty.desk import MOST, ProgramDesk
from app.store.rounds import Rounds

POLL = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramWriter:
    """Works until it is cancelled. Any number may run, in any number of processes."""

    desk: ProgramDesk | None
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Work; a store that does not answer is asked again."""
        if (desk := self.desk) is None:
            return

        async def once() -> bool:
            return await desk.work(self.now()) >= MOST

        await Rounds("loyalty", every=POLL).run(once)
