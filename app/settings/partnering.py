"""What does each partner see of what there is, at what price, and how much may it sell?"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from app.settings.pricing import Currency, Pricing
from app.settings.words import Code, Name, Positive, Section

Most = Annotated[int, Field(ge=0, le=1_000_000_000)]
Named = tuple[str, str, Mapping[str, object], str]


def _several(given: object) -> object:
    return (given,) if isinstance(given, str) else given


class Limits(Section):
    """The most that a partner may sell; what is not said is not limited.

    `open_units` are those of one SKU in orders that are not over, and `units_a_day` those of one
    SKU ordered on one day of UTC. An order counts as open for `open_for` at most, since not every
    system says when it is done.
    """

    open_units: Most | None = None
    units_a_day: Most | None = None
    orders_a_day: Most | None = None
    open_for: Positive = timedelta(days=14)

    @property
    def any(self) -> bool:
        """Whether something is limited."""
        return any(
            one is not None for one in (self.open_units, self.units_a_day, self.orders_a_day)
        )


class Partner(Section):
    """The assortment of a partner: `skus` and `locations` are patterns of what it sees.

    `buffer` units of every SKU are kept from it; `channel` is the one it buys through, the default
    one if it is not named. What there is, is looked at every `look_every`. It pays what its
    `price_list` says, one or more of them, in one of `currencies`: those of its lists if none are
    named. `limits` are the most that it may sell.
    """

    skus: tuple[str, ...] = Field(default=("*",), min_length=1)
    locations: tuple[str, ...] = Field(default=("*",), min_length=1)
    buffer: int = Field(default=0, ge=0)
    channel: Code | None = None
    look_every: Positive = timedelta(seconds=5)
    price_list: Annotated[tuple[Name, ...], BeforeValidator(_several)] = ()
    currencies: tuple[Currency, ...] = ()
    limits: Limits = Limits()


def named_by(partners: Mapping[str, Partner], pricing: Pricing) -> Iterator[Named]:
    """Every price list and currency that a partner names: where, which, those there are, what."""
    for partner, one in partners.items():
        lists = {name: pricing.lists[name] for name in one.price_list if name in pricing.lists}
        for name in one.price_list:
            yield f"partners.{partner}.price_list", name, pricing.lists, "price list"
        priced = {told.currency: told for told in lists.values()}
        for currency in one.currencies:
            yield f"partners.{partner}.currencies", currency, priced, "currency of its price lists"
