"""What does an EDIFACT inventory report (INVRPT) say?"""

from collections.abc import Iterator
from datetime import datetime

from connectors.filedrop.dating import edifact_instant
from connectors.filedrop.documents import (
    Level,
    Mistake,
    Placed,
    StockList,
    Unreadable,
    named,
    stock_list,
    whole_units,
)
from connectors.filedrop.edifact import Interchange, Message, Segment, interchange
from connectors.filedrop.sections import Dates, Numbering
from connectors.filedrop.settings import Stock

ON_HAND, RESERVED, DAMAGED = ("145", "17"), ("66",), ("124",)
KNOWN = (*ON_HAND, *RESERVED, *DAMAGED)
NUMBERS: dict[Numbering, tuple[str, ...]] = {
    "buyer": ("IN", "BP"),
    "supplier": ("SA", "VN"),
    "gtin": ("EN", "SRV", "UP"),
}
DOCUMENT_DATE, REPORT_DATE = "137", "366"
WAREHOUSE = "WH"


def read_stock(data: bytes, stock: Stock, *, most: int) -> StockList:
    """The levels of an interchange of inventory reports.

    Raises:
        Unreadable: it is none.
    """
    found = interchange(data, most=most)
    mistakes: list[Mistake] = []
    dates: list[datetime] = []
    rows: list[Placed] = []
    for message in found.messages:
        if message.kind != "INVRPT":
            raise Unreadable(message.head.wrong("is no INVRPT"))
        as_of = said_at(message, stock.dates, (REPORT_DATE, DOCUMENT_DATE))
        dates.append(as_of)
        for item in _items(message, found, stock):
            try:
                rows += list(item.levels(as_of))
            except Unreadable as unreadable:
                mistakes.extend(unreadable.mistakes)
    return stock_list(rows, mistakes, as_of=max(dates), sequence=found.sequence)


def said_at(message: Message, dates: Dates, qualifiers: tuple[str, ...]) -> datetime:
    """The first of these dates that the head of a message has.

    Raises:
        Unreadable: it has none of them, or it cannot be read.
    """
    told: dict[str, Segment] = {}
    for one in head(message):
        if one.tag == "DTM":
            told.setdefault(one.get(1), one)
    for qualifier in qualifiers:
        if (date := told.get(qualifier)) is not None:
            try:
                return edifact_instant(date.get(1, 1), date.get(1, 2), dates)
            except ValueError as error:
                raise Unreadable(date.wrong(str(error))) from None
    raise Unreadable(message.head.wrong(f"the message has no date (DTM+{qualifiers[-1]})"))


def head(message: Message) -> Iterator[Segment]:
    """The segments before the first line or package."""
    for one in message.segments:
        if one.tag in {"LIN", "CPS", "UNS"}:
            return
        yield one


def number_of(segments: list[Segment], numbered_by: Numbering) -> str:
    """The number of an article, out of its LIN and PIA segments.

    Raises:
        Unreadable: it has none of that kind.
    """
    wanted = NUMBERS[numbered_by]
    for one in segments:
        first = {"LIN": 3, "PIA": 2}.get(one.tag, len(one.elements) + 1)
        for element in range(first, len(one.elements) + 1):
            if one.get(element, 1) in wanted:
                try:
                    return named(one.get(element))
                except ValueError as error:
                    raise Unreadable(one.wrong(f"the article number {error}")) from None
    raise Unreadable(segments[0].wrong(f"has no article number of the {numbered_by}"))


class _Item:
    """A line of a report: an article, and quantities with the places that they are at."""

    def __init__(self, segments: list[Segment], decimal: str, place: str | None, by: Stock) -> None:
        self._segments = segments
        self._decimal = decimal
        self._place = place
        self._by = by

    def levels(self, as_of: datetime) -> Iterator[Placed]:
        first = self._segments[0]
        sku = number_of(self._segments, self._by.numbered_by)
        by_place: dict[str, dict[str, int]] = {}
        for quantity, place in self._quantities(sku):
            told = by_place.setdefault(place, {})
            units = self._units(quantity, sku)
            if told.setdefault(quantity.get(1), units) != units:
                raise Unreadable(quantity.wrong("told before with another quantity", sku))
        for place, told in by_place.items():
            on_hand = [told[one] for one in ON_HAND if one in told]
            if not on_hand:
                raise Unreadable(first.wrong("has no quantity that is in stock (145)", sku))
            level = Level(sku, place, on_hand[0], told.get("66", 0), told.get("124", 0), as_of)
            yield Placed(level, first.line, first.column)

    def _quantities(self, sku: str) -> list[tuple[Segment, str]]:
        """Each quantity, and where it is; where some say so, those that do not are their sums."""
        found: list[tuple[Segment, str | None]] = []
        for one in self._segments:
            if one.tag == "QTY":
                found.append((one, None))
            elif one.tag == "LOC" and found and found[-1][1] is None:
                found[-1] = (found[-1][0], one.get(2))
        found = [(one, place) for one, place in found if one.get(1) in KNOWN]
        if not found:
            raise Unreadable(self._segments[0].wrong("has no quantity", sku))
        located = [(one, place) for one, place in found if place is not None]
        if not located and self._place is None:
            raise Unreadable(self._segments[0].wrong("says no place", sku))
        return located or [(one, self._place or "") for one, _ in found]

    def _units(self, one: Segment, sku: str) -> int:
        try:
            return whole_units(one.get(1, 1), self._decimal)
        except ValueError as error:
            raise Unreadable(one.wrong(f"the quantity {error}", sku)) from None


def _items(message: Message, found: Interchange, stock: Stock) -> Iterator[_Item]:
    warehouses = [
        one.get(2) for one in head(message) if one.tag == "NAD" and one.get(1) == WAREHOUSE
    ]
    place = next(filter(None, warehouses), stock.place)
    for segments in lines(message):
        yield _Item(segments, found.decimal, place, stock)


def lines(message: Message) -> Iterator[list[Segment]]:
    """The segments of each line."""
    current: list[Segment] = []
    for one in message.segments:
        if one.tag in {"LIN", "UNS", "CPS"}:
            if current:
                yield current
            current = [one] if one.tag == "LIN" else []
        elif current:
            current.append(one)
    if current:
        yield current
