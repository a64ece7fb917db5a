"""`tessera markets …`: how marketplaces are doing, what needs eyes there, and trying it again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import click

from app.cli.choosing import chosen, config_option, one_line
from app.cli.storing import stored
from app.markets.desk import MarketDesk, Standing
from app.markets.model import Known, Shown
from app.ports import MarketOrderNumber, MarketWriteKey, Parcel, ShippedLine

T = TypeVar("T")
LONGEST_NUMBER, LONGEST_WORD = 80, 100  # characters of an order's number, of what else is said
MOST_DIGITS = 6  # of the units of a line
WHEN = "%Y-%m-%d %H:%M"


word = partial(click.option, callback=one_line(LONGEST_WORD))


@click.group()
def markets() -> None:
    """Look after the marketplaces that sell for us."""


@markets.command(name="list")
@config_option
def list_(config: Path | None) -> None:
    """List every marketplace, and how it is doing."""

    async def look(desk: MarketDesk) -> list[Standing]:
        return [await desk.standing(name) for name in desk.markets]

    for one in _done(config, look):
        read = "never read" if one.polled_at is None else f"read {one.polled_at:{WHEN}}"
        trouble = "" if one.poll_reason is None else f" ({one.poll_reason})"
        click.echo(f"{one.name}  {read}{trouble}  orders: {_counts(one.orders)}")
        since = "" if one.since is None else f" since {one.since:{WHEN}}"
        click.echo(f"  listings: {_counts(one.listings)}; to be told: {one.behind}{since}")


@markets.command()
@config_option
@click.argument("market")
def orders(config: Path | None, market: str) -> None:
    """List the orders of MARKET that could not be taken, or have gone apart from ours."""
    for known, ours in _done(config, lambda desk: desk.troubled(market)):
        click.echo(f"{known.number}  {_trouble(known, ours)}")
    for leaving in _done(config, lambda desk: desk.parcels(market)):
        click.echo(f"{leaving.parcel.order}  parcel {leaving.parcel.tracking}: {leaving.reason}")


@markets.command()
@config_option
@click.argument("market")
def listings(config: Path | None, market: str) -> None:
    """List what MARKET does not take as it is, or has yet to hear of."""
    for one in _done(config, lambda desk: desk.listings(market)):
        click.echo(f"{one.sku}  {_listed(one)}")


@markets.command()
@config_option
@click.argument("market")
@click.argument("number", required=False)
def retry(config: Path | None, market: str, number: str | None) -> None:
    """Read the orders of MARKET that could not be taken again, or the one of that NUMBER."""
    again = _done(config, lambda desk: desk.retry(market, number, _now()))
    if number is not None and not again:
        raise click.UsageError(f"{market} has told of no order {number}")
    click.echo(f"Read again: {', '.join(again) or 'nothing'}.")


@markets.command()
@config_option
@click.argument("market")
@click.argument("number")
def aside(config: Path | None, market: str, number: str) -> None:
    """Put the order NUMBER of MARKET aside: somebody has seen to it, and it is tried no more."""
    if not _done(config, lambda desk: desk.put_aside(market, number, _now())):
        raise click.UsageError(f"{market} has no order {number} that could not be taken")
    click.echo(f"{number} is put aside.")


@markets.command()
@config_option
@click.argument("market")
def resync(config: Path | None, market: str) -> None:
    """Tell MARKET all quantities and prices anew."""
    click.echo(f"To be told: {_done(config, lambda desk: desk.resync(market, _now()))}.")


@markets.command()
@config_option
@click.argument("market")
@click.argument("number", callback=one_line(LONGEST_NUMBER))
@word("--carrier", required=True, help="The marketplace's own code of the carrier.")
@word("--tracking", required=True, help="The carrier's number of the parcel.")
@word("--carrier-name", help="What the carrier is called, where it has no code.")
@word("--service", help="How it is carried.")
@click.option(
    "--line", "lines", multiple=True, metavar="LINE=UNITS", help="What is in it.  [default: all]"
)
def ship(config: Path | None, market: str, number: str, **said: str | None) -> None:
    """Tell MARKET that a parcel of its order NUMBER has left."""
    tracking, carrier = said["tracking"] or "", said["carrier"] or ""
    key = sha256(f"{market}\x1f{number}\x1f{carrier}\x1f{tracking}".encode()).hexdigest()[:32]
    parcel = Parcel(
        key=MarketWriteKey(key),
        order=MarketOrderNumber(number),
        lines=tuple(map(_line, said["lines"] or ())),
        carrier=carrier,
        carrier_name=said["carrier_name"],
        service=said["service"],
        tracking=tracking,
        shipped_at=_now(),
    )
    new = _done(config, lambda desk: desk.ship(market, parcel, _now()))
    click.echo("It is told." if new else "That was said before.")


def _line(told: str) -> ShippedLine:
    reference, _, units = told.rpartition("=")
    sound = 0 < len(reference) <= LONGEST_WORD and reference.isprintable()
    if not sound or not units.isdecimal() or len(units) > MOST_DIGITS or not int(units):
        raise click.UsageError(f"--line {told[:LONGEST_WORD]!r} is not LINE=UNITS")
    return ShippedLine(reference=reference, quantity=int(units))


def _trouble(known: Known, ours: str | None) -> str:
    since = f"since {known.first_at:{WHEN}}"
    if known.order is None:
        return f"{known.fate} {since}: {known.reason}"
    return f"ours is {known.order}, {ours}; there it is {known.status} {since}" + (
        "" if known.reason is None else f": {known.reason}"
    )


def _listed(one: Shown) -> str:
    wanted = f"{one.wanted_quantity} at {one.wanted_price or 'its price'}"
    return f"{one.state}: {wanted}" + ("" if one.reason is None else f" ({one.reason})")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(_pairs(counts)) or "none"


def _pairs(counts: Mapping[str, int]) -> Iterable[str]:
    return (f"{count} {name.lower()}" for name, count in sorted(counts.items()))


def _now() -> datetime:
    return datetime.now(UTC)


def _done(config: Path | None, work: Callable[[MarketDesk], Awaitable[T]]) -> T:
    settings = chosen(config)
    return stored(settings, lambda store: work(MarketDesk(store, settings.markets)), keep="orders")
