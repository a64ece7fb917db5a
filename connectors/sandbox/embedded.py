"""How do the retailer's systems run beside the gateway? In one process that ends when we do."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import orjson

from connectors.kit.beside import beside
from connectors.sandbox import state
from connectors.sandbox.settings import Settings


@asynccontextmanager
async def embedded(settings: Mapping[str, Settings]) -> AsyncIterator[Mapping[str, str]]:
    """The systems of these connections, served on loopback; their addresses by connection.

    Raises:
        MisconfiguredError: the process does not come up.
    """
    asked = {name: {"system": one.system, "seed": one.seed} for name, one in settings.items()}
    what = orjson.dumps(asked).decode()
    async with beside("connectors.sandbox", what, called="the sandbox") as addresses:
        running = {
            name: state.Running(system=settings[name].system, url=url)
            for name, url in addresses.items()
        }
        with state.published(running):
            yield addresses
