"""`tessera cache …`: say that something is out of date, to every process that serves."""

import asyncio
import os
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import click

from app.cli.choosing import chosen, config_option
from app.engine.budget import Patience, SharedRedis, SilentRedis
from app.engine.caching.shared import publish
from app.errors import MisconfiguredError
from app.main import shared_redis

A_PERSON_WAITS = timedelta(seconds=5)


@click.group(name="cache")
def cache() -> None:
    """Look after what is kept."""


@cache.command(name="purge")
@config_option
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
def purge(config: Path | None, tags: tuple[str, ...]) -> None:
    """Let nobody be told what is kept of TAG.

    Product:ID, ProductVariant:SKU, Location:CODE, or the name of a type for all of them.
    """
    shared = shared_redis(chosen(config), os.environ)
    if shared is None:
        raise MisconfiguredError("redis: is missing; processes hear of a purge through Redis")
    asyncio.run(_purge(shared, frozenset(tags)))
    click.echo(f"Told: {', '.join(sorted(set(tags)))}.")


async def _purge(shared: SharedRedis, tags: frozenset[str]) -> None:
    shared.patience = Patience(within=A_PERSON_WAITS)
    async with aclosing(shared):
        try:
            await shared.ask(lambda client: publish(client, tags))
        except SilentRedis as error:
            raise click.ClickException("Redis does not answer; nobody was told") from error
