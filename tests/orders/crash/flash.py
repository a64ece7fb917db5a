"""Are the last pieces sold exactly? A dozen buyers want each thing at once, and there are two.

Two gateway processes, nobody is killed, cards and upstreams are in order: so whoever gets a piece
must get an order, everybody else has to be told that there is none left, and nobody waits.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import aiohttp

from app.availability.model import Spot
from app.store import open_store
from app.store.opening import upgrade
from tests.orders.crash import systems
from tests.orders.crash.buyers import Buyers
from tests.orders.crash.run import PATIENCE, SETTLED_WITHIN, settled
from tests.orders.crash.servers import document, serving
from tests.orders.crash.sums import Sums, added_up

PIECES = 2
BUYERS = 12  # of each thing
AT_ONCE = 2  # things
SLOW = 5  # seconds for an upstream: no card is refused because the machine is busy
BOUGHT = {"PLACED", "SOURCED"}


@dataclass
class Sale:
    """What came of it."""

    things: int
    buyers: Buyers
    settled_after: float
    sums: Sums

    @property
    def answers(self) -> Counter[str]:
        """How many buyers were told what."""
        states = (told.state for told in self.buyers.told.values())
        return Counter("BOUGHT" if state in BOUGHT else state for state in states)

    @property
    def violations(self) -> list[str]:
        """Empty when everything is sold, once."""
        wrong = list(self.sums.violations)
        sold: Counter[str] = Counter(
            key.split("-")[0] for key, told in self.buyers.told.items() if told.state in BOUGHT
        )
        wrong += [
            f"{pieces} of thing {thing} were sold, and not {PIECES}"
            for thing in range(self.things)
            if (pieces := sold[str(thing)]) != PIECES
        ]
        if self.settled_after > SETTLED_WITHIN:
            wrong.append(f"settled after {self.settled_after:.1f} s")
        return wrong


async def flash_sale(url: str, *, things: int, seed: int = 7) -> Sale:
    """Sell so many things."""
    await upgrade(url)
    carried = systems.spots(things)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(url, patience=PATIENCE))
        running = stack.enter_context(systems.running(carried, pieces=PIECES, trouble=None))
        servers = stack.enter_context(serving(document(url, running.urls, SLOW)))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        dice = random.Random(seed)
        buyers = Buyers(
            http, servers.addresses, dice, twice=0.0, patience=6.0 * SLOW, token="tok_ok"
        )
        await _sold(buyers, carried)
        settled_after = await settled(store)
        sums = await store.read(partial(added_up, books=running.books(), on_hand=PIECES))
        sums.acknowledged(buyers.told)
        return Sale(things, buyers, settled_after, sums)


async def _sold(buyers: Buyers, carried: Sequence[Spot]) -> None:
    waiting = list(enumerate(carried))[::-1]

    async def crowds() -> None:
        while waiting:
            await _crowd(buyers, *waiting.pop())

    await asyncio.gather(*(crowds() for _ in range(AT_ONCE)))


async def _crowd(buyers: Buyers, thing: int, spot: Spot) -> None:
    """All of them have a cart before anybody goes on."""
    ready = asyncio.Barrier(BUYERS)
    buying = (buyers.buy(f"{thing}-{one:04}", [spot.sku], ready.wait) for one in range(BUYERS))
    await asyncio.gather(*buying)
