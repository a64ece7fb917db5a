"""What do GS1 XML orders and their cancellations say that a partner took for us?"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeVar

from connectors.filedrop.dating import instant
from connectors.filedrop.documents import Mistake, Unreadable, named, read_each
from connectors.filedrop.gs1 import (
    Element,
    article_of,
    children,
    created,
    number_in,
    root_of,
    text_of,
    units_of,
    wrong,
)
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
WHOLE = frozenset({"", "ADD", "CHANGE_BY_REFRESH"})
CANCELS = frozenset({"CANCEL", "DELETE"})
TOTAL = "totalMonetaryAmountIncludingTaxes"


def read_sales(data: bytes, sales: Sales, *, most: int) -> SaleList:
    """The orders and cancellations of an order message.

    Raises:
        Unreadable: it is none.
    """
    root = root_of(data, "orderMessage")
    documents = children(root, "order")
    if not documents:
        raise Unreadable(wrong(root, "holds no order"))
    if sum(1 + len(children(one, "orderLineItem")) for one in documents) > most:
        raise Unreadable(wrong(root, f"more than {most} rows"))
    dates = [created(one, sales.dates) for one in documents]

    def told(one: Element) -> tuple[Sale | Withdrawal, Mistake]:
        return _read(one, sales), wrong(one, "")

    mistakes: list[Mistake] = []
    return sale_list(read_each(documents, told, mistakes), mistakes, as_of=max(dates))


def _read(one: Element, sales: Sales) -> Sale | Withdrawal:
    action = text_of(one, "documentActionCode")
    if action in CANCELS:
        by = "referencedOrder" if children(one, "referencedOrder") else "orderIdentification"
        return Withdrawal(number=_number(one, by))
    if action not in WHOLE:
        raise Unreadable(wrong(one, "is neither a whole order nor a cancellation"))
    return _sale(one, _number(one, "orderIdentification"), sales)


def _number(one: Element, name: str) -> str:
    return _as(order_number, number_in(one, name), one, name)


def _sale(one: Element, number: str, sales: Sales) -> Sale:
    said = partial(_said, about=number)
    logistics = _child(one, "orderLogisticalInformation")
    ship_to = _child(logistics, "shipTo")
    address, contact = _child(ship_to, "address"), _child(ship_to, "contact")
    dates = _child(logistics, "orderLogisticalDateInformation")
    names = ("streetAddressOne", "streetAddressTwo", "streetAddressThree")
    name = said(address, "name", free_text)
    return Sale(
        number=number,
        placed_at=created(one, sales.dates),
        currency=_currency(one, number, sales),
        lines=checked(_lines(one, number, sales), wrong(one, "", number)),
        total=said(one, TOTAL, amount),
        buyer=said(contact, "personName", free_text) or name,
        email=_channel(contact, "EMAIL", number),
        name=name,
        phone=_channel(contact, "TELEPHONE", number),
        address=tuple(filter(None, (said(address, each, free_text) for each in names))),
        postal_code=said(address, "postalCode", free_text),
        city=said(address, "city", free_text),
        region=said(address, "state", free_text),
        country=said(address, "countryCode", country),
        ship_by=_moment(dates, "requestedShipDateTime", number, sales),
        deliver_by=_moment(dates, "requestedDeliveryDateTime", number, sales),
    )


def _lines(one: Element, number: str, sales: Sales) -> Iterator[SaleLine]:
    for item in children(one, "orderLineItem"):
        name = text_of(item, "lineItemNumber")
        yield SaleLine(
            reference=_as(named, name, item, "lineItemNumber", number),
            sku=article_of(item, sales.numbered_by),
            quantity=_pieces(item, number),
            unit_price=_said(item, "netPrice", amount, about=number),
            total=_said(item, "netAmount", amount, about=number),
        )


def _pieces(item: Element, number: str) -> int:
    units = units_of(item, number, "requestedQuantity")
    return _as(lambda said: pieces(int(said)), f"{units}", item, "requestedQuantity", number)


def _currency(one: Element, number: str, sales: Sales) -> str:
    """The only currency of all amounts that are told."""
    items = children(one, "orderLineItem")
    amounts = [*children(one, TOTAL), *(x for item in items for x in children(item, "netPrice"))]
    told = {code for each in amounts if (code := each.get("currencyCode"))}
    if len(told) > 1:
        raise Unreadable(wrong(one, "has amounts in several currencies", number))
    if not (code := next(iter(told), sales.currency)):
        raise Unreadable(wrong(one, "says no currency", number))
    return _as(currency, code, one, "currencyCode", number)


def _channel(contact: Element | None, kind: str, number: str) -> str | None:
    for channel in () if contact is None else children(contact, "communicationChannel"):
        if text_of(channel, "communicationChannelCode") == kind:
            return _said(channel, "communicationValue", free_text, about=number)
    return None


def _moment(dates: Element | None, name: str, number: str, sales: Sales) -> datetime | None:
    if (one := _child(dates, name)) is None:
        return None
    time = text_of(one, "time") or "00:00:00"
    read = partial(instant, dates=sales.dates.model_copy(update={"format": None}))
    return _as(read, f"{text_of(one, 'date')}T{time}", one, name, number)


def _child(one: Element | None, name: str) -> Element | None:
    found = [] if one is None else children(one, name)
    return found[0] if len(found) == 1 else None


def _said(one: Element | None, name: str, reader: Callable[[str], T], *, about: str) -> T | None:
    if one is None or not (said := text_of(one, name)):
        return None
    return _as(reader, said, one, name, about)


def _as(
    reader: Callable[[str], T], said: str, one: Element, name: str, about: str | None = None
) -> T:
    try:
        return reader(said)
    except ValueError as error:
        raise Unreadable(wrong(one, f"{name} {error}", about)) from None
