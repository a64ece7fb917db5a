"""How is each port asked, and how are its answers read, without knowing who answers?"""

from collections.abc import Collection, Hashable
from typing import Any

from app.ports import (
    CatalogSource,
    LocationSource,
    OrderKey,
    OrderSink,
    PaymentKey,
    PaymentProvider,
    PriceSource,
    ProductKey,
    ProductPage,
    ProductQuery,
    StockSource,
)
from app.values import Sku
from connectors.kit.customer_questions import CUSTOMER_QUESTIONS
from connectors.kit.loyalty_questions import LOYALTY_QUESTIONS
from connectors.kit.market_questions import MARKET_QUESTIONS
from connectors.kit.question import Keys, Question, Reading, reading_of, stray_keys
from connectors.kit.receipt_questions import RECEIPT_QUESTIONS
from connectors.kit.specimen import Specimen

__all__ = [
    "BROWSED",
    "QUESTIONS",
    "STOCKED_UP",
    "Keys",
    "Question",
    "Reading",
    "names_of",
    "questions_of",
    "read_page",
]

STOCKED_UP = (OrderKey("T-1"), OrderKey("T-2"))  # written before the port is asked
BROWSED = 50  # products asked for at once


def _skus(specimen: Specimen) -> Keys:
    return specimen.skus


def _no_such_skus(_specimen: Specimen, count: int) -> Keys:
    return tuple(Sku(f"NO-SUCH-SKU-{number:04}") for number in range(count))


async def _stock_levels(connection: StockSource, specimen: Specimen, keys: Keys) -> Reading:
    skus = [Sku(str(key)) for key in keys]
    answer = await connection.stock_levels(skus, tuple(specimen.locations))
    return reading_of(answer, lambda level: (level.sku, level.location))


def _stray_levels(reading: Reading, specimen: Specimen, keys: Keys) -> list[Hashable]:
    asked = {(sku, location) for sku in keys for location in specimen.locations}
    return [key for key, _ in reading.rows if key not in asked]


def _level_faults(level: Any, _specimen: Specimen) -> str | None:
    for name in ("on_hand", "reserved", "damaged", "safety_stock"):
        if type(getattr(level, name)) is not int:
            return f"{name} is not a whole number"
    return None


async def _prices(connection: PriceSource, specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.prices([Sku(str(key)) for key in keys], channel=specimen.channel)
    return reading_of(answer, lambda price: price.sku)


def _price_faults(price: Any, specimen: Specimen) -> str | None:
    if price.amount.currency != specimen.channel.currency:
        return f"is in {price.amount.currency}, the channel's currency is another"
    if not hasattr(price.amount.amount, "as_tuple"):
        return "amount is not an exact decimal"
    return None


async def _locations(connection: LocationSource, _specimen: Specimen, _keys: Keys) -> Reading:
    return reading_of(await connection.locations(), lambda location: location.code)


async def _products(connection: CatalogSource, _specimen: Specimen, keys: Keys) -> Reading:
    asked = [key for key in keys if isinstance(key, ProductKey)]
    return reading_of(await connection.products(asked), lambda product: product.id)


def _product_keys(specimen: Specimen) -> Keys:
    return specimen.product_keys


def _no_such_products(specimen: Specimen, count: int) -> Keys:
    """Of the first kind the specimen is asked by, so that the count of calls compares."""
    kind = specimen.product_keys[0].by
    return tuple(ProductKey(kind, f"no-such-{kind}-{number:04}") for number in range(count))


def _stray_products(reading: Reading, _specimen: Specimen, keys: Keys) -> list[Hashable]:
    asked = set(keys)
    return [key for key, product in reading.rows if not asked & names_of(product)]


def names_of(product: Any) -> set[ProductKey]:
    """Every key that names a product."""
    skus = {ProductKey("sku", variant.sku) for variant in product.variants}
    return {ProductKey("id", product.id), ProductKey("handle", product.handle), *skus}


def _product_faults(product: Any, _specimen: Specimen) -> str | None:
    skus = [variant.sku for variant in product.variants]
    if len(skus) != len(set(skus)):
        return "has a variant twice"
    if any(variant.product_id != product.id for variant in product.variants):
        return "has a variant of another product"
    return None


def read_page(page: ProductPage) -> Reading:
    """A page of a listing, read like any other answer."""
    return Reading(
        rows=tuple((edge.product.id, edge.product) for edge in page.edges),
        as_of=(page.as_of,),
        rejected=len(page.rejected),
    )


async def _browse(connection: CatalogSource, specimen: Specimen, _keys: Keys) -> Reading:
    query = ProductQuery(first=BROWSED, locale=specimen.channel.locale)
    return read_page(await connection.browse(query))


async def _placed(connection: OrderSink, _specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.placed([OrderKey(str(key)) for key in keys])
    return reading_of(answer, lambda order: order.key)


def _no_such_orders(_specimen: Specimen, count: int) -> Keys:
    return tuple(OrderKey(f"NO-SUCH-ORDER-{number:04}") for number in range(count))


async def _payments(connection: PaymentProvider, _specimen: Specimen, keys: Keys) -> Reading:
    answer = await connection.payments([PaymentKey(str(key)) for key in keys])
    return reading_of(answer, lambda payment: payment.key)


QUESTIONS: Collection[Question] = (
    *LOYALTY_QUESTIONS,
    *MARKET_QUESTIONS,
    *RECEIPT_QUESTIONS,
    Question(
        port="StockSource",
        name="stock_levels",
        ask=_stock_levels,
        keys=_skus,
        unknown=_no_such_skus,
        strays=_stray_levels,
        faults=_level_faults,
        figures=True,
    ),
    Question(
        port="PriceSource",
        name="prices",
        ask=_prices,
        keys=_skus,
        unknown=_no_such_skus,
        strays=stray_keys,
        faults=_price_faults,
        figures=True,
    ),
    Question(
        port="OrderSink",
        name="placed",
        ask=_placed,
        keys=lambda _: STOCKED_UP,
        unknown=_no_such_orders,
        strays=stray_keys,
        figures=True,
    ),
    Question(
        port="PaymentProvider",
        name="payments",
        ask=_payments,
        keys=lambda _: STOCKED_UP,
        unknown=_no_such_orders,
        strays=stray_keys,
        figures=True,
    ),
    *CUSTOMER_QUESTIONS,
    Question(port="LocationSource", name="locations", ask=_locations, takes_keys=False),
    Question(
        port="CatalogSource",
        name="products",
        ask=_products,
        keys=_product_keys,
        unknown=_no_such_products,
        strays=_stray_products,
        faults=_product_faults,
    ),
    Question(
        port="CatalogSource",
        name="browse",
        ask=_browse,
        takes_keys=False,
        faults=_product_faults,
    ),
)


def questions_of(port: str) -> tuple[Question, ...]:
    """The questions of one port."""
    return tuple(question for question in QUESTIONS if question.port == port)
