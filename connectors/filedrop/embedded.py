"""Where does the desk run? In one process beside the gateway, that ends when we do."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from pydantic import SecretStr

from connectors.filedrop.settings import Settings
from connectors.kit.beside import beside


@asynccontextmanager
async def embedded(settings: Mapping[str, Settings]) -> AsyncIterator[Mapping[str, str]]:
    """Desks for these connections, on loopback; their addresses by connection.

    Files are read and written in that process, so that a large one keeps no question waiting. Each
    address holds a word that nobody can guess, as the desks are for us alone.

    Raises:
        MisconfiguredError: the process does not come up.
    """
    told = orjson.dumps({name: revealed(one) for name, one in settings.items()})
    async with beside("connectors.filedrop", told=told, called="the desk of filedrop") as found:
        yield found


def revealed(settings: Settings) -> Mapping[str, Any]:
    """The settings as they were given, secrets and all."""
    told = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        if isinstance(secret := getattr(settings, name), SecretStr):
            told[name] = secret.get_secret_value()
    return told
