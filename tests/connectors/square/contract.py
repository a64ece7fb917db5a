"""What Square's published OpenAPI description allows."""

import json
from functools import cache
from pathlib import Path

from tests.connectors import contracts
from tests.connectors.contracts import Contract, Exchange, Json, close

HOST = "https://connect.squareup.com"


def description() -> Path | None:
    """Where the description is, if it is there."""
    return contracts.found("SQUARE_API_DESCRIPTION", "square/api.json")


def _strict(document: Json) -> Json:
    """The same description, in which what is not named may not be, and errors have their shape."""
    schemas = document["components"]["schemas"]
    close(schemas)
    failed = {
        "type": "object",
        "required": ["errors"],
        "additionalProperties": False,
        "properties": {"errors": schemas["SearchCustomersResponse"]["properties"]["errors"]},
    }
    error = {"description": "No.", "content": {"application/json": {"schema": failed}}}
    for methods in document["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)  # OAuth, which is looked at by other tests
            operation["deprecated"] = operation.get("x-release-status") == "DEPRECATED"
            operation["responses"]["default"] = error
    return document


@cache
def contract() -> Contract | None:
    """The contract; None where the description is not there."""
    place = description()
    return None if place is None else Contract([_strict(json.loads(place.read_bytes()))], HOST)


class Watched(contracts.Watched):
    """An upstream held against the description."""

    def contract(self, exchange: Exchange) -> Contract | None:
        """The description, whatever the exchange."""
        del exchange
        return contract()
