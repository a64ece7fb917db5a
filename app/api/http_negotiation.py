"""Which media type does a client send, and which does it take?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

JSON: Literal["application/json"] = "application/json"
RESPONSE: Literal["application/graphql-response+json"] = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
Media: TypeAlias = Literal["application/json", "application/graphql-response+json"]

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = rf'\s*;\s*(?P<name>{WORD})\s*=\s*(?P<value>{WORD}|"[^"\\]*")'
MEDIA_TYPE = re.compile(rf"\s*(?P<type>{WORD}/{WORD})(?P<parameters>(?:{PARAMETER})*)\s*;?\s*")
ONE_PARAMETER = re.compile(PARAMETER)
LONGEST = 1_000  # characters of a header that is looked at
UTF_8 = frozenset({"utf-8", "utf8"})


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type or range in lower case, with its parameters."""

    name: str
    parameters: dict[str, str]

    @property
    def utf_8(self) -> bool:
        """Whether its text is in UTF-8, said or left unsaid."""
        return self.parameters.get("charset", "utf-8").lower() in UTF_8

    @property
    def weight(self) -> float:
        """How much it is wanted, 0 to 1; 0 when that cannot be read."""
        try:
            return min(1.0, max(0.0, float(self.parameters.get("q", "1"))))
        except ValueError:
            return 0.0


def media_type(header: str) -> MediaType | None:
    """The media type a header names; None when it is not exactly one."""
    if len(header) > LONGEST or (match := MEDIA_TYPE.fullmatch(header)) is None:
        return None
    parameters = {
        one["name"].lower(): one["value"].strip('"')
        for one in ONE_PARAMETER.finditer(match["parameters"])
    }
    return MediaType(match["type"].lower(), parameters)


def negotiated(accept: str | None) -> Media | None:
    """The media type of the answer; None when the client takes neither.

    The graphql type goes first where it is named and wanted no less; a client that names neither
    (`*/*`, or no header) is an old one and gets plain JSON.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = list(_ranges(accept))
    response, response_named = _wanted(RESPONSE, ranges)
    plain, _ = _wanted(JSON, ranges)
    if response > plain or (response_named and response == plain > 0):
        return RESPONSE
    return JSON if plain > 0 else None


def names_json(accept: str | None) -> bool:
    """Whether a client names plain JSON, instead of taking whatever comes."""
    return any(one.name == JSON for one in _ranges(accept or ""))


def takes_events(accept: str | None) -> bool:
    """Whether a client that names it takes an event stream."""
    weight, named = _wanted(EVENT_STREAM, list(_ranges(accept or "")))
    return named and weight > 0


def prefers_events(accept: str | None) -> bool:
    """Whether it wants one even for a single answer: more than either kind of JSON."""
    ranges = list(_ranges(accept or ""))
    weight, named = _wanted(EVENT_STREAM, ranges)
    return named and weight > max(_wanted(RESPONSE, ranges)[0], _wanted(JSON, ranges)[0])


def takes_page(accept: str) -> bool:
    """Whether a browser asks for a page."""
    return any(one.name == "text/html" and one.weight > 0 for one in _ranges(accept))


def _ranges(accept: str) -> Iterator[MediaType]:
    for part in accept[:LONGEST].split(","):
        if (one := media_type(part)) is not None and one.utf_8:
            yield one


def _wanted(media: str, ranges: list[MediaType]) -> tuple[float, bool]:
    """How much a media type is wanted, and whether it is named; the most exact range counts."""
    for pattern in (media, f"{media.partition('/')[0]}/*", "*/*"):
        weights = [one.weight for one in ranges if one.name == pattern]
        if weights:
            return max(weights), pattern == media
    return 0.0, False
