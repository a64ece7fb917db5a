"""`tessera events …`: the log of what happened."""

from datetime import UTC, datetime
from pathlib import Path

import click

from app.cli.choosing import chosen, config_option
from app.cli.storing import stored
from app.store import Store, log


@click.group()
def events() -> None:
    """Look after the log of what happened."""


@events.command(name="new-epoch")
@config_option
def new_epoch(config: Path | None) -> None:
    """Begin another epoch, after a backup was restored: followers are told to begin anew."""

    async def begin(store: Store) -> None:
        await store.act(log.begin_epoch, now=datetime.now(UTC))

    stored(chosen(config), begin, keep="a log")
    click.echo("The log is in another epoch: whoever follows is told to begin anew.")
