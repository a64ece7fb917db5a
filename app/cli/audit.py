"""`tessera audit …`: read who did what, and see that nobody has changed what was written."""

import json
import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from app.cli.choosing import chosen, config_option
from app.cli.storing import stored
from app.principals.model import Principal
from app.store.auditing import AuditBrokenError, Sealed, entries, verified
from app.values import PrincipalKind

T = TypeVar("T")
MOST = 2**63 - 1  # what a database can count
NOTED = re.compile(r"([1-9][0-9]*):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Read the audit log, and see that it is whole."""


@audit.command()
@config_option
@click.option("--known", multiple=True, help="NUMBER:SEAL as noted earlier, elsewhere.")
def verify(config: Path | None, known: tuple[str, ...]) -> None:
    """See that every entry is as it was written; 1 when one is not.

    Whoever can write to the database could seal all of it anew. So keep what this prints where they
    cannot write, and have it checked the next time.
    """
    noted = [_noted(one) for one in known]
    try:
        last, seal = _asked(config, lambda connection: verified(connection, noted))
    except AuditBrokenError as broken:
        raise click.ClickException(f"the audit log is broken: {broken}") from broken
    click.echo(f"{last}:{seal}" if last else "The audit log is empty.")


@audit.command(name="list")
@config_option
@click.option(
    "--after", type=click.IntRange(0, MOST), default=0, help="Only entries after this number."
)
@click.option(
    "--most", type=click.IntRange(1, MOST), default=1000, show_default=True, help="So many."
)
def list_(config: Path | None, after: int, most: int) -> None:
    """List entries, the oldest first, a line of JSON each."""

    def question(connection: Connection) -> list[Sealed]:
        return list(entries(connection, after=after, most=most))

    for one in _asked(config, question):
        click.echo(json.dumps(_told(one)))


@audit.command()
@click.option("--kind", type=click.Choice(list(PrincipalKind)), required=True, help="Their kind.")
@click.argument("issuer")
@click.argument("subject")
def who(kind: str, issuer: str, subject: str) -> None:
    """Say by what pseudonym the log knows a SUBJECT of an ISSUER."""
    click.echo(Principal(PrincipalKind(kind), issuer, subject).pseudonym)


def _told(one: Sealed) -> dict[str, Any]:
    entry = one.entry
    return {
        "seq": one.seq,
        "at": entry.at.astimezone(UTC).isoformat(),
        "kind": entry.by.kind,
        "who": entry.by.who,
        "what": entry.what,
        "entity": entry.entity,
        **({"fields": entry.fields.split()} if entry.fields else {}),
        "seal": one.seal,
    }


def _noted(given: str) -> tuple[int, str]:
    if (found := NOTED.fullmatch(given)) is None:
        raise click.UsageError("--known is a number, a colon and 64 hexadecimal digits")
    return int(found[1]), found[2]


def _asked(config: Path | None, question: Callable[[Connection], T]) -> T:
    return stored(chosen(config), lambda store: store.read(question), keep="an audit log")
