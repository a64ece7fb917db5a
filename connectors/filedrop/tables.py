"""What does a table say? CSV in the partner's dialect, with the partner's headers."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from connectors.filedrop.dating import instant
from connectors.filedrop.documents import (
    Answer,
    Answers,
    Cancellation,
    Level,
    Mistake,
    OrderDocument,
    Placed,
    StockList,
    Unreadable,
    encoded,
    named,
    read_each,
    stock_list,
    whole_units,
)
from connectors.filedrop.sections import Dialect
from connectors.filedrop.settings import Orders, State, Stock

T = TypeVar("T")
K = TypeVar("K", bound=str)
ORDER_COLUMNS = (
    "action", "number", "of", "placed_at", "due_by", "method", "sku", "place", "quantity",
    "unit_price", "line_total", "delivery", "total", "currency", "name", "email", "phone",
    "address", "postal_code", "city", "region", "country",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would carry out what begins so
FREE = frozenset(
    {"name", "address", "postal_code", "city", "region", "carrier", "carrier_name", "service"}
)  # what people write


class Row:
    """One line of a table, by our names of its columns."""

    def __init__(self, line: int, cells: Sequence[str], places: Mapping[str, int]) -> None:
        self.line = line
        self._cells = cells
        self._places = places

    def read(self, name: str, reader: Callable[[str], T], default: T | None = None) -> T:
        """The value of a column; `default` where the table has none or says nothing.

        Raises:
            Unreadable: it cannot be read.
        """
        place = self._places.get(name)
        said = "" if place is None else self._cells[place]
        if default is not None and not said.strip():
            return default
        try:
            return reader(said)
        except ValueError as error:
            mistake = Mistake(self.line, (place or 0) + 1, f"{name} {error}", self.about)
            raise Unreadable(mistake) from None

    @property
    def about(self) -> str | None:
        """Which SKU or number it is about, as far as it can be read."""
        for name in ("number", "sku"):
            place = self._places.get(name)
            if place is not None and self._cells[place].strip():
                return self._cells[place].strip()[:100]
        return None


def read_stock(data: bytes, stock: Stock, *, most: int) -> StockList:
    """The levels of a table.

    Raises:
        Unreadable: it is no such table.
    """
    mistakes: list[Mistake] = []
    rows = rows_of(data, stock.table, stock.columns, mistakes, most)
    found = read_each(rows, lambda row: Placed(_level(row, stock), row.line, 1), mistakes)
    return stock_list(list(found), mistakes, as_of=None)


def _level(row: Row, stock: Stock) -> Level:
    def units(said: str) -> int:
        return whole_units(said, stock.table.decimal)

    as_of = None
    if "as_of" in stock.columns and stock.dates.by == "document":
        as_of = row.read("as_of", lambda said: instant(said, stock.dates))
    return Level(
        sku=row.read("sku", named),
        place=row.read("place", named, stock.place),
        on_hand=row.read("on_hand", units),
        reserved=row.read("reserved", units, 0),
        damaged=row.read("damaged", units, 0),
        as_of=as_of,
    )


def read_answers(data: bytes, orders: Orders, *, most: int) -> Answers:
    """The answers of a table.

    Raises:
        Unreadable: it is no such table.
    """
    mistakes: list[Mistake] = []
    rows = rows_of(data, orders.table, orders.columns, mistakes, most)
    found = list(read_each(rows, lambda row: _answer(row, orders), mistakes))
    latest = max((as_of for _, as_of in found if as_of is not None), default=None)
    answers = tuple(answer for answer, _ in found)
    return Answers(answers=answers, mistakes=tuple(mistakes), as_of=latest)


def _answer(row: Row, orders: Orders) -> tuple[Answer, datetime | None]:
    def state(said: str) -> State:
        if (known := orders.states.get(said.strip())) is None:
            raise ValueError("is a word that is not known")
        return known

    as_of = None
    if "as_of" in orders.columns and orders.dates.by == "document":
        as_of = row.read("as_of", lambda said: instant(said, orders.dates))
    answer = Answer(
        number=row.read("number", named),
        state=row.read("state", state),
        reference=row.read("reference", named, "") or None,
    )
    return answer, as_of


def rows_of(
    data: bytes,
    dialect: Dialect,
    columns: Mapping[K, str],
    mistakes: list[Mistake],
    most: int,
) -> Iterator[Row]:
    """The rows of a table; what cannot be one is added to `mistakes`.

    Raises:
        Unreadable: it is no table with these columns, or has more rows.
    """
    lines = _lines(decoded(data, dialect), dialect)
    _, header = next(lines, (1, []))
    places = _places(header, columns)
    for count, (line, cells) in enumerate(lines, 1):
        if count > most:
            raise Unreadable(Mistake(line, 1, f"more than {most} rows"))
        if len(cells) == len(header):
            yield Row(line, cells, places)
        elif any(cell.strip() for cell in cells):
            wrong = f"{len(cells)} cells, the header has {len(header)}"
            mistakes.append(Mistake(line, len(cells), wrong))


def decoded(data: bytes, dialect: Dialect) -> str:
    """The text.

    Raises:
        Unreadable: it is empty, or not in the encoding that was agreed.
    """
    if dialect.encoding == "utf-8":
        data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode(dialect.encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise Unreadable(Mistake(line, column, f"is not {dialect.encoding}")) from None
    if not text.strip():
        raise Unreadable(Mistake(1, 1, "the file is empty"))
    if (at := text.find("\0")) >= 0:
        raise Unreadable(Mistake(text.count("\n", 0, at) + 1, 1, "holds a NUL"))
    return text


def _lines(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, and the line that it begins in."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        strict=True,
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(Mistake(line, 1, f"is not CSV: {error}")) from None
        if cells is None:
            return
        yield line, cells


def _places(header: Sequence[str], columns: Mapping[K, str]) -> Mapping[str, int]:
    names = [cell.strip() for cell in header]
    mistakes = []
    for name, column in columns.items():
        if (count := names.count(column)) != 1:
            wrong = f"the header has no column for {name}" if not count else f"two for {name}"
            mistakes.append(Mistake(1, 1, wrong))
    if mistakes:
        raise Unreadable(*mistakes)
    return {name: names.index(column) for name, column in columns.items()}


def write_order(document: OrderDocument | Cancellation, orders: Orders) -> bytes:
    """A table with a row for each line; what buyers write cannot be a spreadsheet's formula."""
    names = {name: name for name in ORDER_COLUMNS}
    return table_of(_order_rows(document), names, orders.table)


def table_of(
    rows: Iterable[Mapping[str, str]], columns: Mapping[K, str], dialect: Dialect
) -> bytes:
    """A table with these headers; what people wrote in it is no formula of a spreadsheet."""
    written = io.StringIO(newline="")
    table = csv.writer(written, delimiter=dialect.delimiter, quotechar=dialect.quote)
    table.writerow(columns.values())
    for row in rows:
        table.writerow([_cell(row, name) for name in columns])
    return encoded(written.getvalue(), dialect.encoding)


def _order_rows(document: OrderDocument | Cancellation) -> Iterator[Mapping[str, str]]:
    if isinstance(document, Cancellation):
        told = document.told_at.isoformat()
        yield {"action": "CANCEL", "number": document.number, "of": document.of, "placed_at": told}
        return
    due = "" if document.due_by is None else document.due_by.isoformat()
    head = {
        "action": "ORDER", "number": document.number, "placed_at": document.placed_at.isoformat(),
        "due_by": due, "method": document.method, "delivery": document.delivery,
        "total": document.total, "currency": document.currency, "name": document.name,
        "email": document.email, "phone": document.phone, **document.address,
    }  # fmt: skip
    for line in document.lines:
        yield {
            **head, "sku": line.sku, "place": line.place, "quantity": str(line.quantity),
            "unit_price": line.unit_price, "line_total": line.total,
        }  # fmt: skip


def _cell(row: Mapping[str, str], name: str) -> str:
    cell = row.get(name, "")
    return f"'{cell}" if name in FREE and cell.startswith(FORMULA) else cell
