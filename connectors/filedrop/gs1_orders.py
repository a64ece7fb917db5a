"""How are orders written in GS1 XML?"""

from datetime import datetime

from lxml import etree

from connectors.filedrop.documents import Cancellation, OrderDocument, OrderLine
from connectors.filedrop.gs1 import ASSIGNED, Element
from connectors.filedrop.settings import Orders

ORDER = "urn:gs1:ecom:order:xsd:3"
HEADER = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"


def write_order(document: OrderDocument | Cancellation, orders: Orders) -> bytes:
    """An order message; the same document gives the same bytes."""
    root = etree.Element(f"{{{ORDER}}}orderMessage", nsmap={"order": ORDER, "sh": HEADER})
    placing = isinstance(document, OrderDocument)
    at = document.placed_at if isinstance(document, OrderDocument) else document.told_at
    _head(root, document.number, at, orders)
    order = etree.SubElement(root, "order")
    _add(order, "creationDateTime", at.isoformat())
    _add(order, "documentStatusCode", "ORIGINAL")
    _add(order, "documentActionCode", "ADD" if placing else "CANCEL")
    _add(_add(order, "orderIdentification"), "entityIdentification", document.number)
    if isinstance(document, Cancellation):
        _add(_add(order, "referencedOrder"), "entityIdentification", document.of)
    else:
        _fill(order, document, orders)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _head(root: Element, number: str, at: datetime, orders: Orders) -> None:
    head = etree.SubElement(root, f"{{{HEADER}}}StandardBusinessDocumentHeader")
    _add(head, f"{{{HEADER}}}HeaderVersion", "1.0")
    for side, name in (("Sender", orders.us), ("Receiver", orders.partner)):
        _add(_add(head, f"{{{HEADER}}}{side}"), f"{{{HEADER}}}Identifier", name)
    identified = _add(head, f"{{{HEADER}}}DocumentIdentification")
    for name, said in (
        ("Standard", "GS1"),
        ("TypeVersion", "3.4"),
        ("InstanceIdentifier", number),
        ("Type", "Order"),
        ("CreationDateAndTime", at.isoformat()),
    ):
        _add(identified, f"{{{HEADER}}}{name}", said)


def _fill(order: Element, document: OrderDocument, orders: Orders) -> None:
    _add(order, "orderTypeCode", "220")
    total = _add(order, "totalMonetaryAmountIncludingTaxes", document.total)
    total.set("currencyCode", document.currency)
    for side, name in (("buyer", orders.us), ("seller", orders.partner)):
        said = _add(_add(order, side), "additionalPartyIdentification", name)
        said.set("additionalPartyIdentificationTypeCode", "BUYER_ASSIGNED_IDENTIFIER_FOR_A_PARTY")
    logistics = _add(order, "orderLogisticalInformation")
    _ship_to(_add(logistics, "shipTo"), document)
    if document.due_by is not None:
        dates = _add(logistics, "orderLogisticalDateInformation")
        requested = _add(dates, "requestedDeliveryDateTime")
        _add(requested, "date", f"{document.due_by:%Y-%m-%d}")
        _add(requested, "time", document.due_by.timetz().isoformat("seconds"))
    charge = _add(order, "allowanceCharge")
    _add(charge, "allowanceOrChargeType", "CHARGE")
    amount = _add(charge, "amount", document.delivery)
    amount.set("currencyCode", document.currency)
    for count, line in enumerate(document.lines, 1):
        _order_line(_add(order, "orderLineItem"), count, line, (document.currency, orders))


def _ship_to(party: Element, document: OrderDocument) -> None:
    address = _add(party, "address")
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
            _add(address, name, said)
    contact = _add(party, "contact")
    _add(contact, "personName", document.name)
    for kind, said in (("EMAIL", document.email), ("TELEPHONE", document.phone)):
        if said:
            channel = _add(contact, "communicationChannel")
            _add(channel, "communicationChannelCode", kind)
            _add(channel, "communicationValue", said)


def _order_line(item: Element, count: int, line: OrderLine, by: tuple[str, Orders]) -> None:
    currency, orders = by
    _add(item, "lineItemNumber", str(count))
    _add(item, "requestedQuantity", str(line.quantity))
    for name, amount in (("netAmount", line.total), ("netPrice", line.unit_price)):
        _add(item, name, amount).set("currencyCode", currency)
    article = _add(item, "transactionalTradeItem")
    if orders.numbered_by == "gtin":
        _add(article, "gtin", line.sku)
    else:
        number = _add(article, "additionalTradeItemIdentification", line.sku)
        kind = "additionalTradeItemIdentificationTypeCode"
        number.set(kind, ASSIGNED[orders.numbered_by])
    from_ = _add(_add(item, "orderLineItemDetail"), "orderLogisticalInformation")
    _add(_add(from_, "shipFrom"), "additionalPartyIdentification", line.place)


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    child = etree.SubElement(parent, name)
    if text is not None:
        child.text = "".join(one for one in text if one.isprintable())
    return child
