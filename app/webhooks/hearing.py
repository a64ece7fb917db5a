"""Who hears what systems outside send, and sees that it is read anew what they tell of?

A message is kept before it is answered. Whoever takes its lease hands it on; a process that dies
meanwhile has another do it again, which does no harm: a hint only says that something is old.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from app.ports import WebhookRefused, WebhookRequest, WebhookScheme
from app.settings import Hearing
from app.store import Store, StoreUnavailable
from app.store.rounds import Rounds
from app.webhooks import inbox
from app.webhooks.book import WebhookBook
from app.webhooks.inbox import Heard
from app.webhooks.schemes import scheme_of

log = structlog.get_logger(__name__)
MOST = 50  # messages taken at once
LEASE = timedelta(seconds=30)
POLL = timedelta(seconds=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=5)
NOBODY = "none"  # names that nobody knows are their senders' words, and are not counted apart
HandOn = Callable[[str, bytes], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class WebhookHearing:
    """Hears for all connections. Any number may hand on, in any number of processes."""

    store: Store
    terms: Mapping[str, Hearing]
    schemes: Mapping[str, WebhookScheme]
    now: Callable[[], datetime]
    book: WebhookBook = field(default_factory=WebhookBook)
    rounds: Rounds = field(default_factory=partial(Rounds, "hearing", every=POLL))

    @classmethod
    def of(
        cls,
        store: Store,
        terms: Mapping[str, Hearing],
        environ: Mapping[str, str],
        now: Callable[[], datetime],
        book: WebhookBook | None = None,
    ) -> "WebhookHearing":
        """As the settings say.

        Raises:
            MisconfiguredError: a secret is not where they say, or is none.
        """
        schemes = {name: scheme_of(name, one, environ) for name, one in terms.items()}
        return cls(store=store, terms=terms, schemes=schemes, now=now, book=book or WebhookBook())

    async def hear(self, connection: str, request: WebhookRequest) -> None:
        """Keep a message, once.

        Raises:
            WebhookRefused: nobody knows the connection, or it is not the sender.
            StoreUnavailable: it is not known to be kept.
        """
        scheme, now = self.schemes.get(connection), self.now()
        if scheme is None:
            self.book.heard[NOBODY, "UNKNOWN_CONNECTION"] += 1
            raise WebhookRefused
        try:
            id_ = scheme(request, now=now)
        except WebhookRefused:
            self.book.heard[connection, "NOT_SIGNED"] += 1
            raise
        keep = partial(
            inbox.keep,
            connection=connection,
            id_=id_,
            body=request.body,
            remember=self.terms[connection].remember,
        )
        try:
            new = await self.store.act(keep, now=now)
        except StoreUnavailable:
            self.book.heard[connection, "STORE_SILENT"] += 1
            raise
        self.book.heard[connection, "TAKEN" if new else "DUPLICATE"] += 1
        if new:
            self.rounds.wake()

    async def run(self, hand_on: HandOn) -> None:
        """Hand on until cancelled; a store that does not answer is asked again."""

        async def once() -> bool:
            return await self.round(hand_on) >= MOST

        if self.terms:
            await self.rounds.run(once)

    async def round(self, hand_on: HandOn) -> int:
        """Hand on what is due; how many messages that was."""
        now = self.now()
        if not await self.store.read(partial(inbox.any_due, now=now)):
            return 0
        take = partial(inbox.take, until=now + LEASE, most=MOST)
        taken = await self.store.act(take, now=now)
        for heard in taken:
            await self._handed(heard, hand_on)
        return len(taken)

    async def _handed(self, heard: Heard, hand_on: HandOn) -> None:
        try:
            await hand_on(heard.connection, heard.body)
        except Exception as bug:  # noqa: BLE001  one message must not stop the others
            kind = type(bug).__name__
            log.error("hearing.failed", connection=heard.connection, kind=kind)  # noqa: TRY400  as above
            again = self.now() + min(FIRST_WAIT * 2 ** min(heard.attempts, 16), LONGEST_WAIT)
            failed = partial(inbox.failed, heard=heard, again=again)
            await self.store.act(failed, now=self.now())
            return
        await self.store.act(partial(inbox.done, heard=heard), now=self.now())
