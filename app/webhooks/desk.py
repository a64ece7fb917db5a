"""What may an operator do about endpoints? Look, go back, give letters again, and enable."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from app.errors import InvalidInputError
from app.events.following import Events
from app.settings import Webhook, unknown
from app.store import Work
from app.webhooks import repository
from app.webhooks.messages import STREAMS, whose
from app.webhooks.repository import Letter, Standing
from app.webhooks.sending import Sender


@dataclass(frozen=True, slots=True)
class WebhookDesk:
    """Endpoints of the settings, by name."""

    events: Events
    endpoints: Mapping[str, Webhook]

    async def standing(self, name: str) -> Standing:
        """How one is doing."""
        self._known(name)
        return await self.events.store.read(partial(repository.standing, name=name))

    async def letters(self, name: str) -> list[Letter]:
        """What it did not take, the oldest first."""
        self._known(name)
        return list(await self.events.store.read(partial(repository.letters, name=name)))

    async def replay(self, name: str, cursor: str) -> None:
        """Deliver everything after a cursor again, with the ids it had.

        Raises:
            CursorRefused: it is not of the stream that the endpoint is told.
        """
        endpoint, now = self._known(name), self.events.now()
        await self.events.place(STREAMS[endpoint.tells], cursor, **whose(endpoint))

        def change(work: Work) -> None:
            repository.add(work.connection, name, cursor, now)
            repository.reset(work.connection, name, now, cursor=cursor)

        await self.events.store.act(change, now=now)

    async def enable(self, name: str) -> None:
        """Deliver to one again that said it was gone; it goes on where it was."""
        self._known(name)
        now = self.events.now()
        await self.events.store.act(
            lambda work: repository.reset(work.connection, name, now, disabled_at=None), now=now
        )

    async def redeliver(self, name: str, sender: Sender) -> tuple[int, Letter | None]:
        """Deliver letters, the oldest first, up to one that is not taken: how many, and that."""
        delivered = 0
        for letter in await self.letters(name):
            if (await sender.send(letter.message)).reason is not None:
                return delivered, letter
            taken = partial(_taken, name=name, id_=letter.message.id)
            await self.events.store.act(taken, now=self.events.now())
            delivered += 1
        return delivered, None

    def _known(self, name: str) -> Webhook:
        if name not in self.endpoints:
            raise InvalidInputError(
                unknown(name, self.endpoints, what="webhook").capitalize(), argument="name"
            )
        return self.endpoints[name]


def _taken(work: Work, name: str, id_: str) -> None:
    repository.taken_after_all(work.connection, name, id_)
