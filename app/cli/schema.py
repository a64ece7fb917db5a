"""`tessera schema …`: look at the schema."""

import sys
from pathlib import Path

import click

from app.api.changes import Impact, changes
from app.api.schema import federation_sdl, sdl

SDL_FILE = Path("schema.graphql")


@click.group()
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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read") from error
