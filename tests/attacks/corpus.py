"""Requests that bring an unguarded GraphQL server down, or make it talk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attack:
    """A document, and what is told of it: a measure above its limit, or an error code.

    `costed` attacks are answered, since they are cheap here.
    """

    name: str
    document: str
    told: str
    variables: Mapping[str, Any] = field(default_factory=dict)


def spread(times: int, what: str) -> str:
    return " ".join(what.replace("%", str(n)) for n in range(times))


def bomb(n: int, kind: str = "Product", start: str = "{ product(id: 1) { ...F0 } }") -> str:
    """2^n spreads."""
    levels = " ".join(f"fragment F{i} on {kind} {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n))
    return f"{start} {levels} fragment F{n} on {kind} {{ __typename }}"


def fan_out(depth: int) -> str:
    """Two aliased objects on each level, by fragments: 2^depth objects."""
    levels = " ".join(
        f"fragment L{n} on ProductVariant {{ a: product {{ variants(first: 1) {{ ...L{n + 1} }} }}"
        f" b: product {{ variants(first: 1) {{ ...L{n + 1} }} }} }}"
        for n in range(depth)
    )
    end = f"fragment L{depth} on ProductVariant {{ sku }}"
    return f"{{ variants(skus: 1) {{ ...L0 }} }} {levels} {end}"


def nested(times: int) -> str:
    return "{ product(id: 1) " + "{ variants { product " * times + "{ id }" + "} }" * times + "}"


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


PARSE, INVALID = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"
INTROSPECTION = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
SPREADS_OF_ONE = spread(150, "fragment F% on Product { name }")

DEEP = deep(200)

ATTACKS = (
    Attack("1,000 aliases", "{" + spread(300, "a%: upstreams { name }") + "}", "aliases"),
    Attack("aliases beyond the tokens", "{" + spread(1_000, "a%: __typename") + "}", "tokens"),
    Attack(
        "aliases hidden in fragments",
        "{ ...A ...A ...A } fragment A on Query {" + spread(9, "a%: __typename") + "}",
        "aliases",
    ),
    Attack(
        "three nested lists in 90 bytes",
        "{ products(first: 100) { edges { node { variants(first: 99) { availability { status }"
        " } } } } }",
        "cost",
    ),
    Attack(
        "three nested lists by variables",
        "query ($n: Int) { products(first: $n) { edges { node { variants(first: $n) {"
        " availability(first: $n) { status } } } } } }",
        "cost",
        {"n": 100},
    ),
    Attack(
        "a page of astronomical size",
        "query ($n: Int) { products(first: $n) { edges { node { name } } } }",
        "cost",
        {"n": 2**62},
    ),
    Attack("fan-out that is not deep", fan_out(4), "aliases"),
    Attack("fan-out of depth 16", fan_out(16), "depth"),
    *(Attack(f"fragment bomb 2^{n}", bomb(n), "selections") for n in (20, 24, 100)),
    Attack("fragment bomb at the root", bomb(20, "Query", "{ ...F0 }"), "rootFields"),
    Attack("undefined fragment", "{ ...Nope }", INVALID),
    Attack(
        "circular fragments",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
        INVALID,
    ),
    Attack(
        "fragment that spreads itself",
        "{ product(id: 1) { ...A } } fragment A on Product { variants { product { ...A } } }",
        INVALID,
    ),
    Attack("directive overload", "{ __typename " + "@a" * 900 + "}", "directives"),
    Attack(
        "directives on many fields",
        "{" + spread(60, "__typename @skip(if: true)") + "}",
        "directives",
    ),
    Attack(
        "directives inside",
        "{ upstreams {" + spread(60, "name @skip(if: true)") + "} }",
        "directives",
    ),
    Attack("hundreds of operations", spread(390, "query Q% { __typename }"), "operations"),
    Attack("deep nesting", nested(6), "depth"),
    Attack("deeper nesting than the parser goes", "{ a" * 500 + "}" * 500, PARSE),
    Attack("deep inline fragments", "{" + "...{" * 190 + "nope" + "}" * 190 + "}", INVALID),
    Attack("deep list value", "{ variants(skus: " + "[" * 190 + "]" * 190 + ") { sku } }", INVALID),
    Attack(
        "deep input object",
        "{ locations(near: " + "{a:" * 190 + "1" + "}" * 190 + ") { totalCount } }",
        INVALID,
    ),
    Attack("circular introspection", INTROSPECTION, INVALID),
    Attack("one field two thousand times", "{ upstreams {" + "name " * 1_980 + "} }", "merges"),
    Attack(
        "one object many times",
        "{ product(id: 1) {" + "variants(first: 1) { sku } " * 150 + "} }",
        "merges",
    ),
    Attack(
        "inline fragments to be merged",
        "{ product(id: 1) {" + "... { variants(first: 1) { sku } } " * 120 + "} }",
        "merges",
    ),
    Attack(
        "fragments to be merged",
        "{ product(id: 1) {" + spread(150, "...F%") + "} } " + SPREADS_OF_ONE,
        "merges",
    ),
    Attack("root fields", "{" + "__typename " * 11 + "}", "rootFields"),
    Attack("comments", "{ __typename }" + "#\n" * 2_500, "tokens"),
    Attack("unused variables", "query (" + spread(450, "$v%: Int") + ") { __typename }", INVALID),
    Attack(
        "unused fragments",
        "{ __typename }" + spread(200, "fragment F% on Query { __typename }"),
        INVALID,
    ),
    Attack("long string", '{ product(handle: "' + "x" * 60_000 + '") { name } }', "costed"),
    Attack("block string", '{ product(handle: """' + " \n" * 20_000 + '""") { name } }', "costed"),
    Attack("long name", "{ " + "x" * 60_000 + " }", INVALID),
    Attack("long number", "{ products(first: " + "9" * 5_000 + ") { totalCount } }", INVALID),
    Attack("many keys", "{ variants(skus: [" + '"1" ' * 1_900 + "]) { sku } }", "BAD_USER_INPUT"),
    Attack("many wrong keys", "{ variants(skus: [" + "{} " * 600 + "]) { sku } }", INVALID),
    Attack(
        "deep variables",
        "query ($v: GeoPointInput) { locations(near: $v) { totalCount } }",
        "BAD_USER_INPUT",
        {"v": DEEP},
    ),
    Attack("suggestions", "{ productz(id: 1) { name } }", INVALID),
)
