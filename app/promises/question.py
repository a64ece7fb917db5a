"""What is asked, and what had to be read to answer it?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from app.availability.model import FulfilmentMethod, Spot
from app.locations.model import Places
from app.ports import Price, Product
from app.promises.geography import Area
from app.promises.model import Destination, Line
from app.promises.quoting import Basket
from app.promises.ranking import Preference
from app.promises.refusals import QuantityRefused, SkuRefused
from app.promises.steps import Steps
from app.promises.stock import Seen
from app.settings import Channel as ChannelRules
from app.settings import Promises
from app.upstream.readings import Reading
from app.upstream.report import Freshness
from app.values import Channel, LocationCode, Sku

MOST_UNITS = 9_999  # of one SKU
MOST_LINES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Lines, and where they are to go.

    `stores` for methods that end in a store (none: the nearest); `in_store` is where the shopper
    stands; `preference` None: the retailer's. What the `holder` holds counts as there; `held`: that
    is all of it, so that stock need not be looked at. Units come from `among` these spots only;
    None: from all that the channel sells from. `steps` are what all questions of one operation have
    together; None: this one has what the rules allow.
    """

    lines: tuple[Line, ...]
    channel: Channel
    selling: ChannelRules
    methods: tuple[FulfilmentMethod, ...]
    destination: Destination | None = None
    stores: tuple[LocationCode, ...] = ()
    in_store: LocationCode | None = None
    preference: Preference | None = None
    max_age: timedelta | None = None
    holder: str | None = None
    held: bool = False
    among: frozenset[Spot] | None = None
    steps: Steps | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was read for a question, at one moment."""

    question: Question
    basket: Basket
    places: Places
    stock: Seen
    area: Area | None
    prices: Mapping[Sku, str] = field(default_factory=dict)


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Each SKU once, in order.

    Raises:
        QuantityRefused: a quantity, or the number of lines, cannot be.
    """
    units: dict[Sku, int] = {}
    for number, line in enumerate(lines):
        where = ("input", "lines", str(number), "quantity")
        if not 1 <= line.quantity <= MOST_UNITS:
            raise QuantityRefused(f"quantity is between 1 and {MOST_UNITS:,}.", *where)
        units[line.sku] = units.get(line.sku, 0) + line.quantity
        if units[line.sku] > MOST_UNITS:
            raise QuantityRefused(f"There are at most {MOST_UNITS:,} units of a SKU.", *where)
    if not 1 <= len(units) <= MOST_LINES:
        raise QuantityRefused(f"There are 1 to {MOST_LINES} lines.", "input", "lines")
    return tuple(Line(sku, units[sku]) for sku in sorted(units))


def known(
    asked: Collection[Line],
    products: Mapping[Sku, Reading[Product]],
    prices: Mapping[Sku, Reading[Price]],
    channel: Channel,
) -> None:
    """See that every SKU exists and is sold; where nobody could say, it is taken for so.

    Raises:
        SkuRefused: one does not, or is not.
    """
    for number, line in enumerate(asked):
        where = ("input", "lines", str(number), "sku")
        if _none(products.get(line.sku)):
            message = f"There is no SKU {line.sku!r}."
            raise SkuRefused(message, *where, sku=line.sku, sold=True)
        if _none(prices.get(line.sku)):
            message = f"{line.sku!r} is not sold through {channel.code}."
            raise SkuRefused(message, *where, sku=line.sku, sold=False)


def _none(reading: Reading[Product] | Reading[Price] | None) -> bool:
    """Whether its owner answered that there is none."""
    return (
        reading is not None and reading.value is None and reading.freshness is not Freshness.UNKNOWN
    )


def basket(
    lines: tuple[Line, ...], prices: Mapping[Sku, Reading[Price]], channel: Channel, rules: Promises
) -> Basket:
    """What is ordered; its worth is unknown when one price is."""
    amounts = [(prices.get(line.sku), line.quantity) for line in lines]
    goods: Decimal | None = Decimal(0)
    for reading, count in amounts:
        price = None if reading is None else reading.value
        goods = None if goods is None or price is None else goods + price.amount.amount * count
    return Basket(
        lines=lines,
        grams=tuple(rules.grams(line.sku) for line in lines),
        goods=goods,
        currency=channel.currency,
    )


def told_prices(prices: Mapping[Sku, Reading[Price]]) -> dict[Sku, str]:
    """Prices as they are put into a digest; one that nobody could say is empty."""
    return {
        sku: "" if one.value is None else f"{one.value.amount.amount} {one.value.amount.currency}"
        for sku, one in prices.items()
    }
