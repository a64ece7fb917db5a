"""Valid operations at random: whatever they ask, the answer has the shape of the specification."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from graphql import build_schema, parse
from hypothesis import given, seed, settings
from hypothesis import strategies as some
from hypothesis_graphql import nodes, queries
from structlog.testing import capture_logs

from app.api.schema import sdl
from app.values import PrincipalKind
from tests.gateways import Asker, Retailer, gateway_over
from tests.staff import as_

WORDS = some.text(max_size=100)
LIKELY = {  # what is not refused for its form
    **dict.fromkeys(
        ("Sku", "Gtin", "LocationCode", "ChannelCode", "CurrencyCode", "CountryCode", "Locale"),
        some.sampled_from(("WEB", "ST-MIL", "it", "EUR", "IT", "X" * 100)),
    ),
    "Duration": some.sampled_from(("PT1S", "P1D", "PT0S")),
    "Date": some.sampled_from(("2026-11-25", "2024-02-29")),
    "DateTime": some.sampled_from(("2026-11-25T12:00:00+01:00",)),
    "Decimal": some.sampled_from(("0", "-1.50", "1E+3")),
}
SCALARS = {
    name: some.sampled_from((likely,) * 9 + (WORDS,)).flatmap(lambda one: one).map(nodes.String)
    for name, likely in LIKELY.items()
}
PARTNERS = {"assortmentEvents", "partner"}  # closed to all others
OPEN = {str(name) for name in build_schema(sdl()).query_type.fields} - PARTNERS  # type: ignore[union-attr]
GENEROUS = {"max_cost": 10_000_000, "max_selections": 50_000}  # to see what is asked executed


@pytest.mark.parametrize(
    ("kind", "fields", "examples"),
    [(PrincipalKind.STAFF, OPEN, 200), (PrincipalKind.PARTNER, PARTNERS, 50)],
    ids=["STAFF", "PARTNER"],
)
def test_whatever_is_valid_is_answered_in_the_shape_of_the_specification(
    kind: PrincipalKind, fields: set[str], examples: int
) -> None:
    codes: set[str] = set()
    operations = queries(sdl(), fields=sorted(fields), custom_scalars=SCALARS)

    async def opened(stack: AsyncExitStack) -> Asker:
        gateway = gateway_over({"shop": Retailer()}, requests=GENEROUS)
        return replace(await stack.enter_async_context(gateway), headers=as_(kind))

    with capture_logs() as logs, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        ask = runner.run(opened(stack))

        @seed(7)
        @settings(max_examples=examples, deadline=None, database=None)
        @given(operations)
        def holds(operation: str) -> None:
            response = runner.run(ask.post(operation))
            found = told(response.json(), operation)
            assert response.status_code in ({403} if found == {"FORBIDDEN"} else {200, 400})
            codes.update(found)

        holds()
        runner.run(stack.aclose())

    assert codes <= {  # there is no store, so there are no carts, and no partners
        "OPERATION_TOO_COMPLEX",
        "FORBIDDEN",
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
        "STORE_UNAVAILABLE",
        "PARTNER_UNKNOWN",
    }
    assert [one for one in logs if one["log_level"] in {"error", "critical"}] == []
    assert sum(one["event"] == "operation" for one in logs) > examples / 2


def told(body: dict[str, Any], operation: str) -> set[str]:
    """The codes of an answer's errors, when all of it has its shape."""
    assert set(body) <= {"data", "errors", "extensions"}
    assert "data" in body or body["errors"]
    if body.get("data") is not None:
        [definition] = parse(operation).definitions
        asked = {(one.alias or one.name).value for one in definition.selection_set.selections}  # type: ignore[attr-defined]  # fields of one operation
        assert set(body["data"]) == asked
    for error in body.get("errors", ()):
        assert set(error) <= {"message", "locations", "path", "extensions"}
        assert isinstance(error["message"], str)
    return {error["extensions"]["code"] for error in body.get("errors", ())}
