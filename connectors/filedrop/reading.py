"""Which reader and which writer has each form?"""

from connectors.filedrop import (
    edifact_orders,
    edifact_sales,
    edifact_selling,
    edifact_stock,
    gs1,
    gs1_orders,
    gs1_sales,
    gs1_selling,
    tables,
    tables_selling,
)
from connectors.filedrop.documents import Answers, Cancellation, OrderDocument, StockList
from connectors.filedrop.selling import Publication, SaleList, Word
from connectors.filedrop.selling_settings import Listings, Sales
from connectors.filedrop.settings import Orders, Stock

STOCK = {"csv": tables.read_stock, "edifact": edifact_stock.read_stock, "gs1": gs1.read_stock}
ANSWERS = {
    "csv": tables.read_answers,
    "edifact": edifact_orders.read_answers,
    "gs1": gs1.read_answers,
}
WRITERS = {
    "csv": tables.write_order,
    "edifact": edifact_orders.write_order,
    "gs1": gs1_orders.write_order,
}
SALES = {
    "csv": tables_selling.read_sales,
    "edifact": edifact_sales.read_sales,
    "gs1": gs1_sales.read_sales,
}
LISTINGS = {
    "csv": tables_selling.write_listing,
    "edifact": edifact_selling.write_listing,
    "gs1": gs1_selling.write_listing,
}
WORDS = {
    "csv": tables_selling.write_word,
    "edifact": edifact_selling.write_word,
    "gs1": gs1_selling.write_word,
}
ENDINGS = {"csv": ".csv", "edifact": ".edi", "gs1": ".xml"}


def stock_of(data: bytes, stock: Stock, *, most: int) -> StockList:
    """The levels of a file.

    Raises:
        Unreadable: see its mistakes.
    """
    return STOCK[stock.format](data, stock, most=most)


def answers_of(data: bytes, orders: Orders, *, most: int) -> Answers:
    """The answers of a file.

    Raises:
        Unreadable: see its mistakes.
    """
    return ANSWERS[orders.format](data, orders, most=most)


def written(document: OrderDocument | Cancellation, orders: Orders) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: the document does not fit the form.
    """
    return WRITERS[orders.format](document, orders)


def sales_of(data: bytes, sales: Sales, *, most: int) -> SaleList:
    """The orders of a file.

    Raises:
        Unreadable: see its mistakes.
    """
    return SALES[sales.format](data, sales, most=most)


def listing(publication: Publication, listings: Listings) -> bytes:
    """The bytes of a file."""
    return LISTINGS[listings.format](publication, listings)


def word(told: Word, sales: Sales) -> bytes:
    """The bytes of a file.

    Raises:
        ValueError: the word does not fit the form.
    """
    return WORDS[sales.format](told, sales)
