"""Under which names are files kept, and which of the kept ones still count?

The archive is the memory: whoever starts reads it, and knows what all others know. So a name there
says of which version a file is, and whether it is a full one.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from connectors.filedrop.dating import Version

Kind = Literal["F", "D", "A", "S"]
"""A full stock list, a part of one, answers, or orders that were sold."""
NAME = re.compile(r"(?:(\d{13})~)?(\d{8}T\d{12})Z~(\d{1,18})~([FDAS])~(.+)", re.DOTALL)
STAMP = "%Y%m%dT%H%M%S%f"


class Kept(NamedTuple):
    """A file of the archive; `arrival` is its number where it matters in which order files came."""

    name: str
    kind: str
    version: Version
    arrival: int = 0


def archived(version: Version, kind: Kind, arrival: int | None = None) -> str:
    """The name that a file is kept under; without its number all files of this version have it."""
    first = "" if arrival is None else f"{arrival:013d}~"
    return (
        f"{first}{version.as_of.astimezone(UTC):{STAMP}}Z~{version.sequence}~{kind}~{version.name}"
    )


def kept(name: str) -> Kept | None:
    """What the name of a kept file says; None where it is not one that we gave."""
    if (found := NAME.fullmatch(name)) is None:
        return None
    arrival, stamp, sequence, kind, original = found.groups()
    try:
        as_of = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Kept(name, kind, Version(as_of, int(sequence), original), int(arrival or 0))


def counting(names: Collection[str]) -> Iterator[Kept]:
    """The stock lists that still say something: the newest full one, and what is newer."""
    lists = [one for one in map(kept, names) if one is not None and one.kind in {"F", "D"}]
    full = max((one.version for one in lists if one.kind == "F"), default=None)
    yield from sorted(
        (one for one in lists if full is None or one.version >= full), key=lambda one: one.version
    )


def sold(names: Collection[str], since: datetime) -> list[Kept]:
    """The files of orders of which the date is not before a time, as they came."""
    files = (kept(name) for name in names if "~S~" in name)
    found = [one for one in files if one is not None and one.kind == "S"]
    return sorted(
        (one for one in found if one.version.as_of >= since),
        key=lambda one: (one.arrival, one.name),
    )


def free(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that is not taken."""
    if name not in taken:
        return name
    count = 2
    while f"{name}~{count}" in taken:
        count += 1
    return f"{name}~{count}"
