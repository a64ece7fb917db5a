"""What Amazon's published models of the Selling Partner API allow.

They are Swagger 2.0; here they are said again as OpenAPI 3.0, word for word, as that is what the
library reads.
"""

import json
from functools import cache
from pathlib import Path

from tests.connectors import contracts
from tests.connectors.contracts import Contract, Exchange, Json, close

MODELS = (
    "models/orders-api-model/orders_2026-01-01.json",
    "models/orders-api-model/ordersV0.json",
    "models/listings-items-api-model/listingsItems_2021-08-01.json",
    "models/external-fulfillment/externalFulfillmentShipments_2024-09-11.json",
)
NOTIFICATION = "schemas/notifications/OrderChangeNotification.json"
HOST = "https://sellingpartnerapi-na.amazon.com"
ELSEWHERE = frozenset({"/auth/o2/token"})  # Login with Amazon: no model describes it
OF_SCHEMAS = ("type", "format", "items", "enum", "maxItems", "minItems", "maximum", "minimum")
OF_TEXTS = ("maxLength", "minLength", "pattern", "default")


def models() -> Path | None:
    """Where the models are, if they are there."""
    return contracts.found("AMAZON_API_MODELS", "amazon-sp-api", MODELS[0])


def model(name: str) -> Json:
    """One document of theirs."""
    place = models()
    if place is None:
        raise LookupError("the models are not there")
    told: Json = json.loads((place / name).read_bytes())
    return told


def as_openapi(swagger: Json) -> Json:
    """The same description as OpenAPI 3.0, in which what is not named may not be."""
    paths = {
        path: {
            method: _operation(operation, methods.get("parameters", []))
            for method, operation in methods.items()
            if method != "parameters"
        }
        for path, methods in swagger["paths"].items()
    }
    document = {
        "openapi": "3.0.3",
        "info": swagger["info"],
        "servers": [{"url": HOST}],
        "paths": paths,
        "components": {"schemas": swagger["definitions"]},
    }
    close(document)
    text = json.dumps(document).replace("#/definitions/", "#/components/schemas/")
    made: Json = json.loads(text)
    return made


def _operation(swagger: Json, shared: list[Json]) -> Json:
    given = [*shared, *swagger.get("parameters", [])]
    made: Json = {
        "parameters": [_parameter(one) for one in given if one["in"] != "body"],
        "responses": {
            status: {"description": "", **_content(one.get("schema"))}
            for status, one in swagger["responses"].items()
        },
        "deprecated": swagger.get("deprecated", False),
    }
    for one in given:
        if one["in"] == "body":
            content = _content(one["schema"])
            made["requestBody"] = {"required": one.get("required", False), **content}
    return made


def _parameter(swagger: Json) -> Json:
    known = (*OF_SCHEMAS, *OF_TEXTS)
    schema = {name: value for name, value in swagger.items() if name in known}
    made = {"name": swagger["name"], "in": swagger["in"], "schema": schema}
    made["required"] = swagger.get("required", False)
    if swagger["type"] == "array":  # csv, which is what Swagger means where nothing is said
        assert swagger.get("collectionFormat", "csv") == "csv"
        made |= {"style": "form", "explode": False}
    return made


def _content(schema: Json | None) -> Json:
    return {} if schema is None else {"content": {"application/json": {"schema": schema}}}


@cache
def contract() -> Contract | None:
    """The contract; None where the models are not there."""
    if models() is None:
        return None
    return Contract([as_openapi(model(name)) for name in MODELS], HOST)


class Watched(contracts.Watched):
    """An upstream held against the models."""

    def contract(self, exchange: Exchange) -> Contract | None:
        """The models, but for what none describes."""
        return None if exchange.path in ELSEWHERE else contract()
