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

    @property
    def size(self) -> int:
        """Characters, at least."""
        return len(self.document) + len(repr(self.variables))


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

COSTED = "costed"
DEEP = deep(200)
BITS = {"v": [1] * 30_000}

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
    Attack("long string", '{ product(handle: "' + "x" * 60_000 + '") { name } }', "characters"),
    Attack("long name", "{ " + "x" * 60_000 + " }", "characters"),
    Attack("block string", '{ product(handle: """' + " \n" * 14_000 + '""") { name } }', "lines"),
    Attack("lines", "\n" * 14_000 + "{ nope }", "lines"),
    Attack("carriage returns", "\r" * 14_000 + "{ nope }", "lines"),
    Attack("commas", "," * 29_000 + "{ nope }", INVALID),
    Attack(
        "shorter string", '{ product(handle: "' + "x" * 29_000 + '") { name } }', "BAD_USER_INPUT"
    ),
    Attack(
        "escaped string", '{ product(handle: "' + "\\n" * 14_500 + '") { id } }', "BAD_USER_INPUT"
    ),
    Attack(
        "string of code points",
        '{ product(handle: "' + "\\u0041" * 4_800 + '") { name } }',
        "BAD_USER_INPUT",
    ),
    Attack("shorter name", "{ " + "x" * 29_000 + " }", INVALID),
    Attack("unicode name", "{ \u00e9\u0430\u200b }", PARSE),
    Attack("long number", "{ products(first: " + "9" * 5_000 + ") { totalCount } }", INVALID),
    Attack("many keys", "{ variants(skus: [" + '"1" ' * 1_900 + "]) { sku } }", "BAD_USER_INPUT"),
    Attack("many wrong keys", "{ variants(skus: [" + "{} " * 600 + "]) { sku } }", INVALID),
    Attack(
        "deep variables",
        "query ($v: GeoPointInput) { locations(near: $v) { totalCount } }",
        "BAD_USER_INPUT",
        {"v": DEEP},
    ),
    Attack("unknown fields", "{ upstreams {" + spread(1_900, "n%") + "} }", INVALID),
    Attack("unknown arguments", "{ product(" + spread(650, "n%: 1") + ") { name } }", INVALID),
    Attack("one argument many times", "{ product(" + "id: 1 " * 650 + ") { name } }", INVALID),
    Attack("unknown fragments", "{" + spread(900, "...F%") + "}", INVALID),
    Attack(
        "a bomb that nobody uses",
        "{ __typename } " + bomb(40).partition("} }")[2],
        INVALID,
    ),
    Attack(
        "the pairs of a fragment that nobody uses",
        "{ __typename } fragment F on Upstream {" + "name " * 1_900 + "}",
        "merges",
    ),
    Attack(
        "arguments to be merged",
        "query ($n: GeoPointInput, $f: Int) { variants(skus: 1) {"
        + "availability(near: $n, first: $f) { status } " * 80
        + "} }",
        "merges",
    ),
    Attack(
        "ten operations over one chain",
        spread(10, "query Q%($a: Int) { product(id: 1) { ...F0 } }")
        + " ".join(
            f"fragment F{n} on Product {{ ...F{n + 1} images(first: $a) {{ url }} }}"
            for n in range(90)
        )
        + "fragment F90 on Product { name }",
        "merges",
    ),
    Attack(
        "list of representations",
        "{ _entities(representations: ["
        + '{ __typename: "Product", id: "1" } ' * 230
        + "]) { __typename } }",
        "BAD_USER_INPUT",
    ),
    Attack("many enums", "{ locations(kinds: [" + "STORE " * 1_900 + "]) { totalCount } }", COSTED),
    Attack("many values", "query ($v: [ID!]!) { nodes(ids: $v) { id } }", "values", BITS),
    Attack(
        "many lists", "query ($v: [ID!]!) { nodes(ids: $v) { id } }", "values", {"v": [[]] * 15_000}
    ),
    Attack(
        "as many values as may be",
        "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
        "BAD_USER_INPUT",
        {"v": [1] * 4_900},
    ),
    Attack(
        "wrong values",
        "query ($v: [LocationKind!]) { locations(kinds: $v) { totalCount } }",
        "BAD_USER_INPUT",
        {"v": ["NOPE"] * 4_900},
    ),
    Attack(
        "unknown input fields",
        "query ($v: GeoPointInput) { locations(near: $v) { totalCount } }",
        "BAD_USER_INPUT",
        {"v": {f"a{n}": 1 for n in range(4_900)}},
    ),
    Attack(
        "many representations",
        "query ($v: [_Any!]!) { _entities(representations: $v) { __typename } }",
        "BAD_USER_INPUT",
        {"v": [{"__typename": "Product", "id": "1"}] * 1_600},
    ),
    Attack(
        "deep representation",
        "query ($v: [_Any!]!) { _entities(representations: [$v]) { __typename } }",
        INVALID,
        {"v": DEEP},
    ),
    Attack(
        "long code",
        "query ($v: [Sku!]!) { variants(skus: $v) { id } }",
        "BAD_USER_INPUT",
        {"v": ["a" * 60_000]},
    ),
    Attack(
        "long duration",
        'query ($v: Duration) { variants(skus: "a") { availability(maxAge: $v) { status } } }',
        "BAD_USER_INPUT",
        {"v": "P" + "1" * 60_000},
    ),
    Attack(
        "long cursor",
        "query ($v: String) { locations(after: $v) { totalCount } }",
        "BAD_USER_INPUT",
        {"v": "W1sx" * 15_000},
    ),
    Attack("values nobody declared", "{ __typename }", COSTED, {f"v{n}": 1 for n in range(4_900)}),
    Attack("suggestions", "{ productz(id: 1) { name } }", INVALID),
)
