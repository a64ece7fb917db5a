"""`tessera connectors …`: list, check and scaffold connectors."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from app import logs
from app.cli.choosing import CONNECTORS
from app.ports import UpstreamHttp
from app.upstream.client import ClientPolicy, open_client

CHECK_TIMEOUT = timedelta(seconds=0.5)  # a call's limit while a specimen's wire is broken


@click.group()
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


def _kit() -> Any:
    """The connectors' kit, found by name as connectors are: the app imports neither."""
    return import_module(f"{CONNECTORS.name}.kit.commands")


def _checked_client(url: str) -> AbstractAsyncContextManager[UpstreamHttp]:
    return open_client("specimen", url, policy=ClientPolicy(timeout=CHECK_TIMEOUT))
