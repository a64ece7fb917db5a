"""GS1 XML is read without following anything that it names."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from connectors.filedrop.documents import Answer, Cancellation, Level, Mistake, Unreadable
from connectors.filedrop.gs1 import read_answers, read_stock
from connectors.filedrop.gs1_orders import write_order
from connectors.filedrop.settings import Orders, Stock
from tests.connectors.filedrop.orders import an_order_document

STOCK = Stock.model_validate({"format": "gs1", "full": ["*"]})
ORDERS = Orders.model_validate({"format": "gs1", "answers": ["*"]})
TEN = datetime(2026, 11, 20, 10, tzinfo=UTC)


def item(sku: str, quantities: str, place: str = "4012345000009") -> str:
    return f"""
<inventoryItemLocationInformation>
<inventoryLocation><gln>{place}</gln></inventoryLocation>
<transactionalTradeItem><gtin>04000001</gtin>
<additionalTradeItemIdentification additionalTradeItemIdentificationTypeCode="BUYER_ASSIGNED"
>{sku}</additionalTradeItemIdentification></transactionalTradeItem>
<inventoryStatusLineItem><lineItemNumber>1</lineItemNumber>{quantities}</inventoryStatusLineItem>
</inventoryItemLocationInformation>"""


def units(kind: str, count: str) -> str:
    return (
        f"<inventoryStatusQuantitySpecification><inventoryStatusType>{kind}</inventoryStatusType>"
        f'<quantityOfUnits measurementUnitCode="EA">{count}</quantityOfUnits>'
        "</inventoryStatusQuantitySpecification>"
    )


def report(*items: str, before: str = "", at: str = "2026-11-20T11:00:00+01:00") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>{before}
<i:inventoryReportMessage xmlns:i="urn:gs1:ecom:inventory_report:xsd:3">
<inventoryReport><creationDateTime>{at}</creationDateTime>
{"".join(items)}
</inventoryReport>
</i:inventoryReportMessage>""".encode()


def test_an_inventory_report_is_read() -> None:
    quantities = units("ON_HAND", "4") + units("RESERVED", "1") + units("BLOCKED", "9")

    found = read_stock(report(item("MUG", quantities)), STOCK, most=10)

    assert found.levels == (Level("MUG", "4012345000009", 4, reserved=1, as_of=TEN),)
    assert (found.as_of, found.mistakes) == (TEN, ())


def test_the_article_may_be_named_by_its_gtin() -> None:
    by_gtin = STOCK.model_copy(update={"numbered_by": "gtin"})

    found = read_stock(report(item("MUG", units("ON_HAND", "4"))), by_gtin, most=10)

    assert [level.sku for level in found.levels] == ["04000001"]


def test_a_bad_item_is_a_mistake_with_its_line_and_the_others_are_read() -> None:
    data = report(
        item("MUG", units("ON_HAND", "4.5")),
        item("POT", units("RESERVED", "1")),
        item("CUP", units("ON_HAND", "1")),
    )

    found = read_stock(data, STOCK, most=10)

    assert [level.sku for level in found.levels] == ["CUP"]
    assert found.mistakes == (
        Mistake(
            10,
            1,
            "inventoryStatusQuantitySpecification: quantityOfUnits is not a number of whole units",
            "MUG",
        ),
        Mistake(12, 1, "inventoryItemLocationInformation: has no quantity ON_HAND", "POT"),
    )


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1, column 1: the file is empty"),
        (b"<a", "line 1, column 3: is not XML"),
        (report()[:-9], "is not XML"),
        (b"<orderMessage/>", "orderMessage: is no inventoryReportMessage"),
        (b"<inventoryReportMessage/>", "holds no inventoryReport"),
        (report(at="yesterday"), "inventoryReport: creationDateTime is not a time"),
        (report(item("A", ""), item("B", "")), "more than 1 rows"),
    ],
)
def test_what_is_no_report_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read_stock(data, STOCK, most=1)

    assert told in str(raised.value)


def test_a_file_of_ours_cannot_be_read_through_an_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("7")
    before = f'<!DOCTYPE i [<!ENTITY it SYSTEM "{secret.as_uri()}">]>'
    data = report(item("MUG", units("ON_HAND", "&it;")), before=before)

    with pytest.raises(Unreadable, match="has a document type, which is not taken"):
        read_stock(data, STOCK, most=10)


def test_entities_of_entities_are_refused_before_they_grow() -> None:
    entities = "".join(f'<!ENTITY e{count} "{f"&e{count - 1};" * 10}">' for count in range(1, 12))
    before = f'<!DOCTYPE i [<!ENTITY e0 "ha">{entities}]>'
    data = report(item("&e11;", units("ON_HAND", "1")), before=before)

    with pytest.raises(Unreadable):
        read_stock(data, STOCK, most=10)


def response(state: str) -> bytes:
    return f"""<o:orderResponseMessage xmlns:o="urn:gs1:ecom:order_response:xsd:3"><orderResponse>
<creationDateTime>2026-11-20T10:00:00Z</creationDateTime>
<orderResponseIdentification><entityIdentification>R77</entityIdentification>
</orderResponseIdentification>
<responseStatusCode>{state}</responseStatusCode>
<originalOrder><entityIdentification>T-1</entityIdentification></originalOrder>
</orderResponse></o:orderResponseMessage>""".encode()


@pytest.mark.parametrize(("said", "state"), [("ACCEPTED", "ACCEPTED"), ("REJECTED", "REFUSED")])
def test_an_order_response_says_yes_or_no(said: str, state: str) -> None:
    found = read_answers(response(said), ORDERS, most=10)

    assert [tuple(one) for one in found.answers] == [("T-1", state, "R77", None)]
    assert (found.as_of, found.mistakes) == (TEN, ())


@pytest.mark.parametrize(
    ("said", "told"), [("MODIFIED", "changes the order"), ("HM", "says neither yes nor no")]
)
def test_any_other_response_is_a_mistake(said: str, told: str) -> None:
    found = read_answers(response(said), ORDERS, most=10)

    assert found.answers == ()
    assert told in str(found.mistakes[0])


def test_a_despatch_advice_sums_the_units_of_each_order() -> None:
    lines = "".join(
        f"<despatchAdviceLineItem><despatchedQuantity>{count}</despatchedQuantity>"
        f"<purchaseOrder><entityIdentification>{number}</entityIdentification></purchaseOrder>"
        "</despatchAdviceLineItem>"
        for number, count in (("T-1", 2), ("T-2", 1), ("T-1", 3))
    )
    data = f"""<d:despatchAdviceMessage xmlns:d="urn:gs1:ecom:despatch_advice:xsd:3">
<despatchAdvice><creationDateTime>2026-11-20T10:00:00Z</creationDateTime>
<despatchAdviceIdentification><entityIdentification>D1</entityIdentification>
</despatchAdviceIdentification>{lines}</despatchAdvice></d:despatchAdviceMessage>"""

    found = read_answers(data.encode(), ORDERS, most=10)

    assert found.answers == (
        Answer("T-1", "COMPLETED", "D1", 5),
        Answer("T-2", "COMPLETED", "D1", 1),
    )


def test_an_order_is_written_as_it_was_agreed() -> None:
    data = write_order(an_order_document(name="Žofia <O'Neill>"), ORDERS)

    root = etree.fromstring(data)
    assert root.tag == "{urn:gs1:ecom:order:xsd:3}orderMessage"
    assert root.findtext("order/documentActionCode") == "ADD"
    assert root.findtext("order/orderIdentification/entityIdentification") == "T-1"
    assert root.findtext(".//shipTo/address/name") == "Žofia <O'Neill>"
    assert root.findtext(".//requestedDeliveryDateTime/time") == "17:00:00+00:00"
    assert [
        (
            one.findtext("transactionalTradeItem/additionalTradeItemIdentification"),
            one.findtext("requestedQuantity"),
            one.findtext("netPrice"),
        )
        for one in root.iter("orderLineItem")
    ] == [("MUG", "2", "9.90"), ("ROPE", "1", "24.00")]
    assert write_order(an_order_document(name="Žofia <O'Neill>"), ORDERS) == data


def test_a_cancellation_names_its_order() -> None:
    cancellation = Cancellation(number="T-1.C", of="T-1", told_at=TEN)

    root = etree.fromstring(write_order(cancellation, ORDERS))

    assert root.findtext("order/documentActionCode") == "CANCEL"
    assert root.findtext("order/orderIdentification/entityIdentification") == "T-1.C"
    assert root.findtext("order/referencedOrder/entityIdentification") == "T-1"
