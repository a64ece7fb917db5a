"""Valid operations at random: whatever they ask, the answer has the shape of the specification."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from graphql import parse
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
OPERATIONS = queries(sdl(), custom_scalars=SCALARS)
PARTNER = as_(PrincipalKind.PARTNER)
EXAMPLES = 200
GENEROUS = {"max_cost": 10_000_000, "max_selections": 50_000}  # to see what is asked executed


def test_whatever_is_valid_is_answered_in_the_shape_of_the_specification() -> None:
    codes: set[str] = set()

    async def opened(stack: AsyncExitStack) -> Asker:
        gateway = gateway_over({"shop": Retailer()}, requests=GENEROUS)
        return (await stack.enter_async_context(gateway)).staff

    with capture_logs() as logs, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        ask = runner.run(opened(stack))

        @seed(7)
        @settings(max_examples=EXAMPLES, deadline=None, database=None)
        @given(OPERATIONS)
        def holds(operation: str) -> None:
            for caller in (ask, replace(ask, headers=PARTNER)):
                response = runner.run(caller.post(operation))
                found = told(response.json(), operation)
                codes.update(found)
                # What partners see of themselves is closed to staff.
                if found != {"FORBIDDEN"}:
                    assert response.status_code in {200, 400}
                    break
                assert response.status_code == 403

        holds()
        runner.run(stack.aclose())

    assert codes <= {  # there is no store, so there are no carts
        "OPERATION_TOO_COMPLEX",
        "FORBIDDEN",
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
        "STORE_UNAVAILABLE",
    }
    assert [one for one in logs if one["log_level"] in {"error", "critical"}] == []
    assert sum(one["event"] == "operation" for one in logs) > EXAMPLES / 2


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
