"""`tessera keys …`: give keys to programs of partners, operators and staff, and take them back."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click

from app.cli.choosing import chosen, config_option, one_line
from app.cli.storing import stored
from app.errors import Refusal
from app.principals.keys import ApiKey, ApiKeys
from app.store import Actor, Store, acting
from app.values import PrincipalKind

T = TypeVar("T")
KINDS = click.Choice([PrincipalKind.PARTNER, PrincipalKind.OPERATOR, PrincipalKind.STAFF])
LONGEST_OWNER = 100  # characters
NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
BY_HAND = Actor(PrincipalKind.OPERATOR, "command line")


def _named(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    if name is not None and not NAME.fullmatch(name):
        raise click.BadParameter("1 to 40 letters, digits, dots, hyphens and underscores")
    return name


@click.group()
def keys() -> None:
    """Give out API keys, and take them back."""


@keys.command()
@config_option
@click.option("--kind", type=KINDS, required=True, help="What its owner is to the retailer.")
@click.option(
    "--owner",
    required=True,
    callback=one_line(LONGEST_OWNER),
    help="Whom it speaks for, such as the partner's name.",
)
@click.option("--name", callback=_named, help="What its owner calls it, such as erp-2026.")
@click.option(
    "--days", type=click.IntRange(1, 730), default=365, show_default=True, help="It lasts so long."
)
def create(config: Path | None, kind: str, owner: str, name: str | None, days: int) -> None:
    """Make a key and show it, once."""
    made = _done(
        config,
        lambda one: one.create(PrincipalKind(kind), owner, lasts=timedelta(days=days), name=name),
    )
    click.echo(made.text)
    click.echo(
        f"Key {made.key.id} of {owner}, good until {made.key.expires_at:%Y-%m-%d}."
        " It is shown this once: keep it where secrets are kept.",
        err=True,
    )


@keys.command(name="list")
@config_option
def list_(config: Path | None) -> None:
    """List every key that was given out; the keys themselves are known to nobody here."""
    for key in _done(config, lambda one: one.all()):
        name = "" if key.name is None else f" ({key.name})"
        click.echo(f"{key.id}  {key.kind:<8}  {key.owner}{name}  {_standing(key)}")


@keys.command()
@config_option
@click.argument("key")
def revoke(config: Path | None, key: str) -> None:
    """Take a KEY back, by its id: it opens nothing any more within five seconds."""
    _done(config, lambda one: one.revoke(key))
    click.echo(f"Key {key} is revoked.")


def _standing(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    over = key.expires_at <= datetime.now(UTC)
    return f"{'expired' if over else 'good until'} {key.expires_at:%Y-%m-%d}"


def _done(config: Path | None, work: Callable[[ApiKeys], Awaitable[T]]) -> T:
    async def run(store: Store) -> T:
        with acting(BY_HAND):
            return await work(ApiKeys(store, lambda: datetime.now(UTC)))

    try:
        return stored(chosen(config), run, keep="keys")
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal
