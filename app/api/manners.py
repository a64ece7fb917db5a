"""How does a client speak, and what does it take? Worked out once for all who say the same."""

import re
import zlib
from functools import lru_cache

from msgspec import Struct

from app.api.events_stream import Framing
from app.api.headers import RequestHeaders
from app.api.http_negotiation import (
    JSON,
    LONGEST,
    Media,
    media_type,
    names_json,
    negotiated,
    prefers_events,
    takes_gzip,
    takes_page,
)
from app.api.http_parts import Protocol, protocol_of
from app.api.languages import accepted_languages
from app.api.multipart import framing_of
from app.api.outcomes import Outcome, refused
from app.values import Locale

CLIENT_HEADERS = ("graphql-client-name", "x-graphql-client-name", "apollographql-client-name")
"""What clients send: GraphQL Hive and WunderGraph's clients the first two, Apollo's the last."""
SPOKEN = (
    b"accept",
    b"accept-encoding",
    b"accept-language",
    b"content-type",
    b"content-encoding",
    *map(str.encode, CLIENT_HEADERS),
)
KIND = SPOKEN.index(b"content-type")
SOUND_NAME = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PLAIN = 0
ENCODINGS = {
    None: PLAIN,
    "": PLAIN,
    "identity": PLAIN,
    "gzip": zlib.MAX_WBITS | 16,
    "x-gzip": zlib.MAX_WBITS | 16,
    "deflate": zlib.MAX_WBITS,
}
REMEMBERED = 1_024  # manners: a shop's clients have a handful, in some languages each
MOST_REMEMBERED = 2_000  # bytes of headers that are remembered
Spoken = tuple[bytes | None, ...]


class Manner(Struct, frozen=True, kw_only=True):
    """What a client takes, and how it sends a body.

    `protocol` is that of deferred parts and `framing` that of subscriptions; None stands for what
    it does not take. `legacy`: it names plain JSON and gets that. `client` is the name its program
    goes by. `window` is what zlib needs to know to unpack its body, `PLAIN` if it is not packed;
    `unread` says why its body is not read.
    """

    media: Media | None
    legacy: bool
    protocol: Protocol | None
    framing: Framing | None
    streams_alone: bool
    takes_page: bool
    takes_gzip: bool
    languages: tuple[Locale, ...]
    client: str | None
    window: int
    unread: Outcome | None

    @property
    def streams(self) -> bool:
        """Whether it takes more than one answer."""
        return self.protocol is not None or self.framing is not None


def manner_of(headers: RequestHeaders) -> Manner:
    """How the client behind some headers speaks."""
    spoken = headers.values(SPOKEN)
    if headers.times(b"content-type") > 1:
        spoken = (*spoken[:KIND], None, *spoken[KIND + 1 :])
    if sum(map(len, filter(None, spoken))) > MOST_REMEMBERED:
        return _manner.__wrapped__(spoken)
    return _manner(spoken)


@lru_cache(REMEMBERED)
def _manner(spoken: Spoken) -> Manner:
    accept, packing, languages, kind, packed = (
        None if one is None else str(one, "latin-1") for one in spoken[:5]
    )
    accept = accept and accept[:LONGEST]
    media, protocol, framing = negotiated(accept), protocol_of(accept), framing_of(accept)
    unwhole = media is None and protocol is None
    names = (one for one in spoken[5:] if one is not None and SOUND_NAME.fullmatch(one))
    packed = packed and packed.strip().lower()
    return Manner(
        media=media,
        legacy=media == JSON and names_json(accept),
        protocol=protocol,
        framing=framing,
        streams_alone=prefers_events(accept) or (unwhole and framing is not None),
        takes_page=accept is not None and takes_page(accept),
        takes_gzip=takes_gzip((packing or "")[:LONGEST]),
        languages=accepted_languages(languages and languages[:LONGEST]),
        client=next((str(one, "ascii") for one in names), None),
        window=ENCODINGS.get(packed, PLAIN),
        unread=_unread(kind, packed),
    )


def _unread(kind: str | None, packed: str | None) -> Outcome | None:
    """Why a body is not read."""
    type_ = None if kind is None or len(kind) > LONGEST else media_type(kind)
    if type_ is None or type_.name != JSON:
        return _refused("The Content-Type must be application/json.", accept_post=JSON)
    if not type_.utf_8:
        return _refused("The charset of the Content-Type must be utf-8.", accept_post=JSON)
    if packed not in ENCODINGS:
        told = "The Content-Encoding must be gzip, deflate or identity."
        return _refused(told, accept_encoding="gzip, deflate, identity")
    return None


def _refused(message: str, **headers: str) -> Outcome:
    return refused(message, "BAD_REQUEST", 415, **headers)
