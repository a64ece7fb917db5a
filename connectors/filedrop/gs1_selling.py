"""How do we tell in GS1 XML what we have, that we have an order, and what has left?

An inventory report holds no prices.
"""

from connectors.filedrop.gs1_writing import (
    PARTY,
    add,
    article,
    document,
    identified,
    message,
    parties,
    written,
)
from connectors.filedrop.sections import Documents
from connectors.filedrop.selling import Acceptance, Despatch, Publication, Word
from connectors.filedrop.selling_settings import Listings


def write_listing(publication: Publication, listings: Listings) -> bytes:
    """An inventory report."""
    root = message("inventoryReport", f"{publication.number}", publication.at, listings)
    report = document(root, "inventoryReport", publication.at)
    identified(report, "inventoryReportIdentification", f"{publication.number}")
    add(report, "inventoryReportTypeCode", "INVENTORY_STATUS")
    add(report, "structureTypeCode", "ITEM_BY_LOCATION")
    for offer in publication.offers:
        item = add(report, "inventoryItemLocationInformation")
        article(item, offer.sku, listings)
        add(add(item, "inventoryLocation"), PARTY, listings.place)
        status = add(item, "inventoryStatusQuantitySpecification")
        add(status, "inventoryStatusType", "ON_HAND")
        add(status, "quantityOfUnits", f"{offer.quantity or 0}")
    return written(root)


def write_word(word: Word, terms: Documents) -> bytes:
    """An order response, or a despatch advice."""
    return _response(word, terms) if isinstance(word, Acceptance) else _advice(word, terms)


def _response(word: Acceptance, terms: Documents) -> bytes:
    root = message("orderResponse", word.number, word.told_at, terms)
    response = document(root, "orderResponse", word.told_at)
    identified(response, "orderResponseIdentification", word.number)
    add(response, "responseStatusCode", "ACCEPTED")
    parties(response, terms, selling=True)
    identified(response, "originalOrder", word.of)
    return written(root)


def _advice(word: Despatch, terms: Documents) -> bytes:
    root = message("despatchAdvice", word.number, word.told_at, terms)
    advice = document(root, "despatchAdvice", word.told_at)
    identified(advice, "despatchAdviceIdentification", word.number)
    identified(advice, "purchaseOrder", word.of)
    dates = add(advice, "despatchInformation")
    add(dates, "actualShipDateTime", word.shipped_at.isoformat())
    carrier = add(advice, "carrier")
    add(carrier, PARTY, word.carrier)
    if word.carrier_name:
        add(add(carrier, "organisation"), "organisationName", word.carrier_name)
    if word.service:
        add(advice, "transportServiceLevelCode", word.service)
    unit = add(advice, "despatchAdviceLogisticUnit")
    add(unit, "carrierTrackAndTraceInformation")
    add(unit[-1], "packageTrackingID", word.tracking)
    for line in word.lines:
        item = add(unit, "despatchAdviceLineItem")
        add(item, "lineItemNumber", line.reference)
        add(item, "despatchedQuantity", f"{line.quantity}")
        article(item, line.sku, terms)
    return written(root)
