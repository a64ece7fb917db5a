"""How long may others keep an HTTP answer, and has the one who asks got it already?

The entity tag is a weak one: it stands for the data and its times, while the body also says how old
they are just now, and may be compressed on the way. Comparing for `If-None-Match` is weak anyway
(RFC 9110, 13.1.2).
"""

from starlette.types import Send

from app.api.headers import RequestHeaders
from app.api.outcomes import Keeping, Outcome

Pairs = list[tuple[bytes, bytes]]
NOT_KEPT: Pairs = [(b"cache-control", b"no-store"), (b"vary", b"Accept, Accept-Encoding")]
VARY = b"Accept, Accept-Language, Accept-Encoding"
MOST_TAGS = 20  # of an If-None-Match that are looked at


def caching_headers(outcome: Outcome, method: str) -> Pairs:
    """What an answer says of keeping it, whatever method asked: caches keep no POST, clients may.

    Only a GET can be asked again whether it is still the same, so only that has an entity tag.

    `Age` is rounded up and `max-age` down, so that nobody keeps anything for a moment too long.
    """
    if (keeping := outcome.keeping) is None:
        return NOT_KEPT
    age = [(b"age", str(keeping.age).encode())] if outcome.cached else []
    tag = [(b"etag", f'W/"{keeping.etag}"'.encode())] if method == "GET" else []
    return [(b"cache-control", _control(keeping)), *age, *tag, (b"vary", VARY)]


def shareable(outcome: Outcome) -> Outcome:
    """The answer to a GET without the caller's points, where caches may tell it to others."""
    keeping, told = outcome.keeping, outcome.extensions
    if keeping is None or keeping.private or "cost" not in told:
        return outcome
    return outcome.but(extensions={name: told[name] for name in told if name != "cost"})


def unchanged(outcome: Outcome, headers: RequestHeaders) -> bool:
    """Whether the one who asks by GET has this answer already."""
    given = headers.get("if-none-match")
    if given is None or (keeping := outcome.keeping) is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")[:MOST_TAGS]]
    return given.strip() == "*" or f'"{keeping.etag}"' in tags


async def send_unchanged(send: Send, outcome: Outcome) -> None:
    """A 304, with the headers that the whole answer would have."""
    headers = caching_headers(outcome, "GET")
    await send({"type": "http.response.start", "status": 304, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _control(keeping: Keeping) -> bytes:
    if keeping.private:
        return f"private, max-age={keeping.lifetime}".encode()
    return f"public, max-age={keeping.lifetime}, s-maxage={keeping.lifetime}".encode()
