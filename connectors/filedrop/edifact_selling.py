"""How do we tell in EDIFACT what we have (INVRPT), that we have an order (ORDRSP) and what left?"""

from collections.abc import Iterator

from connectors.filedrop.edifact import escaped
from connectors.filedrop.edifact_writing import dated, interchange_of, item, parties, reference_of
from connectors.filedrop.sections import Documents
from connectors.filedrop.selling import Acceptance, Despatch, Publication, Word
from connectors.filedrop.selling_settings import Listings

INVENTORY = {"D96A": "INVRPT:D:96A:UN:EAN004", "D01B": "INVRPT:D:01B:UN:EAN006"}
RESPONSE = {"D96A": "ORDRSP:D:96A:UN:EAN005", "D01B": "ORDRSP:D:01B:UN:EAN009"}
ADVICE = {"D96A": "DESADV:D:96A:UN:EAN005", "D01B": "DESADV:D:01B:UN:EAN007"}


def write_listing(publication: Publication, listings: Listings) -> bytes:
    """An inventory report; its number is that of the interchange, too."""
    return interchange_of(
        INVENTORY[listings.release],
        _levels(publication, listings),
        listings,
        at=publication.at,
        reference=f"{publication.number}",
    )


def _levels(publication: Publication, listings: Listings) -> Iterator[str]:
    yield f"BGM+35+{publication.number}+9"
    yield dated("137", publication.at, listings, to="seconds")
    yield from parties(listings, selling=True)
    for count, offer in enumerate(publication.offers, 1):
        yield from item(str(count), offer.sku, listings)
        yield f"QTY+145:{offer.quantity or 0}"
        yield f"LOC+14+{escaped(listings.place)}"


def write_word(word: Word, terms: Documents) -> bytes:
    """An order response, or a despatch advice.

    Raises:
        ValueError: its number, or that of the order, is too long for EDIFACT.
    """
    reference_of(word.of)
    kinds, inside = (
        (RESPONSE, _response(word, terms))
        if isinstance(word, Acceptance)
        else (ADVICE, _advice(word, terms))
    )
    return interchange_of(
        kinds[terms.release],
        inside,
        terms,
        at=word.told_at,
        reference=reference_of(word.number),
    )


def _response(word: Acceptance, terms: Documents) -> Iterator[str]:
    yield f"BGM+231+{escaped(word.number)}+29"
    yield dated("137", word.told_at, terms)
    yield f"RFF+ON:{escaped(word.of)}"
    yield from parties(terms, selling=True)
    yield "UNS+S"


def _advice(word: Despatch, terms: Documents) -> Iterator[str]:
    yield f"BGM+351+{escaped(word.number)}+9"
    yield dated("137", word.told_at, terms)
    yield dated("11", word.shipped_at, terms)
    yield f"RFF+ON:{escaped(word.of)}"
    yield f"RFF+CN:{escaped(word.tracking)}"
    yield from parties(terms, selling=True)
    carrier = f"{escaped(word.carrier)}:::{escaped(word.carrier_name)}"
    yield f"TDT+20+{escaped(word.service)}+30++{carrier}"
    yield "CPS+1"
    for line in word.lines:
        yield from item(line.reference, line.sku, terms)
        yield f"QTY+12:{line.quantity}"
