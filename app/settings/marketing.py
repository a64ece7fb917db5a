"""Which marketplaces sell for us, from where, and what are they told?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from app.settings.pricing import PriceList
from app.settings.retail import Bindings, Channel
from app.settings.words import Code, Name, Positive, Section


class UnknownStock(StrEnum):
    """What a marketplace is told of a SKU of which nobody can say how many there are."""

    ZERO = "ZERO"
    KEEP = "KEEP"


class Market(Section):
    """What a connection to a marketplace does: its orders come in, what we have goes out.

    Orders enter `channel`, and are taken from `locations`, the best first. It is asked for what has
    changed every `poll_every`, each time from `overlap` before where it was.

    Listed are SKUs of the catalogue that match `skus`: what the locations have together, less a
    `buffer`, at the prices of the channel, or first of all those of a `price_list`; no `prices`,
    and only quantities are told. All is looked at every `look_every`; every `resync_every` it is
    compared with what the marketplace shows. `unknown` stock is told once it was so `unknown_for`.
    `publish_within` bounds one publication, of `batch` SKUs.
    """

    channel: Code
    locations: tuple[Code, ...] = Field(min_length=1)
    poll_every: Positive = timedelta(minutes=1)
    overlap: timedelta = Field(default=timedelta(minutes=5), ge=timedelta())
    skus: tuple[str, ...] = ("*",)
    buffer: int = Field(default=0, ge=0)
    prices: bool = True
    price_list: Name | None = None
    look_every: Positive = timedelta(seconds=30)
    resync_every: Positive = timedelta(days=1)
    unknown: UnknownStock = UnknownStock.ZERO
    unknown_for: timedelta = Field(default=timedelta(minutes=10), ge=timedelta())
    batch: int = Field(default=20, ge=1, le=1_000)
    publish_within: Positive = timedelta(seconds=30)


def mistakes(
    markets: Mapping[str, Market],
    bind: Bindings,
    channels: Mapping[str, Channel],
    lists: Mapping[str, PriceList],
) -> Iterator[str]:
    """What of the markets cannot be, one line each; of names that are not there, others tell."""
    for name, one in markets.items():
        for code in one.locations:
            if bind.stock_source(code) is None:
                yield f"markets.{name}.locations: no connection knows the stock of {code!r}"
        listed = None if one.price_list is None else lists.get(one.price_list)
        channel = channels.get(one.channel)
        if listed is not None and channel is not None and listed.currency != channel.currency:
            yield f"markets.{name}.price_list is not in the currency of the channel"
        if listed is not None and not listed.tax_included:
            yield f"markets.{name}.price_list has prices without taxes, which no buyer pays"
        if one.price_list is not None and not one.prices:
            yield f"markets.{name}: price_list is for prices, which are not told"
