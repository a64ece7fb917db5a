"""What does a GraphQL request ask? The same for a body, an address and a message on a socket."""

from typing import Any

import orjson
from msgspec import Struct, structs

from app.engine.again import Again
from app.engine.documents import AskedDocument, MalformedDocumentRequest, asked_document
from app.errors import GatewayError

MOST_KEPT = 8 * 1024 * 1024  # bytes of questions that are known
LARGEST = 10_000  # bytes of one
EACH = 1_000  # bytes of one, beside its text


class MalformedRequest(GatewayError):  # noqa: N818  an answer, not a failure of ours
    """JSON that is not a GraphQL request; the message says what to change."""


class Asked(Struct, frozen=True):
    """What a well-formed request asks. The document may be a text, or an id of one, or both.

    `body` is what it was read from, where that is worth knowing; `again` what was found out about
    one that is kept.
    """

    document: AskedDocument
    variables: dict[str, Any]
    operation_name: str | None
    body: bytes | None = None
    again: Again | None = None


class Questions:
    """What was asked before, by the body that asked it: it need not be read again.

    Whoever keeps one knows that it asks about no person. The first ones go when there are more than
    `most` bytes.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: dict[bytes, Asked] = {}
        self.size = 0
        self.find = self._kept.get

    def keep(self, body: bytes, asked: Asked) -> None:
        """Know what a body asks, unless it is a large one."""
        if len(body) > LARGEST or body in self._kept:
            return
        self._kept[body] = structs.replace(asked, body=None, again=Again())
        self.size += _weight(body)
        while self.size > self._most:
            first = next(iter(self._kept))
            del self._kept[first]
            self.size -= _weight(first)


def _weight(body: bytes) -> int:
    """About how many bytes it takes: its text, once as it came and once as it is read."""
    return EACH + 3 * len(body)


def not_json(error: orjson.JSONDecodeError, otherwise: str) -> str:
    """What is said of a text that could not be decoded; it may be JSON with too large a number."""
    if "infinity" in error.msg:
        return "A number has more than the 64 bits of a floating point: send it as a string."
    return otherwise


def asked(parameters: Any, body: bytes | None = None) -> Asked:
    """The request that decoded JSON holds.

    Raises:
        MalformedRequest: it is none.
    """
    if not isinstance(parameters, dict):
        raise MalformedRequest("The body must be one JSON object with a query.")
    variables, name = parameters.get("variables"), parameters.get("operationName")
    extensions = parameters.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise MalformedRequest("extensions must be an object.")
    try:
        document = asked_document(parameters)
    except MalformedDocumentRequest as error:
        raise MalformedRequest(str(error)) from error
    if variables is not None and not isinstance(variables, dict):
        raise MalformedRequest("variables must be an object.")
    if name is not None and not isinstance(name, str):
        raise MalformedRequest("operationName must be a string.")
    return Asked(document, dict(variables or {}), name or None, body)
