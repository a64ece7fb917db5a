"""What does a command do with the store that the settings name?"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from app.errors import InvalidInputError
from app.settings import Settings
from app.store import Store, StoreUnavailable, open_store

T = TypeVar("T")


def stored(settings: Settings, work: Callable[[Store], Awaitable[T]], *, keep: str) -> T:
    """What comes of some work; `keep` says what the embedded store would forget.

    Raises:
        click.UsageError: there is no other store, or what was asked for cannot be.
        click.ClickException: the store does not answer.
    """
    url = settings.store.address(os.environ)
    if url is None:
        raise click.UsageError(f"the embedded store forgets: set store.url to keep {keep}")

    async def run() -> T:
        async with open_store(url) as store:
            return await work(store)

    try:
        return asyncio.run(run())
    except InvalidInputError as error:
        raise click.UsageError(str(error)) from error
    except StoreUnavailable as error:
        raise click.ClickException("the store does not answer; ask again") from error
