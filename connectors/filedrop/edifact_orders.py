"""How are orders written in EDIFACT (ORDERS, ORDCHG), and what is answered (ORDRSP, DESADV)?"""

from collections.abc import Iterator
from functools import partial
from itertools import chain

from connectors.filedrop.documents import (
    Answer,
    Answers,
    Cancellation,
    Mistake,
    OrderDocument,
    OrderLine,
    Unreadable,
    named,
    read_each,
    whole_units,
)
from connectors.filedrop.edifact import Interchange, Message, Segment, escaped, interchange
from connectors.filedrop.edifact_stock import DOCUMENT_DATE, head, lines, said_at
from connectors.filedrop.edifact_writing import (
    dated,
    interchange_of,
    item,
    parties,
    reference_of,
)
from connectors.filedrop.settings import Orders, State

RELEASES = {"D96A": ("D:96A:UN:EAN008", "D:96A:UN:EAN007"), "D01B": ("D:01B:UN:EAN010",) * 2}
FUNCTIONS: dict[str, State] = {
    "29": "ACCEPTED",
    "27": "REFUSED",
    "1": "CANCELLED",
    "12": "RECEIVED",
}
RESPONSES: dict[str, State] = {
    "AP": "ACCEPTED",
    "RE": "REFUSED",
    "AB": "RECEIVED",
    "PE": "RECEIVED",
}
CHANGED = frozenset({"4", "28", "30", "34", "AC", "AI", "CA"})
LINES: dict[str, State] = {"5": "ACCEPTED", "7": "REFUSED"}  # where all are alike
CHANGED_LINES = frozenset({"1", "2", "3", "4", "6", "7"})
DESPATCHED = "12"


def read_answers(data: bytes, orders: Orders, *, most: int) -> Answers:
    """What an interchange of order responses and despatch advices says.

    Raises:
        Unreadable: it is none.
    """
    found = interchange(data, most=most)
    dates = [said_at(one, orders.dates, (DOCUMENT_DATE,)) for one in found.messages]
    mistakes: list[Mistake] = []
    read = read_each(found.messages, partial(_answers, found=found), mistakes)
    answers = tuple(chain.from_iterable(read))
    return Answers(answers=answers, mistakes=tuple(mistakes), as_of=max(dates))


def _answers(message: Message, found: Interchange) -> list[Answer]:
    match message.kind:
        case "ORDRSP":
            return [_response(message)]
        case "DESADV":
            return list(_despatched(message, found.decimal))
    raise Unreadable(message.head.wrong("is neither ORDRSP nor DESADV"))


def _response(message: Message) -> Answer:
    begin = _begin(message)
    orders = [one for one in head(message) if one.tag == "RFF" and one.get(1) == "ON"]
    if len(orders) != 1:
        raise Unreadable(begin.wrong("names not exactly one order (RFF+ON)"))
    number = _number(orders[0], orders[0].get(1, 1))
    reference = _number(begin, begin.get(2))
    return Answer(number, _state(message, begin, number), reference)


def _state(message: Message, begin: Segment, number: str) -> State:
    said = (begin.get(3), begin.get(4))
    actions = {segments[0].get(2) for segments in lines(message)} - {""}
    if CHANGED & set(said):
        raise Unreadable(
            begin.wrong("changes the order, which is taken whole or not at all", number)
        )
    state = FUNCTIONS.get(said[0]) or RESPONSES.get(said[1])
    if state is None and actions:
        state = LINES.get("".join(actions))
    if state is None:
        raise Unreadable(begin.wrong("says neither yes nor no", number))
    if state == "ACCEPTED" and actions & CHANGED_LINES:
        raise Unreadable(begin.wrong("accepts the order and changes lines of it", number))
    return state


def _despatched(message: Message, decimal: str) -> Iterator[Answer]:
    begin = _begin(message)
    of_all = [one.get(1, 1) for one in head(message) if one.tag == "RFF" and one.get(1) == "ON"]
    units: dict[str, int] = {}
    for segments in lines(message):
        own = [one.get(1, 1) for one in segments if one.tag == "RFF" and one.get(1) == "ON"]
        named_by = own or of_all
        if len(named_by) != 1:
            raise Unreadable(segments[0].wrong("names not exactly one order (RFF+ON)"))
        number = _number(segments[0], named_by[0])
        units[number] = units.get(number, 0) + _units(segments, decimal)
    reference = _number(begin, begin.get(2))
    for number, count in units.items():
        yield Answer(number, "COMPLETED", reference, count)


def _units(segments: list[Segment], decimal: str) -> int:
    for one in segments:
        if one.tag == "QTY" and one.get(1) == DESPATCHED:
            try:
                return whole_units(one.get(1, 1), decimal)
            except ValueError as error:
                raise Unreadable(one.wrong(f"the quantity {error}")) from None
    raise Unreadable(segments[0].wrong("has no quantity that was despatched (12)"))


def _begin(message: Message) -> Segment:
    for one in message.segments:
        if one.tag == "BGM":
            return one
    raise Unreadable(message.head.wrong("the message has no BGM"))


def _number(segment: Segment, said: str) -> str:
    try:
        return named(said)
    except ValueError as error:
        raise Unreadable(segment.wrong(f"the number {error}")) from None


def write_order(document: OrderDocument | Cancellation, orders: Orders) -> bytes:
    """An interchange with one message; the same document gives the same bytes.

    Raises:
        ValueError: its number is too long for EDIFACT.
    """
    reference = reference_of(document.number)
    order, change = RELEASES[orders.release]
    if isinstance(document, OrderDocument):
        kind, at, inside = f"ORDERS:{order}", document.placed_at, _order(document, orders)
    else:
        kind, at = f"ORDCHG:{change}", document.told_at
        inside = _cancellation(document, orders)
    return interchange_of(kind, inside, orders, at=at, reference=reference)


def _order(document: OrderDocument, orders: Orders) -> Iterator[str]:
    yield f"BGM+220+{escaped(document.number)}+9"
    yield dated("137", document.placed_at, orders)
    if document.due_by is not None:
        yield dated("2", document.due_by, orders)
    yield from parties(orders, selling=False)
    address = {name: escaped(said) for name, said in document.address.items()}
    where = [
        address.get(name, "") for name in ("address", "city", "region", "postal_code", "country")
    ]
    yield f"NAD+DP+++{escaped(document.name)}+{'+'.join(where)}".rstrip("+")
    yield f"CTA+OC+:{escaped(document.name)}"
    yield f"COM+{escaped(document.email)}:EM"
    if document.phone:
        yield f"COM+{escaped(document.phone)}:TE"
    yield f"CUX+2:{document.currency}:9"
    yield "ALC+C++++FC"
    yield f"MOA+8:{document.delivery}"
    for count, line in enumerate(document.lines, 1):
        yield from _line(count, line, orders)
    yield "UNS+S"
    yield f"MOA+86:{document.total}"
    yield f"CNT+2:{len(document.lines)}"


def _line(count: int, line: OrderLine, orders: Orders) -> Iterator[str]:
    yield from item(str(count), line.sku, orders)
    yield f"QTY+21:{line.quantity}"
    yield f"MOA+203:{line.total}"
    yield f"PRI+AAA:{line.unit_price}"
    yield f"LOC+14+{escaped(line.place)}"


def _cancellation(document: Cancellation, orders: Orders) -> Iterator[str]:
    yield f"BGM+230+{escaped(document.number)}+1"
    yield dated("137", document.told_at, orders)
    yield f"RFF+ON:{escaped(document.of)}"
    yield from parties(orders, selling=False)
    yield "UNS+S"
