"""The gateway's own schema says the same compiled and interpreted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from inspect import isawaitable
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    experimental_execute_incrementally,
    get_named_type,
    parse,
    validate,
)

from app.api.context import Context
from app.api.execution import build_engine
from app.api.nodes import global_id
from app.api.schema import build_schema
from app.engine.execution import Engine, Request
from app.engine.plans import Attribute, Each
from app.upstream.deadline import Deadline
from app.upstream.reader import Inquiry
from app.upstream.report import Report
from app.values import Locale
from tests.builders import NOON
from tests.engine.plain import plain, walked
from tests.gateways import Sandbox, sandbox_gateway

KEPT = {
    name: {"fresh_for": "PT1H", "if_error_for": "PT1H"} for name in ("stock", "prices", "catalogue")
}
TIMES = 5  # what lasts is told as a whole the fourth time
LISTING = """
query L($first: Int = 6, $sort: ProductSort! = NAME, $channel: ChannelCode) {
  products(first: $first, sort: $sort, locale: "en") {
    totalCount asOf freshness
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node {
      __typename ...Card
      variants(first: 2) {
        id sku gtin options { name value } locale product { id } images(first: 1) { url }
        price(channel: $channel) { amount { amount currency } taxIncluded asOf freshness }
      }
    } }
  }
}
fragment Card on Product {
  id handle name description brand updatedAt
  categories { id handle name } images(first: 2) { url alt width height }
}
"""
AVAILABILITY = """
query A($near: GeoPointInput, $age: Duration, $methods: [FulfilmentMethod!]) {
  products(first: 3) { edges { node { variants(first: 2) {
    sku
    near: availability(near: $near, first: 3, methods: $methods, maxAge: $age) {
      location {
        code kind distanceKm services position { latitude longitude }
        address { lines city country }
      }
      status availableToSell onHand reserved damaged safetyStock
      incoming { quantity expectedAt } asOf freshness source
    }
    availableToSell(destination: {country: "IT"}) {
      status availableToSell freshness locations { code } unknownLocations { code }
    }
  } } } }
}
"""
LOCATIONS = """
query W($full: Boolean!) {
  locations(first: 4) { totalCount edges { cursor node {
    code name phone source
    hours @include(if: $full) {
      timeZone openNow nextChange weekly { day opens closes }
      specialDays { date name periods { opens closes } }
    }
  } } }
}
"""
NODES = """
query N($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename id
    ... on Location { code hours { timeZone } }
    ... on Product { handle variants(first: 1) { sku availableToSell { status } } }
    ... on ProductVariant { sku price { freshness } product { handle } }
  }
}
"""
ERRORS = """
{
  none: node(id: "rubbish") { id }
  product { name }
  far: products(first: 0) { asOf }
  products(first: 2) { edges { node {
    images(first: 0) { url }
    variants(first: 900) { sku }
    fine: variants(first: 1) {
      sku availability(first: 0) { status } price(channel: "NOWHERE") { freshness }
    }
  } } }
}
"""
UPSTREAMS = """
{
  upstreams {
    name kind ports state throttledUntil rejectedRows clockSkew
    operations { name breaker calls failures }
  }
}
"""
NEAR_MILAN = {
    "near": {"latitude": 45.46, "longitude": 9.19},
    "age": "PT2H",
    "methods": ["SHIP_TO_HOME"],
}
DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "listing": (LISTING, {"channel": "WEB"}),
    "availability": (AVAILABILITY, NEAR_MILAN),
    "locations": (LOCATIONS, {"full": True}),
    "nodes": (NODES, {}),
    "errors": (ERRORS, {}),
    "upstreams": (UPSTREAMS, {}),
}


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with sandbox_gateway(freshness=KEPT) as running:
        yield running


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine(build_schema(), at_first_sight=True)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_an_operation_is_answered_as_by_the_reference_executor(
    sandbox: Sandbox, engine: Engine, name: str
) -> None:
    text, given = DOCUMENTS[name]
    variables = {**given, "ids": await ids(sandbox)} if name == "nodes" else given
    document = parse(text)
    assert validate(engine.schema, document) == []

    def context() -> Context:
        return Context(
            document=document,
            services=sandbox.gateway.services,
            inquiry=Inquiry(Deadline.after(timedelta(seconds=20)), Report()),
            now=NOON,
            accepted=(Locale("it"),),
        )

    async def reference() -> ExecutionResult:
        result: Any = experimental_execute_incrementally(
            engine.schema, document, None, context(), dict(variables)
        )
        answered: ExecutionResult = await result if isawaitable(result) else result
        return answered

    await reference()  # fills the readers: from now on every answer is CACHED
    expected = await reference()
    for _ in range(TIMES):
        found = await engine.execute(Request(document, text, None, variables, context()))
        assert found.interpreted is None
        assert plain(found.data) == expected.data
        assert found.objects in {None, walked(expected.data) - 1}

    assert sorted(map(repr, found.errors)) == sorted(map(repr, expected.errors or ()))
    assert bool(found.errors) == (name == "errors")
    kinds = [type(error.original_error) for error in found.errors]
    assert kinds == [type(error.original_error) for error in sorted_as(found.errors, expected)]


def sorted_as(errors: list[Any], expected: ExecutionResult) -> list[Any]:
    by_repr = {repr(error): error for error in expected.errors or ()}
    return [by_repr[repr(error)] for error in errors]


async def ids(sandbox: Sandbox) -> list[str]:
    data = await sandbox.ask.data(
        "{ products(first: 1) { edges { node { id variants(first: 1) { id } } } }"
        " locations(first: 1) { edges { node { id } } } }"
    )
    product = data["products"]["edges"][0]["node"]
    location = data["locations"]["edges"][0]["node"]["id"]
    nobody = global_id("Product", "nobody")
    return [product["id"], location, product["variants"][0]["id"], nobody, location]


def test_few_methods_answer_for_as_long_as_the_page_they_hang_from_is_kept(engine: Engine) -> None:
    """Whoever adds one says here that it answers by what never changes."""
    classes, types = engine.description.classes, engine.schema.type_map
    todo: list[Any] = [
        types[name] for name, class_ in classes.items() if getattr(class_, "framed", 0)
    ]
    found: set[str] = set()
    for type_ in todo:
        for name, field in getattr(type_, "fields", {}).items():
            how = engine.description.how(type_, name, field)
            if isinstance(how, Each) and how.follows:
                found.add(f"{type_.name}.{name}")
            elif not isinstance(how, Attribute):
                continue
            if (below := get_named_type(field.type)) not in todo:
                todo.append(below)

    assert found == {
        "Product.images",
        "Product.variants",
        "ProductVariant.images",
        "ProductVariant.product",
    }
