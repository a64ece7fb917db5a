"""What do GS1 XML documents say?

Elements are known by their local names, as partners differ in their releases of the standard. A
document type is refused, and with it every entity.
"""

from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from connectors.filedrop.dating import instant
from connectors.filedrop.documents import (
    Answer,
    Answers,
    Level,
    Mistake,
    Placed,
    StockList,
    Unreadable,
    named,
    stock_list,
    whole_units,
)
from connectors.filedrop.sections import Dates, Numbering
from connectors.filedrop.settings import Orders, State, Stock

Element = etree._Element  # noqa: SLF001  the only name that lxml has for it
ASSIGNED = {"buyer": "BUYER_ASSIGNED", "supplier": "SUPPLIER_ASSIGNED"}
QUANTITIES = {"ON_HAND": "on_hand", "RESERVED": "reserved", "DAMAGED": "damaged"}
STATES: dict[str, State] = {
    "ACCEPTED": "ACCEPTED",
    "REJECTED": "REFUSED",
    "RECEIVED": "RECEIVED",
}


def read_stock(data: bytes, stock: Stock, *, most: int) -> StockList:
    """The levels of an inventory report message.

    Raises:
        Unreadable: it is none.
    """
    root = root_of(data, "inventoryReportMessage")
    mistakes: list[Mistake] = []
    rows: list[Placed] = []
    dates = []
    for report in children(root, "inventoryReport"):
        dates.append(as_of := created(report, stock.dates))
        for item in children(report, "inventoryItemLocationInformation"):
            if len(rows) + len(mistakes) >= most:
                raise Unreadable(wrong(item, f"more than {most} rows"))
            try:
                rows.append(Placed(_level(item, stock, as_of), _line(item), 1))
            except Unreadable as unreadable:
                mistakes.extend(unreadable.mistakes)
    if not dates:
        raise Unreadable(wrong(root, "holds no inventoryReport"))
    return stock_list(rows, mistakes, as_of=max(dates))


def _level(item: Element, stock: Stock, as_of: datetime) -> Level:
    sku = article_of(item, stock.numbered_by)
    place = _place(item) or stock.place
    if place is None:
        raise Unreadable(wrong(item, "has no place", sku))
    told: dict[str, int] = {}
    for one in item.iter("{*}inventoryStatusQuantitySpecification"):
        name = QUANTITIES.get(text_of(one, "inventoryStatusType"))
        if name is not None and told.setdefault(name, (units := units_of(one, sku))) != units:
            raise Unreadable(wrong(one, "told before with another quantity", sku))
    if "on_hand" not in told:
        raise Unreadable(wrong(item, "has no quantity ON_HAND", sku))
    reserved, damaged = told.get("reserved", 0), told.get("damaged", 0)
    return Level(sku, place, told["on_hand"], reserved, damaged, as_of)


def _place(item: Element) -> str | None:
    for location in children(item, "inventoryLocation"):
        for name in ("gln", "additionalPartyIdentification"):
            if said := text_of(location, name):
                return said
    return None


def article_of(item: Element, numbered_by: Numbering) -> str:
    """The number of an article.

    Raises:
        Unreadable: it has none of that kind.
    """
    for article in item.iter("{*}transactionalTradeItem"):
        said = _number_of(article, numbered_by)
        if said is None:
            continue
        try:
            return named(said)
        except ValueError as error:
            raise Unreadable(wrong(article, f"the article number {error}")) from None
    raise Unreadable(wrong(item, f"has no article number of the {numbered_by}"))


def _number_of(article: Element, numbered_by: Numbering) -> str | None:
    if numbered_by == "gtin":
        return text_of(article, "gtin") or None
    for one in children(article, "additionalTradeItemIdentification"):
        kind = one.get("additionalTradeItemIdentificationTypeCode")
        if kind == ASSIGNED[numbered_by]:
            return one.text or ""
    return None


def units_of(one: Element, about: str | None = None, name: str = "quantityOfUnits") -> int:
    """Whole units, out of the child of this name.

    Raises:
        Unreadable: they are none.
    """
    try:
        return whole_units(text_of(one, name))
    except ValueError as error:
        raise Unreadable(wrong(one, f"{name} {error}", about)) from None


def read_answers(data: bytes, orders: Orders, *, most: int) -> Answers:
    """What an order response or a despatch advice says.

    Raises:
        Unreadable: it is neither.
    """
    root = root_of(data, "orderResponseMessage", "despatchAdviceMessage")
    documents = [*children(root, "orderResponse"), *children(root, "despatchAdvice")]
    if not documents or len(documents) > most:
        raise Unreadable(wrong(root, f"holds {len(documents)} documents"))
    mistakes: list[Mistake] = []
    answers: list[Answer] = []
    dates = [created(one, orders.dates) for one in documents]
    for one in documents:
        try:
            responds = etree.QName(one).localname == "orderResponse"
            answers += [_response(one)] if responds else _despatched(one)
        except Unreadable as unreadable:
            mistakes.extend(unreadable.mistakes)
    return Answers(answers=tuple(answers), mistakes=tuple(mistakes), as_of=max(dates))


def _response(one: Element) -> Answer:
    number = number_in(one, "originalOrder")
    said = text_of(one, "responseStatusCode")
    if said == "MODIFIED":
        changed = "changes the order, which is taken whole or not at all"
        raise Unreadable(wrong(one, changed, number))
    if (state := STATES.get(said)) is None:
        raise Unreadable(wrong(one, "says neither yes nor no", number))
    return Answer(number, state, number_in(one, "orderResponseIdentification"))


def _despatched(one: Element) -> Iterator[Answer]:
    reference = number_in(one, "despatchAdviceIdentification")
    units: dict[str, int] = {}
    for item in one.iter("{*}despatchAdviceLineItem"):
        by = item if children(item, "purchaseOrder") else one
        number = number_in(by, "purchaseOrder")
        units[number] = units.get(number, 0) + units_of(item, number, "despatchedQuantity")
    for number, count in units.items():
        yield Answer(number, "COMPLETED", reference, count)


def number_in(one: Element, name: str) -> str:
    """The number of a document, out of the only child of this name.

    Raises:
        Unreadable: there is not one.
    """
    said = [text_of(inner, "entityIdentification") for inner in children(one, name)]
    if len(said) != 1:
        raise Unreadable(wrong(one, f"has not exactly one {name}"))
    try:
        return named(said[0])
    except ValueError as error:
        raise Unreadable(wrong(one, f"{name} {error}")) from None


def created(document: Element, dates: Dates) -> datetime:
    """When a document was made.

    Raises:
        Unreadable: it does not say.
    """
    try:
        return instant(text_of(document, "creationDateTime"), dates)
    except ValueError as error:
        raise Unreadable(wrong(document, f"creationDateTime {error}")) from None


def root_of(data: bytes, *names: str) -> Element:
    """The root of a document, which has one of these names.

    Raises:
        Unreadable: it is no such document.
    """
    if not data.strip():
        raise Unreadable(Mistake(1, 1, "the file is empty"))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise Unreadable(Mistake(line or 1, column or 1, "is not XML")) from None
    if root.getroottree().docinfo.doctype:
        raise Unreadable(Mistake(1, 1, "has a document type, which is not taken"))
    if etree.QName(root).localname not in names:
        raise Unreadable(wrong(root, f"is no {' or '.join(names)}"))
    return root


def children(one: Element, name: str) -> list[Element]:
    """The children of a name."""
    return one.findall(f"{{*}}{name}")


def text_of(one: Element, name: str) -> str:
    """The text of the only child of this name; nothing where there are none or several."""
    found = children(one, name)
    return (found[0].text or "").strip() if len(found) == 1 else ""


def _line(one: Element) -> int:
    return one.sourceline or 1


def wrong(one: Element, what: str, about: str | None = None) -> Mistake:
    """A mistake in an element."""
    return Mistake(_line(one), 1, f"{etree.QName(one).localname}: {what}", about)
