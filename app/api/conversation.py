"""What is said on one socket (graphql-transport-ws), from the handshake to the close frame?

One task reads, one writes what could not be sent at once, one keeps the socket alive, one waits for
the process to end, and each operation has its own. Whatever ends the socket, it ends all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiolimiter import AsyncLimiter
from msgspec import structs
from starlette.types import Receive, Send

from app.api import socket_messages as messages
from app.api.asking import Asked
from app.api.callers import Caller, Identify, authorization_in
from app.api.errors import masked, request_error
from app.api.lasting import SOCKET, CrowdedError, Lasting, Place
from app.api.operations import Operations
from app.api.outcomes import Fate, Outcome
from app.api.socket_messages import (
    LONGEST_REASON,
    CloseError,
    Complete,
    Init,
    Message,
    Ping,
    Subscribe,
)
from app.api.socket_outbox import Outbox
from app.engine.steps import begun
from app.principals.refusals import CredentialRefused, KeysUnavailable
from app.settings import Streams

Sleep = Callable[[float], Awaitable[None]]
RECHECK_EVERY = 5.0  # seconds
BEGUN = frozenset({Fate.EXECUTED, Fate.LATE, Fate.BROKEN})  # told by `next`, all else by `error`


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for every socket."""

    operations: Operations
    lasting: Lasting
    streams: Streams
    identify: Identify
    now: Callable[[], datetime]
    sleep: Sleep = asyncio.sleep


class Conversation:
    """The protocol over one socket that is open; `asked` counts its operations."""

    def __init__(
        self, terms: Terms, caller: Caller, place: Place, receive: Receive, send: Send
    ) -> None:
        streams = terms.streams
        self.asked = 0
        self._terms = terms
        self._caller = caller
        self._place = place
        self._receive = receive
        self._send = send
        self._outbox = Outbox(streams.queue, streams.queue_bytes)
        self._begun: Awaitable[None] | None = None  # sending what is next in there
        self._patience = streams.patience.total_seconds()
        self._rate = AsyncLimiter(streams.burst, streams.burst / streams.operations_per_second)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._streaming: set[str] = set()
        self._resumable: str | None = None  # the first operation that told a cursor
        self._one_resumable = True
        self._tasks: set[asyncio.Task[None]] = set()
        self._introduced = self._acknowledged = self._leaving = False
        self._heard = True
        self._ended: asyncio.Future[CloseError] = asyncio.get_running_loop().create_future()

    async def held(self) -> CloseError:
        """Hold it; how it ended."""
        for work in (self._reading(), self._writing(), self._keeping(), self._departing()):
            self._start(work)
        try:
            return await self._ended
        finally:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that ends the socket when it fails."""
        try:
            await work
        except CloseError as end:
            self._end(end)
        except CrowdedError as crowded:
            self._end(CloseError(1013, str(crowded)))
        except Exception as bug:  # noqa: BLE001  the last resort: a bug is told like any other
            masked(bug)
            self._end(CloseError(4500, "Internal server error"))

    def _end(self, end: CloseError) -> None:
        if not self._ended.done():
            self._ended.set_result(end)

    async def _reading(self) -> None:
        while True:
            frame = await self._receive()
            if frame["type"] == "websocket.disconnect":
                raise CloseError(frame.get("code") or 1005, ours=False)
            self._heard = True
            await self._met(messages.parsed(frame, self._terms.streams.max_message))
            await asyncio.sleep(0)  # many messages may be there already: others have their turn

    async def _writing(self) -> None:
        while True:
            message = await self._outbox.take()
            rest, self._begun = self._begun, None
            try:
                await (rest or self._sending(message))
            except OSError as gone:  # as ASGI has it since 2.4
                raise CloseError(1006, ours=False) from gone

    async def _keeping(self) -> None:
        """Wait for the introduction, then ask now and then whether the client is there."""
        streams = self._terms.streams
        await self._terms.sleep(streams.init_within.total_seconds())
        if not self._introduced:
            raise CloseError(4408, "Connection initialisation timeout")
        while True:
            await self._terms.sleep(streams.ping_every.total_seconds())
            if not self._heard:
                raise CloseError(4499, "No pong")
            self._heard = False
            await self._put(messages.ping())

    async def _departing(self) -> None:
        """When the process ends: streams stop, what has one answer gets it."""
        await self._terms.lasting.leaving.wait()
        if (moment := self._terms.lasting.moment()) > 0:
            await self._terms.sleep(moment)
        self._leaving = True
        for id_ in list(self._streaming):
            self._stop(id_)
        if self._running:
            await asyncio.wait(list(self._running.values()))
        await self._outbox.sent()
        raise CloseError(1001, self._with_place("Going away"))

    async def _met(self, message: Message) -> None:
        match message:
            case Init():
                await self._greet(message)
            case Ping():
                await self._put(messages.pong(message.payload))
            case Subscribe():
                await self._begin(message)
            case Complete():
                self._stop(message.id)

    async def _greet(self, message: Init) -> None:
        if self._introduced:
            raise CloseError(4429, "Too many initialisation requests")
        self._introduced = True
        introduced = structs.replace(self._caller, introduction=message.payload)
        self._caller = await self._known(introduced)
        self._place.move(self._caller.principal)
        self._acknowledged = True
        await self._put(messages.ack())
        if (until := self._caller.known.expires_at) is not None:
            self._start(self._expiring((until - self._terms.now()).total_seconds()))
            self._start(self._rechecking())

    async def _known(self, caller: Caller) -> Caller:
        """The caller with who it is, by the word of its introduction, else of its handshake."""
        proof = authorization_in(caller.introduction) or caller.authorization
        if proof is None:
            return caller
        try:
            return structs.replace(caller, known=await self._terms.identify(proof))
        except CredentialRefused as refusal:
            taken_back = ": the credentials were taken back" if self._acknowledged else ""
            raise CloseError(4403, f"Forbidden{taken_back}") from refusal
        except KeysUnavailable as refusal:
            if self._acknowledged:
                return caller  # that nobody can say so now takes nothing back
            raise CloseError(1013, "Try again later") from refusal

    async def _rechecking(self) -> None:
        """What opened the socket may be taken back while it is open."""
        while True:
            await self._terms.sleep(RECHECK_EVERY)
            await self._known(self._caller)

    async def _expiring(self, seconds: float) -> None:
        """Reference clients connect again, with a new token, after this code."""
        await self._terms.sleep(seconds)
        raise CloseError(4403, "Forbidden: the credentials have expired")

    async def _begin(self, message: Subscribe) -> None:
        if not self._acknowledged:
            raise CloseError(4401, "Unauthorized")
        if message.id in self._running:
            raise CloseError(4409, f"Subscriber for {message.id} already exists")
        if not self._rate.has_capacity():
            raise CloseError(4429, "Too many operations")
        await self._rate.acquire()
        if self._leaving:
            return  # the client asks again where it goes next
        most = self._terms.streams.max_operations
        if len(self._running) >= most:
            text = f"{most} operations are running on this socket: complete one first."
            refusal = request_error(text, "TOO_MANY_OPERATIONS")
            await self._put(messages.error(message.id, [refusal]))
        elif isinstance(message.question, Outcome):
            await self._put(messages.error(message.id, message.question.errors))
        else:
            self.asked += 1
            self._terms.lasting.operations[SOCKET] += 1
            task = self._start(self._answering(message.id, message.question))
            self._running[message.id] = task

    def _stop(self, id_: str) -> None:
        """What was told of it before is on its way; nothing more is."""
        self._streaming.discard(id_)
        if (task := self._running.pop(id_, None)) is not None:
            task.cancel()

    async def _answering(self, id_: str, question: Asked) -> None:
        answers = await self._terms.operations.answers(question, self._caller)
        if isinstance(answers, Outcome):
            if await self._tell(id_, answers):
                await self._finish(id_, messages.complete(id_))
            return
        if self._leaving:
            return  # as above: it was admitted meanwhile
        self._streaming.add(id_)
        async with aclosing(answers):
            async for outcome in answers:
                if not await self._tell(id_, outcome):
                    return
        await self._finish(id_, messages.complete(id_))

    async def _tell(self, id_: str, outcome: Outcome) -> bool:
        """Tell an answer; false when none may follow it."""
        if self._running.get(id_) is not asyncio.current_task():
            return False  # stopped, whatever caught its cancellation
        self._terms.lasting.answers[SOCKET] += 1
        if outcome.fate in BEGUN:
            if outcome.cursor is not None:
                self._resumable = self._resumable or id_
                self._one_resumable &= id_ == self._resumable
            await self._put(messages.next_answer(id_, outcome), outcome.cursor)
            return True
        await self._finish(id_, messages.error(id_, outcome.errors))
        return False

    async def _finish(self, id_: str, last: bytes) -> None:
        """The client may use the id again as soon as it has the last word."""
        self._streaming.discard(id_)
        self._running.pop(id_, None)
        await self._put(last)

    async def _put(self, message: bytes, cursor: str | None = None) -> None:
        if self._outbox.idle and self._sent_at_once(message):
            self._outbox.passed(cursor)
            return
        try:
            await self._outbox.put(message, self._patience, cursor)
        except TimeoutError as slow:
            reason = self._with_place("Too slow: too many messages wait to be read")
            raise CloseError(1013, reason) from slow

    def _sent_at_once(self, message: bytes) -> bool:
        """Send, if that takes no waiting; else the rest of it is left to who writes."""
        try:
            self._begun = begun(self._sending(message))
        except OSError as gone:
            raise CloseError(1006, ours=False) from gone
        return self._begun is None

    async def _sending(self, message: bytes) -> None:
        await self._send({"type": "websocket.send", "text": message.decode()})

    def _with_place(self, reason: str) -> str:
        """With the last cursor that was sent, where it is clear which stream it is of."""
        cursor = self._outbox.cursor if self._one_resumable else None
        told = f"{reason}; cursor={cursor}"
        return reason if cursor is None or len(told.encode()) > LONGEST_REASON else told
