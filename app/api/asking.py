"""What does a GraphQL request ask? The same for a body, an address and a message on a socket."""

from typing import Any

import orjson
from msgspec import Struct

from app.engine.documents import AskedDocument, MalformedDocumentRequest, asked_document
from app.errors import GatewayError


class MalformedRequest(GatewayError):  # noqa: N818  an answer, not a failure of ours
    """JSON that is not a GraphQL request; the message says what to change."""


class Asked(Struct, frozen=True):
    """What a well-formed request asks. The document may be a text, or an id of one, or both."""

    document: AskedDocument
    variables: dict[str, Any]
    operation_name: str | None


def not_json(error: orjson.JSONDecodeError, otherwise: str) -> str:
    """What is said of a text that could not be decoded; it may be JSON with too large a number."""
    if "infinity" in error.msg:
        return "A number has more than the 64 bits of a floating point: send it as a string."
    return otherwise


def asked(parameters: Any) -> Asked:
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
    return Asked(document, dict(variables or {}), name or None)
