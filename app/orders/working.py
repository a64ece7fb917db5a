"""Who does what an order needs, when the process that began it is gone?

What has to be done outside for an order follows from its state (`model.next_step`), so there is no
list of jobs beside it that could say something else. An order with something to do has a time at
which that is due, and whoever takes its lease does it. A lease is short; a process that dies loses
it, and the next one goes on from the state that was kept. Every change under a lease checks its
fence, so a process that wakes up late changes nothing.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import structlog

from app.orders.model import Step, next_step
from app.orders.steps import Steps
from app.orders.turns import Ended, LeaseLostError, Turn, Turns
from app.store import StoreUnavailable
from app.store.rounds import Rounds

log = structlog.get_logger(__name__)
MOST = 20  # orders taken at once
STEPS_AT_ONCE = 16  # of one order; more than any order takes
POLL = timedelta(milliseconds=500)


@dataclass(slots=True, kw_only=True)
class OrderWorker:
    """Does what is due, until it is cancelled. Any number may run, in any number of processes."""

    turns: Turns
    steps: Steps
    rounds: Rounds = field(default_factory=partial(Rounds, "orders", every=POLL))

    def wake(self) -> None:
        """Something is due at once."""
        self.rounds.wake()

    async def run(self) -> None:
        """Work; a store that does not answer is asked again."""

        async def once() -> bool:
            return await self.round() >= MOST

        await self.rounds.run(once)

    async def round(self) -> int:
        """Take what is due and do it; of how many orders that was."""
        turns = await self.turns.due(MOST)
        await asyncio.gather(*(self.taken(turn) for turn in turns))
        return len(turns)

    async def taken(self, turn: Turn, *, but: Step | None = None) -> None:
        """Do all an order needs, up to the step `but`; what fails is left for a later turn."""
        turn.but = but
        ended: Ended = "left"
        try:
            await self._done(turn)
            ended = "ended"
        except StoreUnavailable:
            log.warning("order.left", order=turn.order.number, why="the store does not answer")
        except TimeoutError:
            log.warning("order.left", order=turn.order.number, why="the lease is over")
        except LeaseLostError:
            ended = "lost"
            log.info("order.lost", order=turn.order.number)
        except Exception as bug:  # noqa: BLE001  one order must not stop the work on all others
            ended = "bug"
            log.error("order.bug", order=turn.order.number, kind=type(bug).__name__)  # noqa: TRY400  its text may hold personal data
        self.turns.counts[ended] += 1

    async def _done(self, turn: Turn) -> None:
        done = True
        for _ in range(STEPS_AT_ONCE):
            step = next_step(turn.order)
            if step in {None, turn.but} or not done:
                break
            left = turn.lease.until - self.turns.now()
            async with asyncio.timeout(max(0.0, left.total_seconds())):
                done = await self.steps.do(step, turn)
            if done:  # what fails from here on has not failed before
                turn.lease = replace(turn.lease, attempts=0)
        await self.turns.end(turn, done=done)
