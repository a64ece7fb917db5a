"""How is a GS1 XML message put together? The same document gives the same bytes."""

from datetime import datetime

from lxml import etree

from connectors.filedrop.gs1 import ASSIGNED, Element
from connectors.filedrop.sections import Documents

HEADER = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
PARTY = "additionalPartyIdentification"


def message(kind: str, number: str, at: datetime, terms: Documents) -> Element:
    """A message of a kind, such as `order`, with its head; the document is yet to be added."""
    space = f"urn:gs1:ecom:{''.join(f'_{c.lower()}' if c.isupper() else c for c in kind)}:xsd:3"
    root = etree.Element(f"{{{space}}}{kind}Message", nsmap={kind: space, "sh": HEADER})
    head = etree.SubElement(root, f"{{{HEADER}}}StandardBusinessDocumentHeader")
    add(head, f"{{{HEADER}}}HeaderVersion", "1.0")
    for side, name in (("Sender", terms.us), ("Receiver", terms.partner)):
        add(add(head, f"{{{HEADER}}}{side}"), f"{{{HEADER}}}Identifier", name)
    identified = add(head, f"{{{HEADER}}}DocumentIdentification")
    for name, said in (
        ("Standard", "GS1"),
        ("TypeVersion", "3.4"),
        ("InstanceIdentifier", number),
        ("Type", f"{kind[:1].upper()}{kind[1:]}"),
        ("CreationDateAndTime", at.isoformat()),
    ):
        add(identified, f"{{{HEADER}}}{name}", said)
    return root


def document(root: Element, kind: str, at: datetime, action: str = "ADD") -> Element:
    """The document of a message, with when and what."""
    one = add(root, kind)
    add(one, "creationDateTime", at.isoformat())
    add(one, "documentStatusCode", "ORIGINAL")
    add(one, "documentActionCode", action)
    return one


def parties(one: Element, terms: Documents, *, selling: bool) -> None:
    """Both sides: we buy of the partner, or are `selling` to it."""
    buyer, seller = (terms.partner, terms.us) if selling else (terms.us, terms.partner)
    for side, name in (("buyer", buyer), ("seller", seller)):
        said = add(add(one, side), PARTY, name)
        said.set(f"{PARTY}TypeCode", "BUYER_ASSIGNED_IDENTIFIER_FOR_A_PARTY")


def article(item: Element, sku: str, terms: Documents) -> None:
    """The number of an article."""
    one = add(item, "transactionalTradeItem")
    if terms.numbered_by == "gtin":
        add(one, "gtin", sku)
    else:
        number = add(one, "additionalTradeItemIdentification", sku)
        kind = "additionalTradeItemIdentificationTypeCode"
        number.set(kind, ASSIGNED[terms.numbered_by])


def identified(parent: Element, name: str, number: str) -> None:
    """The number of a document."""
    add(add(parent, name), "entityIdentification", number)


def add(parent: Element, name: str, text: str | None = None) -> Element:
    """A new last child."""
    child = etree.SubElement(parent, name)
    if text is not None:
        child.text = "".join(one for one in text if one.isprintable())
    return child


def written(root: Element) -> bytes:
    """The bytes of a message."""
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
