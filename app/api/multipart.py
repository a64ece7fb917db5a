"""How is JSON told in the parts of a multipart body, and a subscription in these?

Each part goes out with the delimiter after it: clients take a part for complete when they see the
next delimiter, and would otherwise be one part behind.
"""

from typing import Any

import orjson

from app.api.conversation import BEGUN
from app.api.errors import request_error
from app.api.events_stream import AS_EVENTS, Framing
from app.api.http_negotiation import multiparts, takes_events
from app.api.lasting import PARTS
from app.api.outcomes import Outcome

HEAD = b"\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"
END = b"--\r\n"  # after a delimiter: it was the last
SUBSCRIPTIONS = "graphql"  # the boundary that the protocol of subscriptions names


def media(boundary: str, parameter: str) -> str:
    """The media type of a body; `parameter` says what its parts are."""
    return f'multipart/mixed;boundary="{boundary}";{parameter}'


def delimiter(boundary: str) -> bytes:
    """What stands before each part and after the last."""
    return f"\r\n--{boundary}".encode()


def framed(told: dict[str, Any], boundary: str) -> bytes:
    """One part and the delimiter after it."""
    return HEAD + orjson.dumps(told) + delimiter(boundary)


def _payload(outcome: Outcome, _number: int) -> bytes:
    """An answer in its wrapper; what ends a subscription stands beside it."""
    if outcome.fate in BEGUN:
        return framed({"payload": outcome.response()}, SUBSCRIPTIONS)
    return framed({"payload": None, "errors": outcome.errors}, SUBSCRIPTIONS)


AS_PARTS = Framing(
    transport=PARTS,
    media=media(SUBSCRIPTIONS, "subscriptionSpec=1.0"),
    lead=delimiter(SUBSCRIPTIONS),
    next=_payload,
    beat=framed({}, SUBSCRIPTIONS),
    every=lambda streams: streams.beat_every,
    complete=END,
    leaving=framed(
        {"payload": None, "errors": [request_error("The server is going away.", "UNAVAILABLE")]},
        SUBSCRIPTIONS,
    )
    + END,
)


def framing_of(accept: str | None) -> Framing | None:
    """How a client takes the answers to a subscription; None if only one by one."""
    if takes_events(accept):
        return AS_EVENTS
    named = {one.specification for one in multiparts(accept)}
    return AS_PARTS if named & {None, ("subscriptionspec", "1.0")} else None
