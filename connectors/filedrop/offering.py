"""Can this be offered in the form that was agreed, and what is offered then?"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from connectors.filedrop.documents import LONGEST_NAME
from connectors.filedrop.edifact_writing import CHARSET
from connectors.filedrop.edifact_writing import LONGEST_NAME as LONGEST_ITEM
from connectors.filedrop.selling import Offered, is_gtin
from connectors.filedrop.selling_settings import Listings
from connectors.filedrop.tables import FORMULA

Known = Mapping[str, Offered]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be offered of a SKU; None leaves a figure as it is."""

    sku: str
    quantity: int | None = None
    price: str | None = None
    currency: str | None = None


def fault(one: Wanted, listings: Listings) -> str | None:
    """Why it can never be told as it is; None where it can."""
    if one.quantity is not None and one.quantity < 0:
        return "QUANTITY_BELOW_ZERO"
    if one.price is not None and not listings.priced:
        return "NO_PRICE_IN_FORM"
    if listings.numbered_by == "gtin" and not is_gtin(one.sku):
        return "NOT_A_GTIN"
    return _unwritable(one.sku, listings)


def _unwritable(sku: str, listings: Listings) -> str | None:
    """A SKU that would be read as another one is none that can be written."""
    longest = LONGEST_ITEM if listings.format == "edifact" else LONGEST_NAME
    if len(sku) > longest:
        return "SKU_TOO_LONG"
    encodings = {"csv": listings.table.encoding, "edifact": CHARSET, "gs1": "utf-8"}
    try:
        sku.encode(encodings[listings.format])
    except UnicodeEncodeError:
        return "SKU_NOT_IN_ENCODING"
    as_formula = listings.format == "csv" and sku.startswith(FORMULA)
    if as_formula or not sku.isprintable() or " ".join(sku.split()) != sku or not sku:
        return "SKU_NOT_WRITABLE"
    return None


def offered(one: Wanted, before: Offered | None, at: datetime) -> Offered:
    """What is offered of it from now on."""
    known = before or Offered(sku=one.sku, as_of=at)
    priced = one.price is not None
    return Offered(
        sku=one.sku,
        quantity=known.quantity if one.quantity is None else one.quantity,
        price=one.price if priced else known.price,
        currency=one.currency if priced else known.currency,
        as_of=at,
    )
