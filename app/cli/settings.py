"""`tessera config …`: look at the settings."""

from pathlib import Path

import click

from app.cli.choosing import chosen, config_option, connectors
from app.main import Gateway
from app.upstream.registry import plan


@click.group(name="config")
def config_group() -> None:
    """Look at the settings."""


@config_group.command(name="check")
@config_option
def config_check(config: Path | None) -> None:
    """Explain what is wrong with the settings, without starting."""
    settings = chosen(config)
    planned = plan(settings, connectors())
    for name, one in planned.items():
        click.echo(f"connection {name}: {one.manifest.title}")
    for where, name in settings.bind.named():
        click.echo(f"{where}: {name}")
    Gateway(settings, planned).app()
    click.echo("The settings are sound.")
