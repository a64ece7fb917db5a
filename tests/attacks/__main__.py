"""Prints what every attack costs over every transport."""

import asyncio
import logging
from time import thread_time

import structlog

from app.engine.gate import Gate
from tests.attacks.corpus import ATTACKS
from tests.attacks.measuring import measured
from tests.attacks.series import SERIES, Bomb, ample_gate, tried
from tests.attacks.served import Served, served_gateway
from tests.attacks.transports import TRANSPORTS

SHOWN = (10, 50, 100, 150, 200)


async def attacks(served: Served) -> None:
    print(f"{'attack':<40} {'transport':<10} {'CPU ms':>7} {'held ms':>8} {'lag ms':>7}  verdict")
    for attack in ATTACKS:
        for transport in TRANSPORTS:
            one = await measured(served, attack, transport, least=3)
            figures = f"{one.cpu * 1000:7.1f} {one.held * 1000:8.1f} {one.lag * 1000:7.1f}"
            print(f"{attack.name:<40} {transport:<10} {figures}  {one.answer}", flush=True)


def bombs() -> None:
    """How the time grows, beside the steps that the tests count."""
    gate = ample_gate()
    print(f"\n{'bomb of size':<28} " + " ".join(f"{size:>7}" for size in SHOWN) + "  CPU ms")
    for name, make in SERIES.items():
        times = (min(seconds(gate, make(size)) for _ in range(5)) for size in SHOWN)
        print(f"{name:<28} " + " ".join(f"{time * 1000:7.2f}" for time in times))


def seconds(gate: Gate, bomb: Bomb) -> float:
    started = thread_time()
    tried(gate, bomb)
    return thread_time() - started


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with served_gateway() as gateway:
        asyncio.run(attacks(gateway))
    bombs()
