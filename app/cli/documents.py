"""`tessera documents …`: say which documents may be executed."""

from collections.abc import Sequence
from pathlib import Path

import click
from graphql import OperationDefinitionNode

from app.api.admission import build_registering_gate
from app.api.documents import sources_of
from app.api.schema import build_schema
from app.cli.choosing import chosen, config_option
from app.engine.documents import (
    Entry,
    Register,
    add_documents,
    build_register,
    manifest_of,
    read_manifest,
    remove_documents,
)
from app.engine.gate import Gate
from app.settings import Settings

client_option = click.option("--client", required=True, help="The name the client goes by.")


@click.group()
def documents() -> None:
    """Say which documents may be executed; docs/trusted-documents.md tells more."""


@documents.command()
@config_option
@client_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def add(config: Path | None, client: str, files: tuple[Path, ...]) -> None:
    """Register what FILES hold: manifests, .graphql files, or folders of them."""
    settings = chosen(config)
    manifest = manifest_of(_folder(settings), client)
    given = _entries(files)
    new = add_documents(manifest, given, _gate(settings))
    click.echo(f"{manifest}: {len(new)} added, {len(given) - len(new)} were there already.")


@documents.command()
@config_option
@client_option
@click.argument("named", metavar="FILES_OR_IDS", nargs=-1, required=True)
def remove(config: Path | None, client: str, named: tuple[str, ...]) -> None:
    """Take out what FILES hold, or documents by their ids."""
    manifest = manifest_of(_folder(chosen(config)), client)
    files = [Path(one) for one in named if Path(one).exists()]
    ids = [one for one in named if not Path(one).exists()]
    gone = remove_documents(manifest, [*ids, *(entry.id for entry in _entries(files))])
    click.echo(f"{manifest}: {len(gone)} removed.")


@documents.command(name="list")
@config_option
@click.option("--client", help="Only those of this client.")
def list_(config: Path | None, client: str | None) -> None:
    """Show every document that is registered: its client, its id and its operations."""
    settings = chosen(config)
    entries = sources_of(settings.documents).read()
    register = build_register(entries, _gate(settings))
    for name, registered in sorted(entries.items()):
        if client in {None, name}:
            for entry in registered:
                click.echo(f"{name}  {entry.id}  {_operations(register, entry)}")


def _operations(register: Register, entry: Entry) -> str:
    return ", ".join(_called(operation) for operation in register.by_id[entry.id].operations)


def _called(operation: OperationDefinitionNode) -> str:
    name = "(no name)" if operation.name is None else operation.name.value
    return f"{operation.operation.value} {name}"


def _entries(files: Sequence[Path]) -> list[Entry]:
    return [entry for file in files for entry in read_manifest(file)]


def _folder(settings: Settings) -> Path:
    if settings.documents.folder is None:
        raise click.UsageError("the settings name no folder for it: set documents.folder")
    return settings.documents.folder


def _gate(settings: Settings) -> Gate:
    return build_registering_gate(build_schema(tell=settings.introspection), settings.requests)
