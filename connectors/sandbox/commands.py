"""How is a running sandbox broken and mended from the command line?"""

from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, get_args
from urllib.parse import quote, urlsplit

import click
import orjson

from connectors.sandbox import state
from connectors.sandbox.faults import CONTROL, Kind
from connectors.sandbox.settings import System

PATIENCE = 2  # seconds; a system answers its control endpoint even while it is told to be silent
SYSTEM = click.Choice(get_args(System))
KINDS = get_args(Kind)
CARRIER = click.Choice(("shop", "warehouse"))
Ways = Mapping[str, tuple[str, str]]
SHIPPED: Ways = {
    "shop": ("POST", "/v1/orders/{}/shipment"),
    "warehouse": ("POST", "/wms/deliveries/{}/dispatch"),
}
REFUSED: Ways = {
    "shop": ("POST", "/v1/orders/{}/cancel"),
    "warehouse": ("DELETE", "/wms/deliveries/{}"),
}


class CannotError(click.ClickException):
    """A person asked for something that cannot be done; one line says why."""

    exit_code = 2


@click.group()
def sandbox() -> None:
    """Watch, break and mend the systems of a running sandbox."""


@sandbox.command()
def status() -> None:
    """Show every system: where it is, who asked it how often, and how it is broken."""
    for connection, running in _running().items():
        said = _control(running, "GET")
        requests = sum(said["requests"].values())
        click.echo(f"{connection}: {running.system} at {running.url}, {_health(said['fault'])}")
        click.echo(f"  {requests} requests")
        for path, times in sorted(said["requests"].items()):
            click.echo(f"  {times:>6}  {path}")


@sandbox.command(epilog=f"KIND is one of {', '.join(KINDS)}.")
@click.argument("system", type=SYSTEM, metavar="SYSTEM")
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.option("--seconds", type=float, help="How slow (slow).  [default: 5]")
@click.option("--status", type=int, help="The HTTP status (fail).  [default: 500]")
@click.option("--retry-after", type=int, help="Seconds to wait (throttle).  [default: 30]")
@click.option("--hours", type=float, help="How far its clock is ahead (lie).  [default: 6]")
@click.option("--times", type=int, help="Only the next requests.  [default: until cleared]")
@click.option("--path", help="Only paths of this pattern.  [default: *]")
def fault(system: System, kind: Kind, path: str | None, **numbers: float | None) -> None:
    """Let SYSTEM (shop, tills, warehouse, supplier) fail in one way until it is cleared."""
    asked = {"kind": kind, "path": path, **numbers}
    document = {name: value for name, value in asked.items() if value is not None}
    for connection, running in _of(system):
        said = _control(running, "PUT", document)
        click.echo(f"{connection}: {_health(said['fault'])}")


@sandbox.command()
@click.argument("sku")
@click.option("--pieces", type=click.IntRange(1, 99), default=1, show_default=True)
def buy(sku: str, pieces: int) -> None:
    """Be a buyer of the marketplace, who wants SKU."""
    for _, running in _of("market"):
        asked = {"items": [{"sku": sku, "pieces": pieces}]}
        status, said = _asked(running, "POST", "/market/checkout", asked)
        if status >= 400:  # noqa: PLR2004  a refusal, whichever
            raise CannotError(f"the marketplace does not sell that: {said['error']}")
        order = said["order"]
        click.echo(f"{order['no']}: {pieces} x {sku}, {order['total']} {order['currency']}")


@sandbox.command()
@click.argument("order")
@click.argument("system", type=CARRIER, metavar="[SYSTEM]", required=False)
def ship(order: str, system: System | None) -> None:
    """Be who packs ORDER, in SYSTEM (shop, warehouse) or in both: its goods leave.

    A part that was sourced again is known there as ORDER-2, and so on.
    """
    _ended(order, system, SHIPPED, "has left")


@sandbox.command()
@click.argument("order")
@click.argument("system", type=CARRIER, metavar="[SYSTEM]", required=False)
def refuse(order: str, system: System | None) -> None:
    """Be who cannot find the goods of ORDER, in SYSTEM (shop, warehouse) or in both: it is over."""
    _ended(order, system, REFUSED, "is cancelled")


@sandbox.command()
@click.argument("system", type=SYSTEM, metavar="[SYSTEM]", required=False)
def clear(system: System | None) -> None:
    """Mend a system, or all of them."""
    for connection, running in _of(system):
        said = _control(running, "DELETE")
        click.echo(f"{connection}: {_health(said['fault'])}")


def _ended(order: str, system: System | None, ways: Ways, said: str) -> None:
    """End an order in the systems that have it."""
    found = False
    for connection, running in _running().items():
        if running.system not in ways or system not in {None, running.system}:
            continue
        method, path = ways[running.system]
        status, told = _asked(running, method, path.format(quote(order, safe="")), {})
        if status == 404:  # noqa: PLR2004  it is somewhere else
            continue
        if status >= 400:  # noqa: PLR2004  a refusal, whichever
            raise CannotError(f"{connection} does not do that: {told['error']}")
        found = True
        click.echo(f"{connection}: {order} {said}")
    if not found:
        raise CannotError(f"nobody has an order {order}: the demo has those that it placed")


def _running() -> Mapping[str, state.Running]:
    found = state.read()
    if found is None:
        raise CannotError("no sandbox is running: start one with `tessera demo`")
    return found.running


def _of(system: System | None) -> Iterator[tuple[str, state.Running]]:
    running = _running()
    wanted = [pair for pair in running.items() if system in {None, pair[1].system}]
    if not wanted:
        raise CannotError(f"the running sandbox has no system {system!r}")
    yield from wanted


def _control(running: state.Running, method: str, document: Any = None) -> Any:
    status, said = _asked(running, method, CONTROL, document)
    if status == 422:  # noqa: PLR2004  Unprocessable Content, RFC 9110
        raise CannotError(said["error"])
    return said


def _asked(running: state.Running, method: str, path: str, document: Any = None) -> tuple[int, Any]:
    body = None if document is None else orjson.dumps(document)
    host = urlsplit(running.url)
    wire = HTTPConnection(host.hostname or "", host.port, timeout=PATIENCE)
    try:
        wire.request(method, path, body)
        answer = wire.getresponse()
        return answer.status, orjson.loads(answer.read())
    except (OSError, HTTPException, orjson.JSONDecodeError) as error:
        raise CannotError(
            f"the {running.system} system does not answer: the sandbox may have been stopped"
        ) from error
    finally:
        wire.close()


def _health(fault: Mapping[str, Any] | None) -> str:
    if fault is None:
        return "works"
    left = "until cleared" if fault["times"] is None else f"{fault['times']} more times"
    where = "" if fault["path"] == "*" else f" on {fault['path']}"
    return f"fault {fault['kind']}{where}, {left}"
