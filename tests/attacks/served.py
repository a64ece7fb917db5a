"""A gateway served in a thread of its own, to see what a request costs it and whom it holds up."""

import asyncio
import gc
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import thread_time
from typing import Any

from app import settings as config
from app.serving import look_less_for_garbage
from app.wire import http, websockets
from connectors.kit.serve import serve
from tests.attacks.wire import app_of
from tests.gateways import Retailer, gateway_over

TICK = 0.002  # seconds between two looks at the loop
ROUNDS = 100_000
QUIET = 0.0055  # seconds of CPU that so many rounds take where the limits were set


@dataclass
class Served:
    """A gateway behind a port. Its thread does nothing else, so the thread's time is its cost.

    `lag` is how late its loop was at worst, and `held` the most it worked without looking up, both
    in seconds; the latter does not depend on the machine's other guests.
    """

    url: str = ""
    lag: float = 0.0
    held: float = 0.0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    async def mark(self) -> float:
        """How slow the machine is now; worst cases are noted from now on."""
        return await self._there(self._mark())

    async def spent(self) -> float:
        """Seconds of CPU the gateway has taken so far."""
        return await self._there(self._spent())

    async def _there(self, work: Coroutine[Any, Any, float]) -> float:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def _mark(self) -> float:
        slow = slowness()
        await asyncio.sleep(2 * TICK)
        self.lag = self.held = 0.0
        return slow

    async def _spent(self) -> float:
        await asyncio.sleep(2 * TICK)
        return thread_time()

    async def watch(self) -> None:
        """Note how much later than asked this loop comes back to us, and how long it worked."""
        while True:
            due, before = self.loop.time() + TICK, thread_time()
            await asyncio.sleep(TICK)
            self.lag = max(self.lag, self.loop.time() - due)
            self.held = max(self.held, thread_time() - before)


def slowness() -> float:
    """How much longer this machine takes for the same work than a quiet one, at least once."""
    started = thread_time()
    sum(n * n for n in range(ROUNDS))
    return max(1.0, (thread_time() - started) / QUIET)


@contextmanager
def served_gateway(shop: Retailer | None = None, **sections: Any) -> Iterator[Served]:
    """Serve a gateway over a made-up retailer, as `tessera serve` does."""
    shop = Retailer() if shop is None else shop
    served, up, down = Served(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=_run, args=(served, up, down, shop, sections), daemon=True)
    thread.start()
    try:
        if not up.wait(timeout=30):
            raise TimeoutError("the gateway did not start")
        yield served
    finally:
        served.loop.call_soon_threadsafe(down.set)
        thread.join(timeout=30)


def _run(
    served: Served,
    up: threading.Event,
    down: asyncio.Event,
    shop: Retailer,
    sections: dict[str, Any],
) -> None:
    with asyncio.Runner(loop_factory=lambda: served.loop) as runner:
        runner.run(_serving(served, up, down, shop, sections))


async def _serving(
    served: Served,
    up: threading.Event,
    down: asyncio.Event,
    shop: Retailer,
    sections: dict[str, Any],
) -> None:
    requests = config.Requests.model_validate(sections.get("requests", {}))
    streams = config.Streams.model_validate(sections.get("streams", {}))
    options = http(requests) | websockets(streams)
    async with (
        gateway_over({"shop": shop}, **sections) as ask,
        serve(app_of(ask), lifespan="off", server_header=False, **options) as served.url,
    ):
        watching = asyncio.create_task(served.watch())
        with looking_less_for_garbage():
            up.set()
            await down.wait()
        watching.cancel()


@contextmanager
def looking_less_for_garbage() -> Iterator[None]:
    """As in a process that serves; others of this process look for it as before."""
    often = gc.get_threshold()
    look_less_for_garbage()
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
