"""Which languages does the caller read?"""

import re
from collections.abc import Collection

from app.values import Locale, lookup

TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
MOST_LANGUAGES = 10


def accepted_languages(header: str | None) -> tuple[Locale, ...]:
    """The languages of an Accept-Language header, most wanted first (RFC 9110, 12.5.4).

    What is not a language tag, `*` and tags with quality 0 are left out.
    """
    wanted: list[tuple[float, str]] = []
    for part in (header or "").split(",")[:MOST_LANGUAGES]:
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        if TAG.fullmatch(tag.strip()) and quality > 0:
            wanted.append((-quality, _canonical(tag.strip())))
    return tuple(Locale(tag) for _, tag in sorted(wanted, key=lambda one: one[0]))


def relevant(wanted: tuple[Locale, ...], written: Collection[Locale]) -> tuple[Locale, ...]:
    """The wanted languages without those that nothing is written in; the first always stays.

    Browsers name many languages in many orders; what they are told differs much less.
    """
    first, *others = wanted
    return (first, *(one for one in others if any(tag in written for tag in lookup(one))))


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _canonical(tag: str) -> str:
    """`DE-ch` is `de-CH` (RFC 5646, section 2.1.1)."""
    language, *rest = tag.split("-")
    region = 2  # letters
    return "-".join([language.lower(), *(p.upper() if len(p) == region else p for p in rest)])
