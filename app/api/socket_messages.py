"""What does a message on a socket say? The words of graphql-transport-ws, no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from app.api.asking import Asked, MalformedRequest, asked, not_json
from app.api.errors import ErrorEntry
from app.api.outcomes import Outcome, malformed

PROTOCOL = "graphql-transport-ws"
LONGEST_REASON = 123  # bytes that a close frame has for it
INVALID = "Invalid message: "
Payload = Mapping[str, Any]


class CloseError(Exception):
    """The end of a socket, as its close frame says it; `ours` is yet to be sent."""

    def __init__(self, code: int, reason: str = "", *, ours: bool = True) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason if len(reason.encode()) <= LONGEST_REASON else ""
        self.ours = ours


@dataclass(frozen=True, slots=True)
class Init:
    """The client introduces itself."""

    payload: Payload = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ping:
    """The client asks whether we are there."""

    payload: Payload | None = None


@dataclass(frozen=True, slots=True)
class Pong:
    """The client is there."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """The client asks an operation, or what is none but could have been."""

    id: str
    question: Asked | Outcome


@dataclass(frozen=True, slots=True)
class Complete:
    """The client wants no more of an operation."""

    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def parsed(frame: Mapping[str, Any], most: int) -> Message:
    """The message in a frame of at most `most` bytes.

    Raises:
        CloseError: it is none; nobody who speaks the protocol sends it.
    """
    if (text := frame.get("text")) is None:
        raise CloseError(4400, f"{INVALID}it is binary")
    try:
        encoded = text.encode()
        if len(encoded) > most:
            raise CloseError(1009, f"A message may have {most:,} bytes")
        said = orjson.loads(encoded)
    except orjson.JSONDecodeError as error:
        raise CloseError(4400, INVALID + not_json(error, "it is not JSON")) from error
    except UnicodeEncodeError as error:
        raise CloseError(4400, f"{INVALID}it is not JSON") from error
    if not isinstance(said, dict):
        raise CloseError(4400, f"{INVALID}it is not an object")
    return _message(said)


def _message(said: Payload) -> Message:
    match said.get("type"):
        case "connection_init":
            return Init(_payload(said) or {})
        case "ping":
            return Ping(_payload(said))
        case "pong":
            _payload(said)
            return Pong()
        case "subscribe":
            return Subscribe(_id(said), _question(said.get("payload")))
        case "complete":
            return Complete(_id(said))
    raise CloseError(4400, f"{INVALID}its type is none that a client sends")


def _payload(said: Payload) -> Payload | None:
    payload = said.get("payload")
    if not isinstance(payload, dict | None):
        raise CloseError(4400, f"{INVALID}its payload is not an object")
    return payload


def _id(said: Payload) -> str:
    id_ = said.get("id")
    if not isinstance(id_, str) or not id_:
        raise CloseError(4400, f"{INVALID}its id is not a string that says something")
    return id_


def _question(payload: Any) -> Asked | Outcome:
    """A request with a document that is no request ends itself, any other its socket."""
    if not isinstance(payload, dict):
        raise CloseError(4400, f"{INVALID}its payload is not an object")
    try:
        return asked(payload)
    except MalformedRequest as error:
        if not isinstance(payload.get("query"), str) or payload["query"].strip():
            raise CloseError(4400, INVALID + str(error)) from error
        return malformed(str(error))


def ack() -> bytes:
    """The client is welcome."""
    return b'{"type":"connection_ack"}'


def ping() -> bytes:
    """Is the client there?"""
    return b'{"type":"ping"}'


def pong(payload: Payload | None) -> bytes:
    """We are there; the client gets back what it gave."""
    told = {"type": "pong"} if payload is None else {"type": "pong", "payload": payload}
    return orjson.dumps(told)


def next_answer(id_: str, outcome: Outcome) -> bytes:
    """An answer; its data is put in as it is."""
    if (text := outcome.written.get(id_)) is None:
        told = {"id": id_, "type": "next", "payload": outcome.response()}
        text = outcome.written[id_] = orjson.dumps(told)
    return text


def error(id_: str, errors: Sequence[ErrorEntry]) -> bytes:
    """There is no answer, or no further one; this ends the operation."""
    return orjson.dumps({"id": id_, "type": "error", "payload": errors})


def complete(id_: str) -> bytes:
    """There are no further answers."""
    return orjson.dumps({"id": id_, "type": "complete"})
