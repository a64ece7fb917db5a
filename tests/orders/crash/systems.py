"""The shop, the warehouse and the payment provider, in a process of their own that nobody kills.

Some of what they carry has so many pieces that can be sold, everything else none.
"""

import asyncio
import multiprocessing
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from app.availability.model import Spot
from app.values import LocationCode, Sku
from connectors.kit.faults import cuts_unlogged
from connectors.kit.serve import serve
from connectors.sandbox.faults import Fault, FaultyUpstream
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.clock import Shelf
from connectors.sandbox.retailer.places import DEPOT, WAREHOUSE
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.shop import DEPOT_BUFFER
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.specimen import SEED
from tests.orders.crash.sums import Books, books_of

CARRIERS = ("shop", "warehouse")
SYSTEMS = (*CARRIERS, "payments")
SHIPPED = 0.5  # of these moments
TROUBLE_EVERY = (0.05, 0.3)  # seconds
STRUCK = ("*", "*orders*", "*deliveries*", "/payments/*")  # paths
FOREVER = 10_000  # days until the next delivery

CONTEXT = multiprocessing.get_context("forkserver")  # forks what has imported everything
CONTEXT.set_forkserver_preload(["tests.orders.crash.servers", "tests.orders.crash.systems"])


@dataclass(frozen=True)
class Systems:
    """The other side of their process."""

    urls: Mapping[str, str]
    pid: int
    _pipe: Connection

    def calm(self) -> None:
        """From now on they work."""
        self._told("calm")

    def books(self) -> Books:
        """What they have taken and charged."""
        books: Books = self._told("books")
        return books

    def _told(self, word: str) -> Any:
        self._pipe.send(word)
        return self._pipe.recv()


def spots(count: int) -> list[Spot]:
    """So many things, or all there are, by turns at the shop and at the warehouse."""
    skus = assortment(SEED).skus
    places = (DEPOT, WAREHOUSE)
    return [
        Spot(Sku(sku), LocationCode(places[number % 2])) for number, sku in enumerate(skus[:count])
    ]


@contextmanager
def running(carried: Sequence[Spot], *, pieces: int, trouble: int | None) -> Iterator[Systems]:
    """They run, with so many pieces of each spot for sale; `trouble` is the seed of what fails."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_run, args=(theirs, carried, pieces, trouble), daemon=True)
    process.start()
    theirs.close()
    try:
        urls, pid = ours.recv()
        yield Systems(urls, pid, ours)
    finally:
        process.kill()
        process.join()
        ours.close()


def _run(pipe: Connection, carried: Sequence[Spot], pieces: int, trouble: int | None) -> None:
    _fill(carried, pieces)
    with cuts_unlogged():
        asyncio.run(_serve(pipe, trouble))


def _fill(carried: Sequence[Spot], pieces: int) -> None:
    """Shelves from which nothing is taken but by orders."""
    shelves, wanted = stock(SEED)._kept, set(carried)
    for sku in assortment(SEED).skus:
        for place, buffer in ((DEPOT, DEPOT_BUFFER), (WAREHOUSE, 0)):
            there = pieces if Spot(Sku(sku), LocationCode(place)) in wanted else 0
            level = there + buffer
            shelves[sku, place] = Shelf(key=(sku, place), level=level, days=FOREVER, pace=0)


async def _serve(pipe: Connection, trouble: int | None) -> None:
    systems: dict[str, FaultyUpstream] = {name: upstream(name, seed=SEED) for name in SYSTEMS}
    async with AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(serve(system)) for name, system in systems.items()
        }
        pipe.send((urls, os.getpid()))
        dice = random.Random(trouble)
        troubling = asyncio.ensure_future(_trouble(systems, dice)) if trouble is not None else None
        while True:
            word = await asyncio.to_thread(pipe.recv)
            if word == "calm" and troubling is not None:
                troubling.cancel()
                for system in systems.values():
                    system.mend()
            pipe.send(books_of(systems) if word == "books" else None)


def _ship(system: FaultyUpstream, dice: random.Random) -> None:
    """The goods of some order leave."""
    served: Any = system.served
    book = served.state.book
    going = [key for key, one in book.orders.items() if not (one.cancelled or one.completed)]
    if going:
        book.complete(dice.choice(going))


async def _trouble(systems: Mapping[str, FaultyUpstream], dice: random.Random) -> None:
    """Every moment one of them acts and its answer is lost, or fails before it acts.

    And now and then goods leave.
    """
    while True:
        await asyncio.sleep(dice.uniform(*TROUBLE_EVERY))
        if dice.random() < SHIPPED:
            _ship(systems[dice.choice(CARRIERS)], dice)
        kind: Any = dice.choice(["cut", "half", "fail"])
        fault = Fault(kind=kind, times=1, path=dice.choice(STRUCK))
        systems[dice.choice(SYSTEMS)].break_with(fault)
