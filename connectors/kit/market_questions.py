"""How are a source of orders and a sink of listings asked?"""

from typing import Any

from app.ports import ListingSink, MarketOrderNumber, MarketOrderPage, OrderSource
from app.values import Sku
from connectors.kit.question import Keys, Question, Reading, reading_of
from connectors.kit.specimen import MarketSpecimen, Specimen

PAGE = 50  # orders asked for at once


def market_of(specimen: Specimen) -> MarketSpecimen:
    """The specimen's orders."""
    if specimen.market is None:
        raise LookupError(f"specimen {specimen.label}: OrderSource needs `market`")
    return specimen.market


def read_orders(page: MarketOrderPage) -> Reading:
    """A page of orders, read like any other answer."""
    return Reading(
        rows=tuple((order.number, order) for order in page.orders),
        as_of=(page.as_of,),
        rejected=len(page.rejected),
    )


async def _orders(connection: OrderSource, _specimen: Specimen, _keys: Keys) -> Reading:
    return read_orders(await connection.orders(None, first=PAGE))


async def _numbered(connection: OrderSource, _specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.numbered([MarketOrderNumber(str(key)) for key in keys])
    return reading_of(answer, lambda order: order.number)


async def _listings(connection: ListingSink, _specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.listings([Sku(str(key)) for key in keys])
    return reading_of(answer, lambda listing: listing.sku)


def _strays(reading: Reading, _specimen: Specimen, keys: Keys) -> list[Any]:
    return [key for key, _ in reading.rows if key not in keys]


def _order_faults(order: Any, _specimen: Specimen) -> str | None:
    lines = order.lines
    amounts = [order.total, *(each for one in lines for each in (one.unit_price, one.total))]
    if len({amount.currency for amount in amounts if amount is not None}) > 1:
        return "has amounts in several currencies"
    if any(line.quantity < 0 or line.shipped < 0 for line in lines):
        return "has a line of fewer than no units"
    if len({line.reference for line in lines}) != len(lines):
        return "has two lines of one name"
    times = (order.placed_at, order.changed_at)
    return "has a time without an offset" if any(t.utcoffset() is None for t in times) else None


def _no_such_orders(_specimen: Specimen, count: int) -> Keys:
    return tuple(MarketOrderNumber(f"000-0000000-{number:07}") for number in range(count))


def _no_such_skus(_specimen: Specimen, count: int) -> Keys:
    return tuple(Sku(f"NO-SUCH-SKU-{number:04}") for number in range(count))


MARKET_QUESTIONS = (
    Question(
        port="OrderSource",
        name="orders",
        ask=_orders,
        takes_keys=False,
        faults=_order_faults,
        figures=True,
    ),
    Question(
        port="OrderSource",
        name="numbered",
        ask=_numbered,
        keys=lambda specimen: market_of(specimen).numbers,
        unknown=_no_such_orders,
        strays=_strays,
        faults=_order_faults,
        figures=True,
    ),
    Question(
        port="ListingSink",
        name="listings",
        ask=_listings,
        keys=lambda specimen: specimen.skus,
        unknown=_no_such_skus,
        strays=_strays,
        figures=True,
    ),
)
