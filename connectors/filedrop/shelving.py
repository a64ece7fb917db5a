"""Under which names are files kept, and which of the kept ones still count?

The archive is the memory: whoever starts reads it, and knows what all others know. So a name there
says of which version a file is, and whether it is a full one.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from connectors.filedrop.dating import Version

Kind = Literal["F", "D", "A"]
"""A full stock list, a part of one, or answers."""
NAME = re.compile(r"(\d{8}T\d{12})Z~(\d{1,18})~([FDA])~(.+)", re.DOTALL)
STAMP = "%Y%m%dT%H%M%S%f"


class Kept(NamedTuple):
    """A file of the archive."""

    name: str
    kind: str
    version: Version


def archived(version: Version, kind: Kind) -> str:
    """The name that a file is kept under."""
    return f"{version.as_of.astimezone(UTC):{STAMP}}Z~{version.sequence}~{kind}~{version.name}"


def kept(name: str) -> Kept | None:
    """What the name of a kept file says; None where it is not one that we gave."""
    if (found := NAME.fullmatch(name)) is None:
        return None
    stamp, sequence, kind, original = found.groups()
    try:
        as_of = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Kept(name, kind, Version(as_of, int(sequence), original))


def counting(names: Collection[str]) -> Iterator[Kept]:
    """The stock lists that still say something: the newest full one, and what is newer."""
    lists = [one for one in map(kept, names) if one is not None and one.kind in {"F", "D"}]
    full = max((one.version for one in lists if one.kind == "F"), default=None)
    yield from sorted(
        (one for one in lists if full is None or one.version >= full), key=lambda one: one.version
    )


def free(name: str, taken: Collection[str]) -> str:
    """The name, or one like it that is not taken."""
    if name not in taken:
        return name
    count = 2
    while f"{name}~{count}" in taken:
        count += 1
    return f"{name}~{count}"
