"""What does a GraphQL request ask? The same for a body, an address and a message on a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.engine.documents import AskedDocument, MalformedDocumentRequest, asked_document
from app.errors import GatewayError


class MalformedRequest(GatewayError):  # noqa: N818  an answer, not a failure of ours
    """JSON that is not a GraphQL request; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a well-formed request asks. The document may be a text, or an id of one, or both."""

    document: AskedDocument
    variables: dict[str, Any]
    operation_name: str | None


def asked(parameters: Any) -> Asked:
    """The request that decoded JSON holds.

    Raises:
        MalformedRequest: it is none.
    """
    if not isinstance(parameters, Mapping):
        raise MalformedRequest("The body must be one JSON object with a query.")
    variables, name = parameters.get("variables"), parameters.get("operationName")
    if not isinstance(parameters.get("extensions"), Mapping | None):
        raise MalformedRequest("extensions must be an object.")
    try:
        document = asked_document(parameters)
    except MalformedDocumentRequest as error:
        raise MalformedRequest(str(error)) from error
    if not isinstance(variables, Mapping | None):
        raise MalformedRequest("variables must be an object.")
    if not isinstance(name, str | None):
        raise MalformedRequest("operationName must be a string.")
    return Asked(document, dict(variables or {}), name or None)
