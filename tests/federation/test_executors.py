"""A router is answered alike by the compiled executor and by the reference."""

from datetime import timedelta
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult, experimental_execute_incrementally, parse

from app.api.context import Context
from app.api.execution import build_engine
from app.api.nodes import global_id
from app.api.schema import build_schema
from app.engine.execution import Request
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from tests.builders import NOON
from tests.gateways import Sandbox, sandbox_gateway

DOCUMENT = """
query Entities($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Node { id }
    ... on Product { handle variants(first: 2) { price { amount { amount } } } }
    ... on ProductVariant { sku availableToSell { status } }
    ... on Location { code kind }
  }
  _service { sdl }
}
"""
GIVEN = [
    {"__typename": "Location", "code": "ST-MIL"},
    {"__typename": "ProductVariant", "sku": "DWN1008-WHT-XS"},
    {"__typename": "Product", "handle": "amalfi-down-jacket"},
    {"__typename": "Nope"},
    {"__typename": "Product", "id": global_id("Location", "ST-MIL")},
    {"__typename": "Product", "handle": "nobody-sells-this"},
]


def a_context(sandbox: Sandbox) -> Context:
    return Context(
        document=parse(DOCUMENT),
        services=sandbox.gateway.services,
        inquiry=Inquiry(Deadline.after(timedelta(seconds=20)), Report()),
        now=NOON,
    )


async def test_entities_are_compiled_and_answered_as_by_the_reference() -> None:
    engine = build_engine(build_schema(), at_first_sight=True)
    variables = {"representations": GIVEN}
    async with sandbox_gateway() as sandbox:
        context = a_context(sandbox)
        waiting: Any = experimental_execute_incrementally(
            engine.schema, context.document, None, context, variables
        )
        expected: ExecutionResult = await waiting if isawaitable(waiting) else waiting
        context = a_context(sandbox)
        asked = Request(context.document, DOCUMENT, None, variables, context)
        found = await engine.execute(asked)

    assert found.interpreted is None
    assert found.data == expected.data
    assert expected.data is not None
    kinds = [one and one["__typename"] for one in expected.data["_entities"]]
    assert kinds == ["Location", "ProductVariant", "Product", None, None, None]
    assert sorted(map(str, found.errors)) == sorted(map(str, expected.errors or ()))
    assert sorted(error.path or [] for error in found.errors) == [
        ["_entities", 3],
        ["_entities", 4],
    ]
