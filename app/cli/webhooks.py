"""`tessera webhooks …`: how endpoints are doing, what they did not take, and telling them again."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from app.cli.choosing import chosen, config_option
from app.cli.storing import stored
from app.events.following import Events
from app.events.tail import Tail
from app.store import Store
from app.webhooks.desk import WebhookDesk
from app.webhooks.repository import Standing
from app.webhooks.sending import secrets_of, senders

T = TypeVar("T")


@click.group()
def webhooks() -> None:
    """Look after the endpoints that are told what happens."""


@webhooks.command(name="list")
@config_option
def list_(config: Path | None) -> None:
    """List every endpoint, and how it is doing."""

    async def look(desk: WebhookDesk) -> list[tuple[Standing, int]]:
        return [
            (await desk.standing(name), len(await desk.letters(name))) for name in desk.endpoints
        ]

    for standing, letters in _done(config, look):
        click.echo(f"{standing.name}  {_told(standing)}  dead letters: {letters}")


@webhooks.command()
@config_option
@click.argument("name")
def letters(config: Path | None, name: str) -> None:
    """List what endpoint NAME did not take."""
    for one in _done(config, lambda desk: desk.letters(name)):
        click.echo(f"{one.message.id}  {one.message.kind}  {one.failed_at:%Y-%m-%d}  {one.reason}")


@webhooks.command()
@config_option
@click.argument("name")
def redeliver(config: Path | None, name: str) -> None:
    """Deliver the dead letters of endpoint NAME, the oldest first."""

    async def deliver(desk: WebhookDesk) -> None:
        await desk.letters(name)  # it is known
        mine = {name: desk.endpoints[name]}
        known = secrets_of(mine, os.environ)
        async with senders(mine, known, desk.events.now) as sending:
            delivered, refused = await desk.redeliver(name, sending[name])
        click.echo(f"Delivered: {delivered}.")
        if refused is not None:
            raise click.ClickException(
                f"{refused.message.id} was not taken; it and later ones stay"
            )

    _done(config, deliver)


@webhooks.command()
@config_option
@click.argument("name")
@click.option("--from", "cursor", required=True, help="The cursor to go on from.")
def replay(config: Path | None, name: str, cursor: str) -> None:
    """Deliver everything after a cursor to endpoint NAME again."""
    _done(config, lambda desk: desk.replay(name, cursor))
    click.echo(f"{name} is told everything after that cursor again.")


@webhooks.command()
@config_option
@click.argument("name")
def enable(config: Path | None, name: str) -> None:
    """Deliver to endpoint NAME again, which said that it was gone."""
    _done(config, lambda desk: desk.enable(name))
    click.echo(f"{name} goes on where it was.")


def _told(standing: Standing) -> str:
    if standing.disabled_at is not None:
        gone = "it said that it is gone (HTTP_410); enable it to go on"
        return f"disabled {standing.disabled_at:%Y-%m-%d %H:%M}: {gone}"
    if standing.failing_since is not None:
        return f"failing since {standing.failing_since:%Y-%m-%d %H:%M}: {standing.reason}"
    if standing.delivered_at is None:
        return "nothing delivered yet"
    return f"delivered last {standing.delivered_at:%Y-%m-%d %H:%M}"


def _done(config: Path | None, work: Callable[[WebhookDesk], Awaitable[T]]) -> T:
    settings = chosen(config)

    async def run(store: Store) -> T:
        tail = Tail(store, (), every=settings.events.poll_every)
        events = Events(store, tail, lambda: datetime.now(UTC))
        return await work(WebhookDesk(events, settings.webhooks))

    return stored(settings, run, keep="webhooks")
