"""What has changed for partners? Looked at now and then, compared with what they were told.

One process looks for each partner, under a lease. What nobody knows is told as unknown, and what
cannot be looked at now stays as it was told.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from secrets import token_hex

import structlog

from app.errors import GatewayError
from app.partners import events, repository
from app.partners.model import Item, Stock
from app.partners.terms import Terms
from app.store import Fact, Store, Work
from app.values import Sku

log = structlog.get_logger(__name__)
AT_ONCE = 200  # SKUs of one look and of one transaction
LEASES = 3  # looks that a lease lasts
Look = Callable[[Terms, Sequence[Sku]], Awaitable[Mapping[Sku, Stock]]]
Catalogue = Callable[[], AsyncIterator[Sequence[Sku]]]


@dataclass(frozen=True, slots=True)
class Watching:
    """Looks for all partners; `look` tells what there is of SKUs, `catalogue` which there are."""

    store: Store
    partners: Mapping[str, Terms]
    look: Look
    catalogue: Catalogue
    now: Callable[[], datetime]
    who: str = field(default_factory=lambda: token_hex(16))

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.gather(*(self._watched(name) for name in self.partners))

    async def _watched(self, name: str) -> None:
        every = self.partners[name].told.look_every.total_seconds()
        while True:
            try:
                await self.once(name)
            except GatewayError as error:
                log.warning("partners.not_looked", partner=name, kind=type(error).__name__)
            except Exception as bug:  # noqa: BLE001  the next look may succeed
                log.error("partners.bug", partner=name, kind=type(bug).__name__)  # noqa: TRY400
            await asyncio.sleep(every)

    async def once(self, name: str) -> bool:
        """Look at everything a partner sees, and tell what has changed; False: another does."""
        terms, now = self.partners[name].told, self.now()
        until = now + LEASES * terms.look_every
        lease = partial(repository.lease, partner=name, who=self.who, now=now, until=until)
        if not await self.store.act(lambda work: lease(work.connection), now=now):
            return False
        seen = set[Sku]()
        async for skus in self._seen(self.partners[name]):
            for some in _in_parts(skus):
                stock = await self.look(self.partners[name], some)
                await self.store.act(partial(told, partner=name, stock=stock), now=self.now())
                seen.update(some)
        await self.store.act(partial(over, partner=name, seen=seen), now=self.now())
        return True

    async def _seen(self, terms: Terms) -> AsyncIterator[Sequence[Sku]]:
        async for skus in self.catalogue():
            yield [sku for sku in skus if terms.sees(sku)]


def told(work: Work, partner: str, stock: Mapping[Sku, Stock]) -> None:
    """Keep and tell what is new of some SKUs; orders of the partner wait, or were waited for."""
    repository.lock(work.connection, partner)
    known = repository.items(work.connection, partner, skus=stock.keys())
    new = stock.keys() - known.keys()
    left = repository.left(work.connection, partner, new) if new else {}
    changed = []
    for sku, there in sorted(stock.items()):
        before = known.get(sku)
        if before is not None and before.stock == there:
            continue
        version = left.get(sku, 0) if before is None else before.version
        item = Item(sku=sku, stock=there, version=version + 1, changed_at=work.now)
        changed.append(item)
        work.tell(_news(before, item)(partner, item))
    repository.put(work.connection, partner, changed)


def _news(before: Item | None, item: Item) -> Callable[[str, Item], Fact]:
    if before is None:
        return events.entered
    same_price = before.stock.prices == item.stock.prices
    return events.changed if same_price else events.priced


def over(work: Work, partner: str, seen: set[Sku]) -> None:
    """Forget what was not seen, tell that it has left, and that everything was looked at."""
    repository.looked(work.connection, partner, at=work.now)  # first: orders lock it first, too
    known = repository.items(work.connection, partner)
    gone = {sku: known[sku].version + 1 for sku in sorted(known.keys() - seen)}
    for sku, version in gone.items():
        work.tell(events.left(partner, sku, version))
    if gone:
        repository.drop(work.connection, partner, gone)


def _in_parts(skus: Sequence[Sku]) -> list[Sequence[Sku]]:
    return [skus[at : at + AT_ONCE] for at in range(0, len(skus), AT_ONCE)]
