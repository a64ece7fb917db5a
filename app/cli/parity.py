"""`tessera parity`: does a basket cost the same through every channel, or which rule is why?"""

import asyncio
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from random import Random

import click
from pydantic import ValidationError

from app import logs
from app.api.context import Services
from app.carts.acting import Request
from app.carts.discounting import basket_of
from app.carts.model import Cart
from app.carts.refusals import VariantNotSold
from app.carts.wanted import MOST_LINES, MOST_UNITS
from app.cli.choosing import chosen, config_option, connectors
from app.customers.profiles import ProfileChange
from app.customers.refusals import InvalidCustomerInput
from app.errors import MisconfiguredError
from app.main import Gateway, utc_now
from app.ports import ProductQuery
from app.pricing.listing import alone
from app.pricing.model import ANYBODY
from app.pricing.parity import Bought, Comparison, Difference, Seen
from app.pricing.rules import admits
from app.principals.model import THE_HOUSE
from app.settings import Settings, Store, explain
from app.settings.pricing import CouponCode, Word
from app.settings.words import Name, Section
from app.upstream.deadline import Deadline
from app.upstream.readings import Inquiry
from app.upstream.registry import plan
from app.upstream.report import Report
from app.values import Channel, CustomerId, Locale, Money, Sku

PAGE, MOST_SKUS = 100, 1_000
LONGEST = timedelta(minutes=1)  # for one question to the outside


class Wanted(Section):
    """A basket to be bought: units by SKU, codes of coupons, and groups of who buys it."""

    lines: Mapping[Word, int]
    codes: tuple[CouponCode, ...] = ()
    groups: tuple[Name, ...] = ()


class Wishes(Section):
    """A file of baskets."""

    baskets: tuple[Wanted, ...]


@dataclass(slots=True)
class Proof:
    """What was compared and found, by the number of the basket."""

    baskets: Sequence[Wanted]
    channels: Sequence[Channel]
    differences: dict[int, list[Difference]] = field(default_factory=dict)

    @property
    def unexplained(self) -> list[Difference]:
        """Those that no rule is the reason of."""
        return [one for its in self.differences.values() for one in its if not one.explained]

    def lines(self) -> Iterator[str]:
        """The report."""
        for number, found in sorted(self.differences.items()):
            yield f"basket {number}: {_told(self.baskets[number - 1])}"
            yield from (f"  {_said(one)}" for one in found)
        every = [one for its in self.differences.values() for one in its]
        codes = ", ".join(f"{one.code} ({one.currency})" for one in self.channels)
        yield f"{len(self.baskets)} baskets through {len(self.channels)} channels: {codes}"
        rules = Counter(rule for one in every for rule in one.rules)
        causes = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
        yield f"{len(every)} differences{f', by {causes}' if causes else ''}"
        yield f"{len(self.unexplained)} without a rule"


@click.command()
@config_option
@click.option(
    "--baskets",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file of [[baskets]]: lines, codes, groups; made of the catalogue if not given.",
)
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--seed", default=7, show_default=True, help="Of baskets that are made.")
def parity(config: Path | None, baskets: Path | None, count: int, seed: int) -> None:
    """Buy the same baskets through every channel, and say which rule each difference is by.

    Nothing is held or ordered; the carts are kept in a store of its own, gone afterwards. Fails
    when there is a difference without a rule.
    """
    logs.configure(level="error", style="text")
    settings = chosen(config)
    wanted = None if baskets is None else read(baskets)
    proof = asyncio.run(_proved(settings, wanted, count=count, seed=seed))
    tell(proof)


def tell(proof: Proof) -> None:
    """Print the report; a difference without a rule is a failure."""
    for line in proof.lines():
        click.echo(line)
    if proof.unexplained:
        sys.exit(1)


def read(path: Path) -> tuple[Wanted, ...]:
    """The baskets of a file.

    Raises:
        MisconfiguredError: it has none, or some that cannot be.
    """
    try:
        told = Wishes.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).baskets
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisconfiguredError(f"{path}: cannot be read as TOML") from error
    except ValidationError as error:
        wrong = (f"{path}: {line}" for line in explain(error, Wishes))
        raise MisconfiguredError(*wrong) from error
    for number, one in enumerate(told, 1):
        if not 1 <= len(one.lines) <= MOST_LINES:
            raise MisconfiguredError(f"{path}: basket {number} has 1 to {MOST_LINES} lines")
        if not all(1 <= units <= MOST_UNITS for units in one.lines.values()):
            raise MisconfiguredError(
                f"{path}: basket {number} has 1 to {MOST_UNITS:,} units a line"
            )
    return told


async def _proved(
    settings: Settings, wanted: Sequence[Wanted] | None, *, count: int, seed: int
) -> Proof:
    """Over connections that are opened for it, and an embedded store."""
    settings = settings.model_copy(update={"store": Store()})
    gateway = Gateway(settings, plan(settings, connectors()), environ=os.environ)
    app = gateway.app()
    async with app.router.lifespan_context(app):
        if wanted is None:
            wanted = await made_up(gateway.services, count=count, seed=seed)
        return await proved(gateway.services, wanted)


async def made_up(services: Services, *, count: int, seed: int) -> list[Wanted]:
    """Baskets of what the catalogue has, the same for the same seed.

    By members of each group that rules name, and by nobody in particular, in turns.
    """
    skus: list[Sku] = []
    after, chance = None, Random(seed)  # noqa: S311  to be repeated, not to be secret
    while len(skus) < MOST_SKUS:
        query = ProductQuery(first=PAGE, locale=Locale("en"), after=after)
        page = (await services.products.browse(query, _inquiry())).value
        if page is None:
            break
        skus += [one.sku for edge in page.edges for one in edge.product.variants]
        if not page.has_next or not page.edges:
            break
        after = page.edges[-1].cursor
    codes = sorted(services.rules.coupons)
    whose: list[tuple[str, ...]] = [*((one,) for one in sorted(services.rules.groups)), ()]
    return [
        Wanted(
            lines={
                sku: chance.choice((1, 1, 1, 2, 3, 5))
                for sku in chance.sample(sorted(skus), k=min(len(skus), chance.randint(1, 5)))
            },
            codes=tuple(code for code in codes if chance.random() < 1 / 3),
            groups=whose[number % len(whose)],
        )
        for number in range(count if skus else 0)
    ]


async def proved(services: Services, wanted: Sequence[Wanted]) -> Proof:
    """What the baskets cost through all channels, compared with the first of their currency."""
    channels = [rules.named(code) for code, rules in services.channels.items()]
    proof, comparison = Proof(wanted, channels), Comparison(services.rules)
    by_currency = groupby(sorted(channels, key=lambda one: one.currency), lambda one: one.currency)
    groups = [list(group) for _, group in by_currency]
    for number, basket in enumerate(wanted, 1):
        found: list[Difference] = []
        buyer = await _buyer(services, basket, number)
        for group in groups:
            seen = [await _bought(services, channel, basket, buyer) for channel in group]
            for one in seen:
                found += comparison.alone(one)
            for other in seen[1:]:
                found += comparison.between(seen[0], other)
        if found:
            proof.differences[number] = found
    return proof


async def _buyer(services: Services, wanted: Wanted, number: int) -> CustomerId | None:
    """A customer in the groups of a basket; None where it has none.

    Raises:
        MisconfiguredError: there is no such group.
    """
    if not wanted.groups:
        return None
    people = services.people
    somebody = await people.profiles.register(" ".join(wanted.groups), ProfileChange())
    try:
        await people.groups.set(somebody.id, somebody.version, wanted.groups)
    except InvalidCustomerInput as error:
        raise MisconfiguredError(f"basket {number}: {error}") from error
    return somebody.id


async def _bought(
    services: Services, channel: Channel, wanted: Wanted, buyer: CustomerId | None
) -> Seen:
    """What a cart says, of what is sold there."""
    request = Request(now=utc_now(), inquiry=_inquiry(), by=THE_HOUSE)
    items = [(Sku(sku), units) for sku, units in wanted.lines.items()]
    while True:
        try:
            cart = await services.carts.create(channel.code, items, request, buyer)
            break
        except VariantNotSold as refusal:
            items = [one for one in items if one[0] not in refusal.skus]
    if wanted.codes:
        codes = services.cart_codes
        cart = await codes.set(cart.id, cart.version, wanted.codes, request)
    pages = await _pages(services, channel, cart)
    lines = {
        line.sku: Bought(
            price=line.price.amount,
            tax_included=line.price.tax_included,
            price_list=line.price.price_list,
            discounts=line.discounts,
            total=line.total,
            page=pages.get(line.sku),
        )
        for line in cart.lines
    }
    groups = tuple(sorted(services.rules.groups.intersection(wanted.groups)))
    return Seen(basket=basket_of(cart, request.now), lines=lines, groups=groups)


async def _pages(services: Services, channel: Channel, cart: Cart) -> Mapping[Sku, Money]:
    """What their pages say of one unit; nothing of what has a price for some customers alone."""
    pricing = services.pricing
    found = await pricing.prices(cart.skus, channel=channel, inquiry=_inquiry())
    active = pricing.rules(channel.code)
    lists, told = services.rules.told.lists, {}
    for line in cart.lines:
        if (name := line.price.price_list) is not None and not admits(lists[name], ANYBODY):
            continue
        reading = found[line.sku]
        if active is not None and active.public and reading.value is not None:
            one = alone(reading.value, active, channel.code, line.price.categories)
            told[line.sku] = one.total
        elif reading.value is not None:
            told[line.sku] = reading.value.amount
    return told


def _told(wanted: Wanted) -> str:
    lines = ", ".join(f"{units} x {sku}" for sku, units in wanted.lines.items())
    lines += f" with {', '.join(wanted.codes)}" if wanted.codes else ""
    return lines + (f" by {', '.join(wanted.groups)}" if wanted.groups else "")


def _said(one: Difference) -> str:
    first, other = one.channels
    rules = ", ".join(one.rules) or "UNEXPLAINED"
    where = f"{first}: {one.before}, {other}: {one.after}"
    if first == other:
        where = f"{first}: by the rules {one.before}, told {one.after}"
    what = one.aspect if one.sku is None else f"{one.sku} {one.aspect}"
    return f"{what}: {where} <- {rules}"


def _inquiry() -> Inquiry:
    return Inquiry(Deadline.after(LONGEST), Report())
