"""Who tells the endpoints what happens, until each has taken everything, in order?

How far an endpoint is, is a cursor in the store, which moves on once a message was taken. Whoever
has the lease of an endpoint delivers, one message after another; a process that dies leaves the
cursor where it was, and the next one delivers again. Every change checks the fence of the lease.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from app.events.cursors import CursorRefused, Cursors, Place
from app.events.following import Events
from app.events.model import Event, Happened, Lost, Quiet, Topic
from app.settings import Begin, Webhook
from app.store import StoreUnavailable, Work
from app.store import log as facts
from app.store.rounds import Rounds
from app.webhooks import repository
from app.webhooks.book import WebhookBook
from app.webhooks.messages import STREAMS, Message, message_of, whose
from app.webhooks.repository import UNSEEN, Letter, Turn
from app.webhooks.sending import Sender, Sent

log = structlog.get_logger(__name__)
POLL = timedelta(seconds=1)
PAUSE = timedelta(milliseconds=20)  # between two looks, so that facts come in groups
SLACK = timedelta(seconds=10)  # that a lease lasts longer than a delivery
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
AT_ONCE = 100  # messages of one turn


def topic_of(endpoint: Webhook) -> Topic:
    """What an endpoint follows."""
    return STREAMS[endpoint.tells].topic(**whose(endpoint))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """Delivers to all endpoints. Any number may, in any number of processes."""

    events: Events
    senders: Mapping[str, Sender]
    book: WebhookBook = field(default_factory=WebhookBook)
    chance: Callable[[], float] = random.random
    _rounds: dict[str, Rounds] = field(default_factory=dict, init=False)

    def wake(self) -> None:
        """Something has happened."""
        for one in self._rounds.values():
            one.wake()

    async def run(self) -> None:
        """Deliver until cancelled; a store that does not answer is asked again."""
        await asyncio.gather(*(self._served(name) for name in self.senders))

    async def _served(self, name: str) -> None:
        rounds = self._rounds.setdefault(
            name, Rounds("webhooks", every=POLL, pause=PAUSE, endpoint=name)
        )
        await rounds.run(partial(self.once, name))

    async def once(self, name: str) -> bool:
        """Take the turn of an endpoint, if it is due; whether there may be more at once."""
        endpoint, now = self.senders[name].endpoint, self.events.now()
        last = await self.events.store.read(partial(self._looked, name=name, now=now))
        if last is None:
            return False
        until = now + endpoint.timeout + SLACK
        take = partial(_taken, name=name, endpoint=endpoint, until=until)
        turn = await self.events.store.act(take, now=now)
        if turn is None:
            return False
        try:
            return await self._delivered(turn, endpoint, last)
        except asyncio.CancelledError:  # let another process go on at once
            with suppress(StoreUnavailable):
                await self._put(turn, leased_until=None)
            raise

    async def _delivered(self, turn: Turn, endpoint: Webhook, last: int) -> bool:
        """Deliver what comes next; whether there may be more. The log ended at `last` before."""
        events = await self._next(turn, endpoint)
        for event in events:
            if not await self._over(turn, event):
                return False
        caught_up = len(events) == 1 and isinstance(events[0], Quiet)
        if caught_up:
            self.book.behind_since[turn.name] = None
        seen = last if caught_up else UNSEEN
        await self._put(turn, at=seen, leased_until=None)
        return seen == UNSEEN

    async def _next(self, turn: Turn, endpoint: Webhook) -> Sequence[Event[Any]]:
        page = partial(self.events.page, STREAMS[endpoint.tells], **whose(endpoint))
        try:
            return await page(after=turn.cursor, most=AT_ONCE)
        except CursorRefused:  # it was told another stream before
            log.warning("webhooks.anew", endpoint=turn.name)
            return await page(after=None)

    async def _over(self, turn: Turn, event: Event[Any]) -> bool:
        """Whether an event is behind us, so that the next one may be delivered."""
        sender = self.senders[turn.name]
        message = message_of(turn.name, sender.endpoint, event, now=self.events.now())
        if message is None:
            return await self._put(turn, cursor=event.cursor)
        if isinstance(event, Happened):
            self.book.behind_since[turn.name] = turn.failing_since or event.told.at
        sent = await sender.send(message)
        if isinstance(event, Lost):
            log.warning("webhooks.gap", endpoint=turn.name, code=str(event.code))
        if sent.reason is not None:
            await self._failed(turn, message, event.cursor, sent)
            return False
        now = self.events.now()
        self.book.sent[turn.name] += 1
        turn.attempts, turn.failing_since = 0, None
        return await self._put(
            turn,
            cursor=event.cursor,
            delivered_at=now,
            leased_until=now + sender.endpoint.timeout + SLACK,
            attempts=0,
            failing_since=None,
            reason=None,
        )

    async def _failed(self, turn: Turn, message: Message, cursor: str, sent: Sent) -> None:
        now, name = self.events.now(), turn.name
        log.warning("webhooks.refused", endpoint=name, message=message.id, reason=sent.reason)
        self.book.failed[name, sent.reason or ""] += 1
        since = turn.failing_since or now
        terms = self.senders[name].endpoint
        change: dict[str, Any] = {"reason": sent.reason, "leased_until": None, "at": UNSEEN}
        letter = None
        if sent.gone:
            change |= {"disabled_at": now}
        elif now - since >= terms.retry_for:
            letter = Letter(message, sent.reason or "", now)
            self.book.dead[name] += 1
            change |= {"cursor": cursor, "attempts": 0, "failing_since": None, "due_at": now}
        else:
            wait = min(FIRST_WAIT * 2 ** min(turn.attempts, 16), LONGEST_WAIT)
            wait *= 0.5 + self.chance() / 2
            wait = wait if sent.again is None else sent.again  # it knows better
            change |= {"attempts": turn.attempts + 1, "failing_since": since, "due_at": now + wait}
        failed = partial(_failed, turn=turn, change=change, letter=letter)
        await self.events.store.act(failed, now=now)

    async def _put(self, turn: Turn, **values: Any) -> bool:
        def put(work: Work) -> bool:
            return repository.put(work.connection, turn, **values)

        return await self.events.store.act(put, now=self.events.now())

    def _looked(self, connection: Connection, name: str, now: datetime) -> int | None:
        """The end of the log, if an endpoint may be told something; how it stands is noted."""
        last = facts.head(connection).last
        new = not repository.known(connection, name)
        standing = repository.standing(connection, name)
        self.book.disabled[name] = standing.disabled_at is not None
        if repository.is_at(connection, name, last):
            self.book.behind_since[name] = None
        elif standing.failing_since is not None:
            self.book.behind_since[name] = standing.failing_since
        return last if new or repository.due(connection, name, now, last) else None


def _taken(work: Work, name: str, endpoint: Webhook, until: datetime) -> Turn | None:
    if not repository.known(work.connection, name):
        begin = None if endpoint.begin is Begin.ALL else _at_the_end(work.connection, endpoint)
        repository.add(work.connection, name, begin, work.now)
    return repository.take(work.connection, name, work.now, until)


def _at_the_end(connection: Connection, endpoint: Webhook) -> str:
    """The cursor of whoever is told what happens from now on."""
    topic, head = topic_of(endpoint), facts.head(connection)
    last = facts.last_of(connection, topic.kinds, entity=topic.entity, party=topic.party)
    return Cursors(head.epoch, topic).written(Place(head.last, last))


def _failed(work: Work, turn: Turn, change: Mapping[str, Any], letter: Letter | None) -> None:
    if repository.put(work.connection, turn, **change) and letter is not None:
        repository.give_up(work.connection, turn.name, letter)
