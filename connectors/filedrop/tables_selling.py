"""How do tables tell what we have and what has left, and what orders do they hold?"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from connectors.filedrop.dating import instant
from connectors.filedrop.documents import Mistake, Unreadable, named, read_each, whole_units
from connectors.filedrop.sections import Documents
from connectors.filedrop.selling import (
    Acceptance,
    Despatch,
    Offered,
    Publication,
    Sale,
    SaleLine,
    SaleList,
    Withdrawal,
    Word,
    amount,
    checked,
    country,
    currency,
    free_text,
    order_number,
    pieces,
    sale_list,
)
from connectors.filedrop.selling_settings import Listings, Sales, SaleState
from connectors.filedrop.tables import Row, rows_of, table_of

WORD_COLUMNS = (
    "action", "number", "order", "line", "sku", "quantity", "carrier", "carrier_name", "service",
    "tracking", "shipped_at", "told_at",
)  # fmt: skip


class _Told(NamedTuple):
    """One row: the order as far as it tells of it, and its line, if it names one."""

    number: str
    state: SaleState
    line: SaleLine | None
    sale: Sale | None
    as_of: datetime | None
    row: Row


def write_listing(publication: Publication, listings: Listings) -> bytes:
    """A table of what is offered; what is not known is left empty."""
    rows = (_offer(one, listings) for one in publication.offers)
    return table_of(rows, listings.columns, listings.table)


def _offer(one: Offered, listings: Listings) -> dict[str, str]:
    return {
        "sku": one.sku,
        "place": listings.place,
        "quantity": "" if one.quantity is None else f"{one.quantity}",
        "price": (one.price or "").replace(".", listings.table.decimal),
        "currency": one.currency or "",
        "as_of": one.as_of.isoformat(),
    }


def write_word(word: Word, terms: Documents) -> bytes:
    """A table with one row for an order that we have, or one for each line that left."""
    names = {name: name for name in WORD_COLUMNS}
    return table_of(_word_rows(word), names, terms.table)


def _word_rows(word: Word) -> Iterator[dict[str, str]]:
    head = {"number": word.number, "order": word.of, "told_at": word.told_at.isoformat()}
    if isinstance(word, Acceptance):
        yield {**head, "action": "ACCEPT"}
        return
    for line in word.lines:
        yield {**head, **_despatched(word), **line._asdict(), "line": line.reference,
               "quantity": f"{line.quantity}"}  # fmt: skip


def _despatched(word: Despatch) -> dict[str, str]:
    return {
        "action": "DESPATCH", "carrier": word.carrier, "carrier_name": word.carrier_name,
        "service": word.service, "tracking": word.tracking,
        "shipped_at": word.shipped_at.isoformat(),
    }  # fmt: skip


def read_sales(data: bytes, sales: Sales, *, most: int) -> SaleList:
    """The orders and cancellations of a table.

    Raises:
        Unreadable: it is no such table.
    """
    mistakes: list[Mistake] = []
    rows = rows_of(data, sales.table, sales.columns, mistakes, most)
    by_number: dict[str, list[_Told]] = {}
    latest: datetime | None = None
    for told in read_each(rows, lambda row: _told(row, sales), mistakes):
        by_number.setdefault(told.number, []).append(told)
        latest = max(filter(None, (latest, told.as_of)), default=None)

    def whole(found: Sequence[_Told]) -> tuple[Sale | Withdrawal, Mistake]:
        number, line = found[0].number, found[0].row.line
        return _order(number, found), Mistake(line, 1, "", number)

    read = read_each(by_number.values(), whole, mistakes)
    return sale_list(read, mistakes, as_of=latest)


def _order(number: str, found: Sequence[_Told]) -> Sale | Withdrawal:
    going = [one for one in found if one.state != "CANCELLED"]
    lines = [one.line for one in found if one.line is not None]
    if not going:
        whole = len(lines) < len(found)
        names = frozenset() if whole else frozenset(line.reference for line in lines)
        return Withdrawal(number=number, lines=names)
    first = going[0]
    at = Mistake(first.row.line, 1, "", number)
    for one in going:
        if one.sale != first.sale:
            raise Unreadable(Mistake(one.row.line, 1, "told before with other words", number))
    if first.sale is None or len(lines) < len(found):
        raise Unreadable(at._replace(wrong="is an order and its cancellation"))
    return replace(first.sale, lines=checked(lines, at))


def _told(row: Row, sales: Sales) -> _Told:
    number = row.read("number", order_number)
    state: SaleState = row.read("state", _word_of(sales), "OPEN") if sales.states else "OPEN"
    gone = state == "CANCELLED"
    as_of = None
    if "as_of" in sales.columns and sales.dates.by == "document":
        as_of = row.read("as_of", lambda said: instant(said, sales.dates))
    nameless = not (row.read("line", str.strip, "") or row.read("sku", str.strip, ""))
    line = None if gone and nameless else _line(row, sales, gone=gone)
    sale = None if gone else _head(row, number, state, sales)
    return _Told(number, state, line, sale, as_of, row)


def _word_of(sales: Sales) -> Callable[[str], SaleState]:
    def state(said: str) -> SaleState:
        if (known := sales.states.get(said.strip())) is None:
            raise ValueError("is a word that is not known")
        return known

    return state


def _line(row: Row, sales: Sales, *, gone: bool) -> SaleLine:
    decimal = sales.table.decimal

    def ordered(said: str) -> int:
        units = whole_units(said, decimal)
        return max(0, units) if gone else pieces(units)

    sku = row.read("sku", named, "?" if gone else None)
    return SaleLine(
        reference=row.read("line", named, sku),
        sku=sku,
        quantity=row.read("quantity", ordered, 0 if gone else None),
        unit_price=_money(row, "unit_price", decimal),
        total=_money(row, "line_total", decimal),
        cancelled=gone,
    )


def _money(row: Row, name: str, decimal: str) -> str | None:
    return row.read(name, lambda said: amount(said, decimal), "") or None


def _head(row: Row, number: str, state: SaleState, sales: Sales) -> Sale:
    def moment(said: str) -> datetime:
        return instant(said, sales.dates)

    def later(name: str) -> datetime | None:
        return row.read(name, moment) if row.read(name, str.strip, "") else None

    def text(name: str) -> str | None:
        return row.read(name, free_text, "") or None

    return Sale(
        number=number,
        state=state,
        placed_at=row.read("placed_at", moment),
        currency=row.read("currency", currency, sales.currency),
        total=_money(row, "total", sales.table.decimal),
        marketplace=text("marketplace"),
        buyer=text("buyer"),
        email=text("email"),
        name=text("name"),
        phone=text("phone"),
        address=tuple(filter(None, map(text, ("address", "address2")))),
        postal_code=text("postal_code"),
        city=text("city"),
        region=text("region"),
        country=row.read("country", country, "") or None,
        ship_by=later("ship_by"),
        deliver_from=later("deliver_from"),
        deliver_by=later("deliver_by"),
        lines=(),
    )
