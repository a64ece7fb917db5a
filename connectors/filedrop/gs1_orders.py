"""How are orders written in GS1 XML?"""

from connectors.filedrop.documents import Cancellation, OrderDocument, OrderLine
from connectors.filedrop.gs1 import Element
from connectors.filedrop.gs1_writing import add, article, identified, message, parties, written
from connectors.filedrop.gs1_writing import document as document_in
from connectors.filedrop.settings import Orders


def write_order(document: OrderDocument | Cancellation, orders: Orders) -> bytes:
    """An order message; the same document gives the same bytes."""
    placing = isinstance(document, OrderDocument)
    at = document.placed_at if isinstance(document, OrderDocument) else document.told_at
    root = message("order", document.number, at, orders)
    order = document_in(root, "order", at, "ADD" if placing else "CANCEL")
    identified(order, "orderIdentification", document.number)
    if isinstance(document, Cancellation):
        identified(order, "referencedOrder", document.of)
    else:
        _fill(order, document, orders)
    return written(root)


def _fill(order: Element, document: OrderDocument, orders: Orders) -> None:
    add(order, "orderTypeCode", "220")
    total = add(order, "totalMonetaryAmountIncludingTaxes", document.total)
    total.set("currencyCode", document.currency)
    parties(order, orders, selling=False)
    logistics = add(order, "orderLogisticalInformation")
    _ship_to(add(logistics, "shipTo"), document)
    if document.due_by is not None:
        dates = add(logistics, "orderLogisticalDateInformation")
        requested = add(dates, "requestedDeliveryDateTime")
        add(requested, "date", f"{document.due_by:%Y-%m-%d}")
        add(requested, "time", document.due_by.timetz().isoformat("seconds"))
    charge = add(order, "allowanceCharge")
    add(charge, "allowanceOrChargeType", "CHARGE")
    amount = add(charge, "amount", document.delivery)
    amount.set("currencyCode", document.currency)
    for count, line in enumerate(document.lines, 1):
        _order_line(add(order, "orderLineItem"), count, line, (document.currency, orders))


def _ship_to(party: Element, document: OrderDocument) -> None:
    address = add(party, "address")
    for name, ours in (
        ("city", "city"),
        ("countryCode", "country"),
        ("name", ""),
        ("postalCode", "postal_code"),
        ("state", "region"),
        ("streetAddressOne", "address"),
    ):
        said = document.name if name == "name" else document.address.get(ours, "")
        if said:
            add(address, name, said)
    contact = add(party, "contact")
    add(contact, "personName", document.name)
    for kind, said in (("EMAIL", document.email), ("TELEPHONE", document.phone)):
        if said:
            channel = add(contact, "communicationChannel")
            add(channel, "communicationChannelCode", kind)
            add(channel, "communicationValue", said)


def _order_line(item: Element, count: int, line: OrderLine, by: tuple[str, Orders]) -> None:
    currency, orders = by
    add(item, "lineItemNumber", str(count))
    add(item, "requestedQuantity", str(line.quantity))
    for name, amount in (("netAmount", line.total), ("netPrice", line.unit_price)):
        add(item, name, amount).set("currencyCode", currency)
    article(item, line.sku, orders)
    from_ = add(add(item, "orderLineItemDetail"), "orderLogisticalInformation")
    add(add(from_, "shipFrom"), "additionalPartyIdentification", line.place)
