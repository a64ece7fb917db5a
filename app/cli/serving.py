"""`tessera serve` and `tessera demo`: the gateway as a process."""

import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from app import logs, tracing
from app.api.examples import EXAMPLES
from app.cli.choosing import chosen, config_option, connectors, embedded, one_line
from app.cli.developing import DevelopmentIssuer
from app.main import Gateway
from app.serving import GatewayServer
from app.settings import Settings
from app.upstream.registry import plan
from app.values import PrincipalKind

LONGEST_HOST = 253  # characters, as names are at most
host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    callback=one_line(LONGEST_HOST),
    help="Address.",
)
port_option = click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free."
)


@click.command()
@config_option
@host_option
@port_option
def serve(config: Path | None, host: str, port: int) -> None:
    """Serve the gateway."""
    _serve(chosen(config), host, port, announce=_address)


@click.command()
@host_option
@port_option
def demo(host: str, port: int) -> None:
    """Serve the gateway over an embedded retailer, with GraphiQL, and say what to try."""
    issuer = DevelopmentIssuer()
    settings = embedded().model_copy(update={"access": issuer.access()})
    _serve(settings, host, port, announce=partial(_what_to_try, issuer))


def _serve(settings: Settings, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    gateway = Gateway(settings, plan(settings, connectors()))
    app = gateway.app()
    listening = _bound(host, port)
    logs.configure(level=settings.log.level, style=settings.log.format)
    tracing.configure(os.environ)
    address = f"http://{_in_url(host)}:{listening.getsockname()[1]}"
    server = GatewayServer(gateway, app, settings, announce=partial(_said, announce, address))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise click.ClickException("the gateway could not start; its log says why")


def _bound(host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio switches Nagle's algorithm off.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = (error.strerror or str(error)).lower()
        hint = "--host" if isinstance(error, socket.gaierror) else "--port"
        raise click.UsageError(
            f"cannot listen on {_in_url(host)}:{port}: {reason}; try {hint}"
        ) from error
    return listening


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _said(announce: Callable[[str], None], address: str) -> None:
    """Announce it; that nobody reads it any more keeps nobody from being served."""
    try:
        announce(address)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _address(address: str) -> None:
    click.echo(f"Tessera answers at {address}/graphql")


def _what_to_try(issuer: DevelopmentIssuer, address: str) -> None:
    click.echo(f"Tessera answers at {address}/graphql (open it in a browser for GraphiQL).")
    click.echo("A demo retailer stands behind it: a shop, 12 stores, a warehouse, a supplier.")
    click.echo("A marketplace sells its jackets: tessera sandbox buy RJK1001-BLK-S\n")
    click.echo("Try:\n")
    for example in EXAMPLES[:3]:
        document = " ".join(example.document.split()).replace('"', '\\"')
        click.echo(f"# {example.title}")
        click.echo(f"curl -s {address}/graphql -H 'content-type: application/json' \\")
        click.echo(f'  -d \'{{"query": "{document}"}}\'\n')
    staff = issuer.token(PrincipalKind.STAFF, "somebody")
    click.echo("You are a guest. To ask as staff, for upstreams or costs, send this header:\n")
    click.echo(f"authorization: Bearer {staff}\n")
    partner = issuer.token(PrincipalKind.PARTNER, "acme")
    click.echo("And to sell rain jackets as the partner acme, see docs/partners.md, this one:\n")
    click.echo(f"authorization: Bearer {partner}\n")
    click.echo("Break an upstream and ask again: tessera sandbox fault tills silent")
    click.echo("Stop with Ctrl-C.")
