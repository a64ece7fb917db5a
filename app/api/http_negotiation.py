"""Which media type does a client send, and which does it take?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

JSON: Literal["application/json"] = "application/json"
RESPONSE: Literal["application/graphql-response+json"] = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
Media: TypeAlias = Literal["application/json", "application/graphql-response+json"]

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
PARAMETER = rf'\s*;\s*(?P<name>{WORD})\s*=\s*(?P<value>{WORD}|"[^"\\]*")'
MEDIA_TYPE = re.compile(rf"\s*(?P<type>{WORD}/{WORD})(?P<parameters>(?:{PARAMETER})*)\s*;?\s*")
ONE_PARAMETER = re.compile(PARAMETER)
LONGEST = 1_000  # characters of a header that is looked at
REMEMBERED = 256  # headers: a shop's clients send a handful
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
    def specification(self) -> tuple[str, str] | None:
        """The protocol it names, and its version, such as `("deferspec", "20220824")`."""
        return next((one for one in self.parameters.items() if one[0].endswith("spec")), None)

    @property
    def weight(self) -> float:
        """How much it is wanted, 0 to 1; 0 when that cannot be read."""
        try:
            return min(1.0, max(0.0, float(self.parameters.get("q", "1"))))
        except ValueError:
            return 0.0


@lru_cache(REMEMBERED)
def media_type(header: str) -> MediaType | None:
    """The media type a header names; None when it is not exactly one."""
    if len(header) > LONGEST or (match := MEDIA_TYPE.fullmatch(header)) is None:
        return None
    parameters = {
        one["name"].lower(): one["value"].strip('"')
        for one in ONE_PARAMETER.finditer(match["parameters"])
    }
    return MediaType(match["type"].lower(), parameters)


@lru_cache(REMEMBERED)
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


def multiparts(accept: str | None) -> list[MediaType]:
    """The types of answers in parts that a client takes no less than whole ones, best first.

    It has to name them: `*/*` is said by clients that have never heard of such answers.
    """
    ranges = list(_ranges(accept or ""))
    whole = max(_wanted(media, ranges)[0] for media in (RESPONSE, JSON))
    taken = [one for one in ranges if one.name == MULTIPART and one.weight > 0]
    return sorted(
        (one for one in taken if one.weight >= whole), key=lambda one: one.weight, reverse=True
    )


@lru_cache(REMEMBERED)
def names_json(accept: str | None) -> bool:
    """Whether a client names plain JSON, instead of taking whatever comes."""
    return any(one.name == JSON for one in _ranges(accept or ""))


@lru_cache(REMEMBERED)
def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client takes answers compressed with gzip (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accept_encoding[:LONGEST].split(","):
        name, _, parameter = part.partition(";")
        key, _, weight = parameter.partition("=")
        given = MediaType(name.strip().lower(), {key.strip().lower(): weight.strip()})
        weights[given.name] = given.weight
    return weights.get("gzip", weights.get("*", 0.0)) > 0


@lru_cache(REMEMBERED)
def takes_events(accept: str | None) -> bool:
    """Whether a client that names it takes an event stream."""
    weight, named = _wanted(EVENT_STREAM, list(_ranges(accept or "")))
    return named and weight > 0


@lru_cache(REMEMBERED)
def prefers_events(accept: str | None) -> bool:
    """Whether it wants one even for a single answer: more than either kind of JSON."""
    ranges = list(_ranges(accept or ""))
    weight, named = _wanted(EVENT_STREAM, ranges)
    return named and weight > max(_wanted(RESPONSE, ranges)[0], _wanted(JSON, ranges)[0])


@lru_cache(REMEMBERED)
def takes_page(accept: str) -> bool:
    """Whether a browser asks for a page: it names one, and wants no answer more."""
    ranges = list(_ranges(accept))
    weight, named = _wanted("text/html", ranges)
    answers = (RESPONSE, JSON, EVENT_STREAM, MULTIPART)
    most = max(_wanted(media, ranges)[0] for media in answers)
    return named and weight > 0 and weight >= most


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
