"""Which reader and which writer has each form?"""

from connectors.filedrop import edifact_orders, edifact_stock, gs1, gs1_orders, tables
from connectors.filedrop.documents import Answers, Cancellation, OrderDocument, StockList
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
