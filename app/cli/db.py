"""`tessera db …`: bring the tables of the store to this version, and say how they stand."""

import asyncio
import os
import sys
from pathlib import Path

import click

from app.cli.choosing import chosen, config_option
from app.store import StoreUnavailable
from app.store.opening import newest, standing_at, upgrade


@click.group()
def db() -> None:
    """Look after the store's tables."""


@db.command(name="upgrade")
@config_option
def db_upgrade(config: Path | None) -> None:
    """Bring the tables to this version; there is no way back but a backup."""
    url = _address(config)
    try:
        asyncio.run(upgrade(url))
    except StoreUnavailable as error:
        raise click.ClickException("the store does not answer; nothing was changed") from error
    click.echo(f"The store is at revision {newest()}.")


@db.command(name="status")
@config_option
def db_status(config: Path | None) -> None:
    """Say how the tables stand; 1 when they are not of this version."""
    try:
        found = asyncio.run(standing_at(_address(config)))
    except StoreUnavailable as error:
        raise click.ClickException("the store does not answer") from error
    if found == newest():
        click.echo(f"The store is at revision {found}, as this version needs it.")
        return
    click.echo(f"The store is at revision {found or 'none'}, this version needs {newest()}.")
    sys.exit(1)


def _address(config: Path | None) -> str:
    url = chosen(config).store.address(os.environ)
    if url is None:
        raise click.UsageError(
            "the embedded store is made when the gateway starts: set store.url to keep one"
        )
    return url
