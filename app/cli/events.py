"""`tessera events …`: the log of what happened."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.choosing import chosen, config_option
from app.store import StoreUnavailable, log, open_store


@click.group()
def events() -> None:
    """Look after the log of what happened."""


@events.command(name="new-epoch")
@config_option
def new_epoch(config: Path | None) -> None:
    """Begin another epoch, after a backup was restored: followers are told to begin anew."""
    url = chosen(config).store.address(os.environ)
    if url is None:
        raise click.UsageError("the embedded store forgets: set store.url to keep a log")

    async def run() -> None:
        async with open_store(url) as store:
            await store.act(log.begin_epoch, now=datetime.now(UTC))

    try:
        asyncio.run(run())
    except StoreUnavailable as error:
        raise click.ClickException("the store does not answer; nothing was changed") from error
    click.echo("The log is in another epoch: whoever follows is told to begin anew.")
