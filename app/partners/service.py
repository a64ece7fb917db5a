"""Answers: who of the partners is asking, and how is it doing?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from app.events.following import Events
from app.partners import repository
from app.partners.following import ASSORTMENTS
from app.partners.model import PartnerUnknown, Standing
from app.partners.terms import Terms


@dataclass(frozen=True, slots=True)
class PartnerService:
    """Partners of the settings, by name."""

    events: Events
    partners: Mapping[str, Terms]

    def named(self, name: str) -> str:
        """The name, if it is that of a partner.

        Raises:
            PartnerUnknown: nobody decided what it sees.
        """
        if name not in self.partners:
            raise PartnerUnknown
        return name

    async def standing(self, name: str) -> Standing:
        """How a partner is doing."""
        return await self.events.store.read(partial(repository.standing, partner=self.named(name)))

    async def told_since(self, name: str, since: datetime) -> int:
        """How many events it was told since a time."""
        asked = partial(repository.told_since, partner=self.named(name), since=since)
        return await self.events.store.read(asked)

    async def acknowledge(self, name: str, cursor: str) -> Standing:
        """Keep that a partner has everything up to a cursor.

        Raises:
            CursorRefused: it is not of its assortment, or of another log.
        """
        partner, now = self.named(name), self.events.now()
        place = await self.events.place(ASSORTMENTS, cursor, entity=partner)
        await self.events.store.act(
            lambda work: repository.acknowledge(work.connection, partner, place.at, at=now),
            now=now,
        )
        return await self.standing(name)
