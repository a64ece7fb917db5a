"""How is an EDIFACT interchange put together? The same document gives the same bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connectors.filedrop.documents import encoded
from connectors.filedrop.edifact import escaped
from connectors.filedrop.sections import Documents

CHARSET = "latin-1"  # of UNOC
LONGEST_NUMBER = 35
LONGEST_NAME = 35  # of an article number
DATED = {"minutes": ("%Y%m%d%H%M", "203"), "seconds": ("%Y%m%d%H%M%S", "204")}


def interchange_of(
    kind: str, inside: Iterable[str], terms: Documents, *, at: datetime, reference: str
) -> bytes:
    """An interchange with one message of this kind."""
    segments = list(inside)
    sides = f"{escaped(terms.us)}+{escaped(terms.partner)}"
    written = [
        f"UNB+UNOC:3+{sides}+{at.astimezone(UTC):%y%m%d:%H%M}+{reference}",
        f"UNH+1+{kind}",
        *segments,
        f"UNT+{len(segments) + 2}+1",
        f"UNZ+1+{reference}",
    ]
    return encoded("UNA:+.? '\n" + "".join(f"{one}'\n" for one in written), CHARSET)


def reference_of(number: str) -> str:
    """A reference of an interchange that follows from the number of its document.

    Raises:
        ValueError: the number is too long for EDIFACT.
    """
    if len(number) > LONGEST_NUMBER:
        raise ValueError(f"EDIFACT has numbers of at most {LONGEST_NUMBER} characters")
    return hashlib.sha256(number.encode()).hexdigest()[:14].upper()


def dated(qualifier: str, at: datetime, terms: Documents, to: str = "minutes") -> str:
    """A date, in the partner's zone."""
    layout, form = DATED[to]
    return f"DTM+{qualifier}:{at.astimezone(ZoneInfo(terms.dates.zone)):{layout}}:{form}"


def parties(terms: Documents, *, selling: bool) -> Iterator[str]:
    """Both sides: we buy of the partner, or are `selling` to it."""
    buyer, supplier = (terms.partner, terms.us) if selling else (terms.us, terms.partner)
    yield f"NAD+BY+{escaped(buyer)}::92"
    yield f"NAD+SU+{escaped(supplier)}::92"


def item(name: str, sku: str, terms: Documents) -> Iterator[str]:
    """A line of this name, of an article."""
    said = escaped(sku)
    if terms.numbered_by == "gtin":
        yield f"LIN+{escaped(name)}++{said}:EN"
    else:
        yield f"LIN+{escaped(name)}"
        yield f"PIA+5+{said}:{'IN' if terms.numbered_by == 'buyer' else 'SA'}"
