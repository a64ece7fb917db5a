"""`tessera …`: serve, look at schema, connectors, documents, store, log and settings."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from app import logs
from app.cli.audit import audit
from app.cli.cache import cache
from app.cli.choosing import connectors as found_connectors
from app.cli.connectors import connectors
from app.cli.db import db
from app.cli.documents import documents
from app.cli.events import events
from app.cli.keys import keys
from app.cli.markets import markets
from app.cli.parity import parity
from app.cli.schema import schema
from app.cli.serving import demo, serve
from app.cli.settings import config_group
from app.cli.webhooks import webhooks
from app.errors import GatewayError, MisconfiguredError
from app.ports import read_manifest


class Commands(click.Group):
    """The command line; connectors add their own commands by manifest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Ours and the connectors'."""
        return sorted({*super().list_commands(ctx), *self._added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of ours, or one a connector brings."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        return self._added().get(cmd_name)

    @staticmethod
    def _added() -> dict[str, click.Command]:
        added = {}
        for name, found in found_connectors().items():
            if (commands := read_manifest(found).commands) is not None:
                module, _, attribute = commands.partition(":")
                added[name] = getattr(import_module(f"{found.module}.{module}"), attribute)
        return added


@click.group(cls=Commands, no_args_is_help=True)
@click.version_option(package_name="tessera")
def tessera() -> None:
    """One GraphQL schema over every system a retailer sells through and from."""


for command in (
    audit,
    cache,
    config_group,
    connectors,
    db,
    demo,
    documents,
    events,
    keys,
    markets,
    parity,
    schema,
    serve,
    webhooks,
):
    tessera.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; a person's mistake is one line and exit code 2."""
    logs.aside()
    try:
        sys.exit(tessera.main(arguments, prog_name="tessera", standalone_mode=False))
    except click.UsageError as error:
        _mistake(error.format_message())
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except click.Abort:
        sys.exit(130)
    except MisconfiguredError as error:
        _mistake(*error.problems)
    except (GatewayError, FileExistsError, ValueError) as error:
        _mistake(str(error))


def _mistake(*lines: str) -> NoReturn:
    for line in lines:
        click.echo(f"tessera: {line}", err=True)
    sys.exit(2)
