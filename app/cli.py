"""`tessera …`: serve, look at the schema, the connectors and the settings."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
import uvicorn

from app import logs, tracing
from app import settings as config
from app.api.changes import Impact, changes
from app.api.examples import EXAMPLES
from app.api.schema import federation_sdl, sdl
from app.errors import GatewayError, MisconfiguredError
from app.main import Gateway
from app.ports import FoundConnector, UpstreamHttp, find_connectors, read_manifest
from app.purging import cache_commands
from app.settings import Settings
from app.upstream.client import ClientPolicy, open_client
from app.upstream.registry import plan

CONNECTORS = Path(__file__).parent.parent / "connectors"  # each of its folders is one
DEFAULT_FILE = Path("tessera.toml")
SDL_FILE = Path("schema.graphql")
CHECK_TIMEOUT = timedelta(seconds=0.5)  # a call's limit while a specimen's wire is broken

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="TESSERA_CONFIG",
    help="Settings file; also TESSERA_CONFIG, else ./tessera.toml, else the embedded retailer.",
)
host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address.")
port_option = click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free."
)


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
        for name, found in find_connectors(CONNECTORS).items():
            if (commands := read_manifest(found).commands) is not None:
                module, _, attribute = commands.partition(":")
                added[name] = getattr(import_module(f"{found.module}.{module}"), attribute)
        return added


@click.group(cls=Commands, no_args_is_help=True)
@click.version_option(package_name="tessera")
def tessera() -> None:
    """One GraphQL schema over every system a retailer sells through and from."""


@tessera.command()
@config_option
@host_option
@port_option
def serve(config: Path | None, host: str, port: int) -> None:
    """Serve the gateway."""
    _serve(_settings(config), host, port, announce=_address)


@tessera.command()
@host_option
@port_option
def demo(host: str, port: int) -> None:
    """Serve the gateway over an embedded retailer, with GraphiQL, and say what to try."""
    settings = _embedded(find_connectors(CONNECTORS))
    _serve(settings, host, port, announce=_what_to_try)


@tessera.group(name="config")
def config_group() -> None:
    """Look at the settings."""


@config_group.command(name="check")
@config_option
def config_check(config: Path | None) -> None:
    """Explain what is wrong with the settings, without starting."""
    settings = _settings(config)
    planned = plan(settings, find_connectors(CONNECTORS))
    for name, one in planned.items():
        click.echo(f"connection {name}: {one.manifest.title}")
    for where, name in settings.bind.named():
        click.echo(f"{where}: {name}")
    click.echo("The settings are sound.")


@tessera.group()
def schema() -> None:
    """Look at the schema."""


@schema.command(name="print")
@click.option("--federation", is_flag=True, help="As an Apollo Federation subgraph.")
def schema_print(*, federation: bool) -> None:
    """Print the schema definition."""
    click.echo(federation_sdl() if federation else sdl(), nl=False)


@schema.command(name="check")
@click.argument("file", type=click.Path(path_type=Path), default=SDL_FILE)
def schema_check(file: Path) -> None:
    """Fail when FILE is not what `tessera schema print` prints."""
    if _text(file) != sdl():
        raise click.ClickException(
            f"{file} differs from the code: run `tessera schema print > {file}`"
        )
    click.echo(f"{file} is up to date.")


@schema.command(name="diff")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def schema_diff(old: Path, new: Path) -> None:
    """Tell breaking, dangerous and safe changes from OLD to NEW; 1 when one is breaking."""
    found = changes(_text(old), _text(new))
    for change in found:
        click.echo(f"{change.impact.value:<10} {change.description}")
    if not found:
        click.echo("No change.")
    if any(change.impact is Impact.BREAKING for change in found):
        sys.exit(1)


@tessera.group()
def connectors() -> None:
    """List, check and scaffold connectors."""


@connectors.command(name="list")
def connectors_list() -> None:
    """Every connector and the ports it has."""
    click.echo(_kit().listing())


@connectors.command(name="check")
@click.argument("names", nargs=-1)
def connectors_check(names: tuple[str, ...]) -> None:
    """Run the conformance suites and the quality rules; all connectors if none is named."""
    logs.configure(level="critical", style="text")  # the suites break the wire on purpose
    report = asyncio.run(_kit().check(names, _checked_client))
    click.echo(report.render())
    if not report.ok:
        sys.exit(1)


@connectors.command(name="new")
@click.argument("name")
def connectors_new(name: str) -> None:
    """Scaffold a connector and its tests in the current directory's tree."""
    click.echo(_kit().new(name, Path.cwd()))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; a person's mistake is one line and exit code 2."""
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


def _settings(path: Path | None) -> Settings:
    if path is not None:
        return config.load(path)
    if DEFAULT_FILE.exists():
        return config.load(DEFAULT_FILE)
    return _embedded(find_connectors(CONNECTORS))


def _embedded(found: dict[str, FoundConnector]) -> Settings:
    """The settings of the embedded retailer that a connector brings."""
    for connector in found.values():
        if (demo := read_manifest(connector).demo) is not None:
            settings = config.load(connector.folder / demo)
            server = settings.server.model_copy(update={"graphiql": True})
            return settings.model_copy(update={"server": server})
    raise click.UsageError("no connector brings an embedded retailer: give a --config")


tessera.add_command(cache_commands(_settings, config_option))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read") from error


def _kit() -> Any:
    """The connectors' kit, found by name as connectors are: the app imports neither."""
    return import_module(f"{CONNECTORS.name}.kit.commands")


def _checked_client(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url, policy=ClientPolicy(timeout=CHECK_TIMEOUT))


def _serve(settings: Settings, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    planned = plan(settings, find_connectors(CONNECTORS))
    listening = _bound(host, port)
    logs.configure(level=settings.log.level, style=settings.log.format)
    tracing.configure(os.environ)
    address = f"http://{host}:{listening.getsockname()[1]}"
    server = Announcing(
        uvicorn.Config(
            Gateway(settings, planned).app(),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=max(1, round(settings.server.graceful.total_seconds())),
        ),
        announce=partial(announce, address),
    )
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise click.ClickException("the gateway could not start; its log says why")


class Announcing(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(self, settings: uvicorn.Config, *, announce: Callable[[], None]) -> None:
        super().__init__(settings)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self.started:
            self._announce()


def _bound(host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio switches Nagle's algorithm off.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno or 0).lower()
        raise click.UsageError(f"cannot listen on {host}:{port}: {reason}; try --port") from error
    return listening


def _address(address: str) -> None:
    click.echo(f"Tessera answers at {address}/graphql")


def _what_to_try(address: str) -> None:
    click.echo(f"Tessera answers at {address}/graphql (open it in a browser for GraphiQL).")
    click.echo("A demo retailer stands behind it: a shop, 12 stores, a warehouse, a supplier.\n")
    click.echo("Try:\n")
    for example in EXAMPLES[:3]:
        document = " ".join(example.document.split()).replace('"', '\\"')
        click.echo(f"# {example.title}")
        click.echo(f"curl -s {address}/graphql -H 'content-type: application/json' \\")
        click.echo(f'  -d \'{{"query": "{document}"}}\'\n')
    click.echo("Break an upstream and ask again: tessera sandbox fault tills silent")
    click.echo("Stop with Ctrl-C.")


if __name__ == "__main__":
    main()
