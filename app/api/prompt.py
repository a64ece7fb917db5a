"""How is an operation answered that has nothing to wait for? Step by step.

So others can take each step, too, before anybody takes the next (`app.api.together`).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from time import perf_counter, time_ns
from typing import Any

from msgspec import Struct

from app.api.admission import Admission, Entered
from app.api.asking import Asked
from app.api.caching import Caching
from app.api.callers import Caller
from app.api.executing import Executions, Prepared
from app.api.outcomes import Outcome, broken, late
from app.api.tracing import conclude, operation_span
from app.engine.again import Again
from app.engine.budget import Charge
from app.engine.execution import Executed
from app.engine.steps import Rest, begun
from app.upstream.spans import NOBODY_LISTENS, SpanBlock


class Going(Struct):
    """An operation that was admitted; each step finds out more of it.

    `ended` is by the clock of durations, `ended_at` by that of spans.
    """

    admitted: Entered
    asked: Asked
    again: Again
    caller: Caller
    started: float
    block: SpanBlock = NOBODY_LISTENS
    prepared: Prepared | None = None
    done: Executed | Outcome | None = None
    outcome: Outcome | None = None
    ended: float = 0.0
    ended_at: int = 0


class PromptOperations:
    """Takes operations one step further.

    `usual` executes one, or finds that it was; `tell` tells of one that was answered; `ending` has
    what is given up, until it has ended.
    """

    def __init__(
        self,
        admission: Admission,
        executions: Executions,
        caching: Caching | None,
        *,
        usual: Callable[[Entered, Asked, Caller], Any],
        tell: Callable[..., None],
        ending: set[asyncio.Task[Any]],
    ) -> None:
        self._admission = admission
        self._executions = executions
        self._caching = caching
        self._usual = usual
        self._tell = tell
        self._ending = ending

    @property
    def prompt(self) -> bool:
        """Whether charging never has to be waited for."""
        return self._admission.prompt

    async def admitted(self, asked: Asked, caller: Caller, started: float) -> Going | None:
        """One that may be executed, where only a charge has to be waited for before that.

        None where more has, or where it is refused: nothing was charged then.
        """
        return _going(await self._admission.admit_known(asked, caller), asked, caller, started)

    def admitted_at_once(self, asked: Asked, caller: Caller, started: float) -> Going | None:
        """The same where charging is `prompt`."""
        return _going(self._admission.admit_at_once(asked, caller), asked, caller, started)

    def trace(self, one: Going) -> None:
        """Begin its span."""
        one.block = operation_span(one.admitted, one.caller.trace)

    def prepare(self, one: Going) -> None:
        """Get it ready, unless what is kept for others is asked first."""
        if one.again.prompt and (self._caching is None or self._caching.none_of(one.admitted)):
            attempt = self._executions.attempt()
            one.prepared = self._executions.prepared(one.admitted, one.asked, one.caller, attempt)

    def execute(self, one: Going) -> bool:
        """Whether it could be executed without waiting; else nothing is left of that.

        It is not even begun where the same question had to wait the last time.
        """
        if not one.again.prompt:
            return False
        one.block.current()
        if one.prepared is not None:
            going = self._executions.going(one.prepared)
        else:
            going = self._usual(one.admitted, one.asked, one.caller)
        surroundings = copy_context()  # what it leaves in there is none of the others' business
        try:
            waits_for = surroundings.run(going.send, None)
        except StopIteration as done:
            one.done = done.value
        except Exception as bug:  # noqa: BLE001  the last resort, as elsewhere
            one.done = _failed(bug)
        else:
            one.again.prompt = False
            self._give_up(Rest(going, waits_for), surroundings)
            if one.prepared is not None and one.prepared.ahead is not None:
                one.prepared.ahead.drop()
            return False
        return True

    def settle(self, one: Going) -> Awaitable[None] | None:
        """Make an answer of what was executed, and settle what was charged; what has to wait."""
        outcome = one.done
        if isinstance(outcome, Executed) and one.prepared is not None:
            try:
                outcome = self._executions.outcome(one.prepared, outcome)
            except Exception as bug:  # noqa: BLE001  as above; what was charged has to be settled
                outcome = _failed(bug)
        if not isinstance(outcome, Outcome):
            raise TypeError("it was not executed")
        if (charge := one.admitted.charge) is None:
            one.outcome = outcome
            return None
        one.outcome = self._admission.settled_at_once(charge, outcome)
        return None if one.outcome is not None else begun(self._settled(one, charge, outcome))

    async def _settled(self, one: Going, charge: Charge, outcome: Outcome) -> None:
        one.outcome = await self._admission.settled(charge, outcome)

    def answered(self, one: Going) -> Outcome:
        """The answer to what was settled; whoever is given it has to `tell` of it."""
        if one.outcome is None:
            raise TypeError("it was not settled")
        one.ended, one.ended_at = perf_counter(), time_ns()
        return one.outcome

    def tell(self, one: Going, request_id: str) -> None:
        """Tell of it."""
        if (outcome := one.outcome) is None:
            return
        conclude(one.block.span, outcome)
        one.block.over(one.ended_at)
        self._tell(one.admitted, outcome, one.ended - one.started, request_id=request_id)

    def _give_up(self, rest: Rest[Any], surroundings: Context) -> None:
        """Cancel what has begun, where it waits, and let it end in its own time."""
        ending = asyncio.create_task(rest, context=surroundings)
        ending.cancel()
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


def _going(admitted: Entered | None, asked: Asked, caller: Caller, started: float) -> Going | None:
    if admitted is None or asked.again is None:
        return None
    return Going(admitted, asked, asked.again, caller, started)


def _failed(bug: Exception) -> Outcome:
    """What becomes of an operation that one ended, as where it may wait."""
    return late() if isinstance(bug, TimeoutError) else broken(bug)
