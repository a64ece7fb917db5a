"""What do EDIFACT orders that a partner took (ORDERS) and their cancellations (ORDCHG) say?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from connectors.filedrop.dating import edifact_instant
from connectors.filedrop.documents import Mistake, Unreadable, named, read_each, whole_units
from connectors.filedrop.edifact import Interchange, Message, Segment, interchange
from connectors.filedrop.edifact_stock import DOCUMENT_DATE, head, lines, number_of, said_at
from connectors.filedrop.selling import (
    Sale,
    SaleLine,
    SaleList,
    Withdrawal,
    amount,
    checked,
    country,
    currency,
    free_text,
    order_number,
    pieces,
    sale_list,
)
from connectors.filedrop.selling_settings import Sales

T = TypeVar("T")
WHOLE = frozenset({"", "9", "5"})  # an original, or one in place of it
CANCELS, CHANGES, DELETED = "1", "4", "2"
DESTINATIONS = ("DP", "ST", "UC")
SHIP_BY, DELIVER_FROM, DELIVER_BY = ("10",), ("64",), ("2", "63")
PRICES, TOTALS = ("AAA", "AAB", "AAE"), ("86", "77", "9")


def read_sales(data: bytes, sales: Sales, *, most: int) -> SaleList:
    """The orders and cancellations of an interchange.

    Raises:
        Unreadable: it is none.
    """
    found = interchange(data, most=most)
    dates = [said_at(one, sales.dates, (DOCUMENT_DATE,)) for one in found.messages]

    def told(message: Message) -> tuple[Sale | Withdrawal, Mistake]:
        return _read(message, found, sales), message.head.wrong("")

    mistakes: list[Mistake] = []
    read = read_each(found.messages, told, mistakes)
    return sale_list(read, mistakes, as_of=max(dates), sequence=found.sequence)


def _read(message: Message, found: Interchange, sales: Sales) -> Sale | Withdrawal:
    begin = next((one for one in message.segments if one.tag == "BGM"), None)
    if begin is None:
        raise Unreadable(message.head.wrong("the message has no BGM"))
    function = begin.get(3)
    match message.kind:
        case "ORDERS" if function in WHOLE:
            return _sale(_Order(message, begin, found.decimal, sales))
        case "ORDERS" if function == CANCELS:
            return Withdrawal(number=_said(begin, begin.get(2), order_number, "the number"))
        case "ORDCHG" if function in {CANCELS, CHANGES}:
            return _withdrawal(message, begin)
        case "ORDERS" | "ORDCHG":
            raise Unreadable(begin.wrong("is neither an order nor a cancellation"))
    raise Unreadable(message.head.wrong("is neither ORDERS nor ORDCHG"))


def _withdrawal(message: Message, begin: Segment) -> Withdrawal:
    orders = [one for one in head(message) if one.tag == "RFF" and one.get(1) == "ON"]
    if len(orders) != 1:
        raise Unreadable(begin.wrong("names not exactly one order (RFF+ON)"))
    number = _said(orders[0], orders[0].get(1, 1), order_number, "the number")
    if begin.get(3) == CANCELS:
        return Withdrawal(number=number)
    gone = [segments[0] for segments in lines(message)]
    for one in gone:
        if one.get(2) != DELETED:
            raise Unreadable(one.wrong("changes a line; only whole lines may be cancelled", number))
    if not gone:
        raise Unreadable(begin.wrong("changes nothing of the order", number))
    names = frozenset(_said(one, one.get(1), named, "the name") for one in gone)
    return Withdrawal(number=number, lines=names)


class _Order:
    """A message, by the parts that tell of an order."""

    def __init__(self, message: Message, begin: Segment, decimal: str, sales: Sales) -> None:
        self.begin = begin
        self.sales = sales
        self.lines = list(lines(message))
        self.number = _said(begin, begin.get(2), order_number, "the number")
        self.decimal = decimal
        self._head = list(head(message))
        ends = [at for at, one in enumerate(message.segments) if one.tag == "UNS"]
        self.tail = message.segments[ends[0] :] if ends else ()
        self.currency = self._currency()

    def date(self, qualifiers: Sequence[str]) -> datetime | None:
        """The first of these dates, of its head."""
        for one in self._head:
            if one.tag == "DTM" and one.get(1) in qualifiers:
                read = partial(edifact_instant, form=one.get(1, 2), dates=self.sales.dates)
                return _said(one, one.get(1, 1), read)
        return None

    def destination(self) -> list[Segment]:
        """Where the goods go: the party, and what is said of it."""
        parties: dict[str, list[Segment]] = {}
        current: list[Segment] = []
        for one in self._head:
            if one.tag == "NAD":
                current = parties.setdefault(one.get(1), [])
            if one.tag in {"NAD", "CTA", "COM"}:
                current.append(one)
        return next((parties[one] for one in DESTINATIONS if one in parties), [])

    def _currency(self) -> str:
        for one in self._head:
            if one.tag == "CUX":
                return _said(one, one.get(1, 1), currency, "the currency", self.number)
        if self.sales.currency is None:
            raise Unreadable(self.begin.wrong("says no currency (CUX)", self.number))
        return self.sales.currency

    def money(self, segments: Iterable[Segment], tag: str, kinds: Sequence[str]) -> str | None:
        """The first amount of one of these kinds that is there."""
        for one in segments:
            if one.tag == tag and one.get(1) in kinds and one.get(1, 1):
                return _said(one, one.get(1, 1), self._amount, "the amount", self.number)
        return None

    def _amount(self, said: str) -> str:
        return amount(said, self.decimal)


def _sale(order: _Order) -> Sale:
    begin, number = order.begin, order.number
    if (placed_at := order.date((DOCUMENT_DATE,))) is None:
        raise Unreadable(begin.wrong("the message has no date (DTM+137)", number))
    party = order.destination()
    place = party[0] if party else Segment("NAD", (), begin.line, begin.column)
    contacts = {one.get(1, 1): one.get(1) for one in party if one.tag == "COM"}
    written = [said for component in range(4) if (said := place.get(5, component))]
    name = _text(place, place.get(4), number)
    contact = next((one.get(2, 1) for one in party if one.tag == "CTA"), "")
    code = place.get(9)
    return Sale(
        number=number,
        placed_at=placed_at,
        currency=order.currency,
        lines=checked(_lines(order), begin.wrong("", number)),
        total=order.money(order.tail, "MOA", TOTALS),
        buyer=_text(place, contact, number) or name,
        email=_text(place, contacts.get("EM", ""), number),
        name=name,
        phone=_text(place, contacts.get("TE", ""), number),
        address=tuple(filter(None, (_text(place, said, number) for said in written))),
        postal_code=_text(place, place.get(8), number),
        city=_text(place, place.get(6), number),
        region=_text(place, place.get(7), number),
        country=_said(place, code, country, "the country", number) if code else None,
        ship_by=order.date(SHIP_BY),
        deliver_from=order.date(DELIVER_FROM),
        deliver_by=order.date(DELIVER_BY),
    )


def _lines(order: _Order) -> Iterator[SaleLine]:
    for segments in order.lines:
        first, number = segments[0], order.number
        quantities = [one for one in segments if one.tag == "QTY" and one.get(1) == "21"]
        if len(quantities) != 1:
            raise Unreadable(first.wrong("has not exactly one quantity ordered (21)", number))
        yield SaleLine(
            reference=_said(first, first.get(1), named, "the name", number),
            sku=number_of(segments, order.sales.numbered_by),
            quantity=_said(
                quantities[0],
                quantities[0].get(1, 1),
                lambda said: pieces(whole_units(said, order.decimal)),
                "the quantity",
                number,
            ),
            unit_price=order.money(segments, "PRI", PRICES),
            total=order.money(segments, "MOA", ("203",)),
        )


def _text(segment: Segment, said: str, about: str) -> str | None:
    return _said(segment, said, free_text, "a text", about) or None


def _said(
    segment: Segment,
    said: str,
    reader: Callable[[str], T],
    what: str = "it",
    about: str | None = None,
) -> T:
    try:
        return reader(said)
    except ValueError as error:
        raise Unreadable(segment.wrong(f"{what} {error}", about)) from None
