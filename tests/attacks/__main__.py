"""Prints what every attack costs over every transport."""

import asyncio
import logging

import structlog

from tests.attacks.corpus import ATTACKS
from tests.attacks.measuring import measured
from tests.attacks.served import Served, served_gateway
from tests.attacks.transports import TRANSPORTS


async def table(served: Served) -> None:
    print(f"{'attack':<40} {'transport':<10} {'CPU ms':>7} {'held ms':>8} {'lag ms':>7}  verdict")
    for attack in ATTACKS:
        for transport in TRANSPORTS:
            one = await measured(served, attack, transport, least=3)
            figures = f"{one.cpu * 1000:7.1f} {one.held * 1000:8.1f} {one.lag * 1000:7.1f}"
            print(f"{attack.name:<40} {transport:<10} {figures}  {one.answer}", flush=True)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with served_gateway() as gateway:
        asyncio.run(table(gateway))
