"""Do orders survive the deaths of the gateways that place them?

Two gateway processes over one database are killed again and again, each at any moment, and started
anew. Cards decline and lose answers, upstreams lose answers after they have acted. Buyers fill
carts, have them held and buy them over HTTP, and ask again with their key until they get a definite
answer. Afterwards everything must add up.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

import aiohttp
from sqlalchemy import Connection, func, select

from app.availability.model import Spot
from app.orders.model import HandingState, OrderState
from app.orders.tables import handings, orders
from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import Sku
from tests.orders.crash import systems
from tests.orders.crash.buyers import Buyers
from tests.orders.crash.servers import Servers, document, serving
from tests.orders.crash.sums import CARRIED, Books, Sums, added_up

ON_HAND = 2  # of everything, so that the last pieces are fought for
FLASH = 12  # buyers of the same thing
CLIENTS = 12
BETWEEN = (0.1, 0.6)  # seconds between two kills
MOST = 3  # times as many kills as were asked for, while there are buyers; and as many keys
SETTLED_WITHIN = 10.0  # seconds
FOLLOWED_WITHIN = 30.0  # seconds, after which what is not known counts as wrong
PATIENCE = timedelta(seconds=30)  # for a connection of ours to the database


@dataclass
class Outcome:
    """What came of a run."""

    kills: int
    keys: int
    buyers: Buyers
    settled_after: float
    sums: Sums

    @property
    def answers(self) -> Counter[str]:
        """How many buyers were told what."""
        return Counter(told.state for told in self.buyers.told.values())

    @property
    def violations(self) -> list[str]:
        """Empty when everything adds up."""
        late = [f"settled after {self.settled_after:.1f} s"] * (self.settled_after > SETTLED_WITHIN)
        return [*self.sums.violations, *late]


async def crash(
    url: str, *, kills: int, keys: int, seed: int = 7, sourced: int = 0, completed: int = 0
) -> Outcome:
    """Run until there were so many keys and so many orders that came so far, with so many kills.

    There are more kills while there are buyers, and more keys while too few orders are sourced or
    completed, but not for ever: on a busy machine nothing might live long enough to answer.
    """
    await upgrade(url)
    dice = random.Random(seed)
    carried = systems.spots(2 * keys)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(url, patience=PATIENCE))
        running = stack.enter_context(systems.running(carried, pieces=ON_HAND, trouble=seed))
        settings = document(url, running.urls) | {"orders": {"follow_every": "PT1S"}}
        servers = stack.enter_context(serving(settings, seed=seed))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        buyers = Buyers(http, servers.addresses, dice)
        enough = partial(_enough, store, sourced, completed)
        await _killed_while(_bought(buyers, carried, keys, enough), servers, kills)
        running.calm()
        settled_after = await settled(store)
        books = running.books()
        await _followed(store, books)
        sums = await store.read(partial(added_up, books=books, on_hand=ON_HAND))
        sums.acknowledged(buyers.told)
        return Outcome(servers.kills, len(buyers.told), buyers, settled_after, sums)


async def _killed_while(buying: Coroutine[Any, Any, None], servers: Servers, kills: int) -> None:
    asking = asyncio.ensure_future(buying)
    while servers.kills < kills or not (asking.done() or servers.kills >= MOST * kills):
        await asyncio.sleep(servers.dice.uniform(*BETWEEN))
        await asyncio.to_thread(servers.kill_one)
    await asking


async def _bought(
    buyers: Buyers, carried: Sequence[Spot], keys: int, enough: Callable[[], Awaitable[bool]]
) -> None:
    waiting = iter(range(MOST * keys))

    async def client() -> None:
        for number in waiting:
            if number >= keys and await enough():
                return
            await buyers.buy(f"{number:05}", _wanted(carried, number))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def _followed(store: Store, books: Books) -> None:
    """Wait until all that has left is known here, if it ever is."""
    left = sum(one.completed is not None for book in books.orders.values() for one in book.values())
    question = (
        select(func.count()).select_from(handings).where(handings.c.state == HandingState.COMPLETED)
    )
    until = monotonic() + FOLLOWED_WITHIN
    while monotonic() < until:
        if await store.read(lambda connection: connection.execute(question).scalar_one()) == left:
            return
        await asyncio.sleep(0.05)


async def _enough(store: Store, sourced: int, completed: int) -> bool:
    """Whether so many orders are sourced by now, or further, and so many of them completed."""
    question = select(orders.c.state).where(orders.c.state.in_(sorted(CARRIED)))
    far = await store.read(lambda connection: connection.execute(question).scalars().all())
    return len(far) >= sourced and far.count(OrderState.COMPLETED) >= completed


def _wanted(carried: Sequence[Spot], number: int) -> list[Sku]:
    """Every third buyer is one of the dozen who want the same; some want two things."""
    flash = number % 3 == 0
    first = carried[number // (3 * FLASH) if flash else len(carried) // 4 + number // 2]
    second = carried[-1 - number // 2]
    alone = flash or number % 5 or first == second
    return [first.sku] if alone else [first.sku, second.sku]


async def settled(store: Store) -> float:
    """Seconds until nothing is left to do, while nobody is killed any more."""
    begun = monotonic()

    def left(connection: Connection) -> int:
        question = select(func.count()).select_from(orders).where(orders.c.due_at.is_not(None))
        return int(connection.execute(question).scalar_one())

    while await store.read(left):
        if (passed := monotonic() - begun) > SETTLED_WITHIN * 3:
            return passed
        await asyncio.sleep(0.05)
    return monotonic() - begun
