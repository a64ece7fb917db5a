"""Which settings does a command mean? Those of a file, else the embedded retailer's."""

from collections.abc import Callable
from pathlib import Path

import click

from app import settings as config
from app.ports import FoundConnector, find_connectors, read_manifest
from app.settings import Settings

CONNECTORS = Path(__file__).parents[2] / "connectors"  # each of its folders is one
DEFAULT_FILE = Path("tessera.toml")

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="TESSERA_CONFIG",
    help="Settings file; also TESSERA_CONFIG, else ./tessera.toml, else the embedded retailer.",
)


def one_line(
    most: int,
) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """A check of what is given: some text on one line, of no more characters than fit."""

    def check(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
        if text is not None and not (text.isprintable() and 0 < len(text) <= most):
            raise click.BadParameter(f"1 to {most} characters on one line")
        return text

    return check


def chosen(path: Path | None) -> Settings:
    """The settings of `path`, of `./tessera.toml`, or of the embedded retailer."""
    if path is not None:
        return config.load(path)
    if DEFAULT_FILE.exists():
        return config.load(DEFAULT_FILE)
    return embedded()


def embedded() -> Settings:
    """The settings of the embedded retailer that a connector brings."""
    for connector in connectors().values():
        if (demo := read_manifest(connector).demo) is not None:
            settings = config.load(connector.folder / demo)
            server = settings.server.model_copy(update={"graphiql": True})
            return settings.model_copy(update={"server": server})
    raise click.UsageError("no connector brings an embedded retailer: give a --config")


def connectors() -> dict[str, FoundConnector]:
    """Every connector that is there, by name."""
    return find_connectors(CONNECTORS)
