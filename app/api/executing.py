"""How is an operation executed that was let in: on whose behalf, in what time, told of what?"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

from graphql import GraphQLError, OperationType
from msgspec import Struct
from strawberry.types import ExecutionResult

from app.api.access import IMPERSONAL
from app.api.admission import Admission, of_nobody
from app.api.asking import Asked
from app.api.auditing import told, watched
from app.api.caching import Attempt
from app.api.callers import Caller
from app.api.context import Context, Services
from app.api.delivery import Delivery
from app.api.outcomes import Outcome, broken, executed, late, refused, within
from app.api.schema import Schema, core
from app.engine.caching.terms import KEY_SIZE
from app.engine.documents import hash_of
from app.engine.execution import Begun, Engine, Executed, Request, begun, interpreted
from app.engine.gate import Admitted
from app.engine.steps import within as in_time
from app.principals.model import GUEST
from app.settings import Requests
from app.store import StoreUnavailable, acting
from app.upstream.ahead import Ahead, Courses
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.values import Locale

WORTH_A_PAUSE = 2_000  # what costs more gives others their turn before it is put in writing


class Prepared(Struct, frozen=True):
    """An execution that can begin."""

    admitted: Admitted
    request: Request
    ahead: Ahead | None


class Executions:
    """Executes operations. `services` is asked at every one: it is there once started."""

    def __init__(
        self,
        schema: Schema,
        *,
        admission: Admission,
        engine: Engine | None,
        services: Callable[[], Services],
        requests: Requests,
        now: Callable[[], datetime],
        introspection: bool,
        ahead: bool,
    ) -> None:
        """`engine` executes; without one, the library's own executor does.

        `ahead`: what a question read the last time is asked for as soon as it has to wait.
        """
        self._courses = Courses() if ahead else None
        self._schema = schema
        self._admission = admission
        self._engine = engine
        self._services = services
        self._requests = requests
        self._now = now
        self._introspection = introspection

    def attempt(self) -> Attempt:
        """One with all the time that an operation has."""
        return Attempt(self._requests.budget)

    def run(
        self, admitted: Admitted, asked: Asked, caller: Caller, attempt: Attempt, event: Any = None
    ) -> Awaitable[Outcome]:
        """What becomes of an operation, or of one event of a subscription."""
        if caller.known is GUEST:  # who is nobody to the audit log, and not watched
            return self._in_time(admitted, asked, caller, attempt, event)
        return self._on_behalf(admitted, asked, caller, attempt, event)

    def delivery(
        self,
        admitted: Admitted,
        asked: Asked,
        caller: Caller,
        to_the_end: Callable[[Coroutine[Any, Any, Begun]], Awaitable[Begun]],
    ) -> Delivery:
        """The answer to an operation that is deferring, in parts.

        What changes something is not given up half-way: `to_the_end` sees to that.
        """
        attempt = self.attempt()
        deadline = Deadline.after(attempt.within)
        context = self.context(admitted, caller, attempt)
        document = admitted.deferring or admitted.document
        request = Request(document, admitted.text, admitted.name, asked.variables, context)

        async def begin() -> Begun:
            try:
                async with asyncio.timeout_at(deadline.at):
                    if self._engine is not None:
                        return await self._engine.in_parts(request)
                    return await begun(core(self._schema), request)
            except (asyncio.CancelledError, TimeoutError):
                context.drop()
                raise

        async def changing() -> Begun:
            with acting(caller.known.actor):
                return await to_the_end(begin())

        changes = admitted.kind is OperationType.MUTATION
        return Delivery(
            changing if changes else begin,
            context,
            deadline=deadline,
            introspection=self._introspection,
            most=self._requests.max_answer,
        )

    def context(
        self, admitted: Admitted, caller: Caller, attempt: Attempt, ahead: Ahead | None = None
    ) -> Context:
        """The surroundings of one execution."""
        deadline = Deadline.after(attempt.within - self._requests.reserve)
        return Context(
            document=admitted.document,
            services=self._services(),
            inquiry=Inquiry(deadline, attempt.report, ahead),
            now=self._now(),
            principal=caller.known,
            accepted=caller.accepted,
            last_event=caller.last_event,
            seen=attempt.seen,
        )

    async def _on_behalf(
        self, admitted: Admitted, asked: Asked, caller: Caller, attempt: Attempt, event: Any
    ) -> Outcome:
        with acting(caller.known.actor), watched(caller.known) as seen:
            outcome = await self._in_time(admitted, asked, caller, attempt, event)
            if seen and not admitted.open_to & IMPERSONAL:
                return await self._noted(admitted, seen, outcome)
            return outcome

    async def _noted(self, admitted: Admitted, seen: set[str], outcome: Outcome) -> Outcome:
        """The outcome, once it is written who looked at whom."""
        fields = told(self._admission.personal(admitted))
        try:
            await self._services().looks.keep(seen, fields, now=self._now())
        except StoreUnavailable as silent:
            return refused(str(silent), "STORE_UNAVAILABLE", 503)
        return outcome

    async def _in_time(
        self, admitted: Admitted, asked: Asked, caller: Caller, attempt: Attempt, event: Any
    ) -> Outcome:
        one = self.prepared(admitted, asked, caller, attempt, event)
        try:
            done = await in_time(attempt.within.total_seconds(), self.going(one))
            if admitted.cost > WORTH_A_PAUSE:
                await asyncio.sleep(0)
            return self.outcome(one, done)
        except TimeoutError:
            return late()
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            return broken(bug)

    def prepared(
        self, admitted: Admitted, asked: Asked, caller: Caller, attempt: Attempt, event: Any = None
    ) -> Prepared:
        """All that an execution needs."""
        ahead = self._ahead(admitted, asked, caller)
        context = self.context(admitted, caller, attempt, ahead)
        name = admitted.name  # whether it was asked by that name or not
        document, key, again = admitted.document, admitted.text, asked.again
        request = Request(document, key, name, asked.variables, context, event, again)
        return Prepared(admitted, request, ahead)

    def going(self, one: Prepared) -> Coroutine[Any, Any, Executed]:
        """The execution."""
        if self._engine is None:
            return self._interpreted(one.admitted, one.request)
        return self._engine.execute(one.request)

    def outcome(self, one: Prepared, done: Executed) -> Outcome:
        """What became of it."""
        if one.ahead is not None:
            one.ahead.end()
        outcome = executed(
            done.data,
            done.errors,
            one.request.context,
            introspection=self._introspection,
            objects=done.objects,
        )
        return within(outcome, self._requests.max_answer)

    def _ahead(self, admitted: Admitted, asked: Asked, caller: Caller) -> Ahead | None:
        """What it will read, if others ask the same: what tells of a person is not remembered."""
        if self._courses is None or not of_nobody(admitted):
            return None
        return Ahead(self._courses, partial(_question, admitted, asked.variables, caller.accepted))

    async def _interpreted(self, admitted: Admitted, request: Request) -> Executed:
        """What the library's own executor gives."""
        if admitted.kind is OperationType.SUBSCRIPTION:
            return await interpreted(core(self._schema), request)
        result = await self._schema.execute(
            admitted.text,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            context_value=request.context,
        )
        if not isinstance(result, ExecutionResult):
            raise TypeError("the answer comes in parts, though its document was taken at once")
        errors: list[GraphQLError] = result.errors or []
        return Executed(result.data, errors)


def _question(
    admitted: Admitted, variables: Mapping[str, Any], accepted: tuple[Locale, ...]
) -> bytes:
    """What is asked, in short: the same for all who ask the same in the same languages."""
    asked = repr((hash_of(admitted.text), admitted.name, variables, accepted))
    return blake2b(asked.encode(errors="surrogatepass"), digest_size=KEY_SIZE).digest()
