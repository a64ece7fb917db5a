"""The gate measures what a document expands to, in time linear in its text."""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import build_schema, get_introspection_query, parse

from app.engine.gate import (
    ANYTHING,
    Admitted,
    Documents,
    Gate,
    Limits,
    ListSizes,
    NotAdmittedError,
    Price,
    Stage,
    Validator,
)
from app.engine.gate.analysis import Analysis, analyse
from app.engine.gate.merging import EndlessError, merges
from app.engine.gate.values import values

SCHEMA = build_schema(
    """
    type Query {
      things(first: Int, keys: [ID!]): ThingConnection
      thing(id: ID): Thing
      byKey(keys: [ID!]!): [Thing]!
      all: [Thing!]!
      rest: [Thing!]!
      grid: [[Thing!]!]!
      found: [Found!]!
      dear(basket: Basket): Thing
    }
    input Basket { lines: [Int], notes: [Int] }
    type Mutation { change: Thing }
    union Found = Thing | Other
    type Other { name: String }
    type ThingConnection { edges: [Edge!]! total: Int }
    type Edge { node: Thing }
    type Thing {
      id: ID
      name: String
      names: [String!]!
      parts(first: Int = 7): [Thing!]!
      self: Thing
      flat: Thing
      colour: Colour
    }
    enum Colour { RED GREEN }
    """
)
SIZES = ListSizes(
    keys=frozenset({"keys"}),
    assumed={"Thing.parts": 50, "Query.rest": 30},
    page=20,
    unsliced=10,
    prices={"Query.dear": Price(100, ("basket", "lines")), "Thing.flat": Price(7)},
)
AMPLE = {"cost": 10**9, "depth": 500, "root_fields": 500, "aliases": 500, "directives": 500}


def a_gate(limits: Mapping[str, int] = {}, *, documents: Documents | None = None) -> Gate:
    return Gate(
        SCHEMA,
        limits=Limits(**{**AMPLE, **limits}),
        sizes=SIZES,
        access=ANYTHING,
        validator=Validator(SCHEMA, rules=(), most=Limits().errors, introspection=True),
        documents=Documents(most_bytes=1_000_000) if documents is None else documents,
    )


def admitted(text: str, *, gate: Gate | None = None, **variables: Any) -> Admitted:
    return (gate or a_gate()).admit(text, operation_name=None, variables=variables)


def refusal(text: str, *, gate: Gate | None = None, **variables: Any) -> NotAdmittedError:
    with pytest.raises(NotAdmittedError) as refused:
        admitted(text, gate=gate, **variables)
    return refused.value


def measured(text: str) -> Analysis:
    return analyse(parse(text), SCHEMA, SIZES)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ __typename }", 0),
        ("{ thing { id name names colour } }", 1),
        ("{ thing { self { self { id } } } }", 3),
        ("{ all { id } }", 10),
        ("{ rest { id parts(first: 2) { id } } }", 30 * (1 + 2)),
        ("{ grid { id } }", 100),
        ("{ byKey(keys: [1, 2, 3]) { id } }", 3),
        ("{ byKey(keys: 1) { id } }", 1),
        ("{ byKey(keys: []) { self { id } } }", 2),
        ("{ things(first: 5) { total } }", 1),
        ("{ things(first: 5) { edges { node { id } } } }", 1 + 5 * 2),
        ("{ things { edges { node { id } } } }", 1 + 20 * 2),
        ("{ things(first: null) { edges { node { id } } } }", 1 + 20 * 2),
        ("{ things(first: 5, keys: [1, 2]) { edges { node { id } } } }", 1 + 2 * 2),
        ("{ things(keys: [1, 2]) { edges { node { id } } } }", 1 + 2 * 2),
        ("{ things(first: -5) { edges { node { id } } } }", 1 + 1 * 2),
        ("{ thing { parts { id } } }", 1 + 50),
        ("{ thing { parts(first: 3) { parts(first: 4) { id } } } }", 1 + 3 * (1 + 4)),
        (
            "{ things(first: 5) { ...C } } fragment C on ThingConnection { edges { node { id } } }",
            11,
        ),
        ("{ thing { ...A ...A } } fragment A on Thing { self { id } }", 3),
        ("{ found { ... on Thing { self { id } } ... on Other { name } } }", 10 * 2),
        ("{ thing { ... { self { id } } ... @include(if: true) { self { name } } } }", 3),
    ],
)
def test_an_object_costs_one_and_lists_multiply(text: str, cost: int) -> None:
    assert admitted(text).cost == cost


@pytest.mark.parametrize(
    ("variables", "cost"),
    [
        ({}, 1 + 7 * 2),
        ({"n": 3}, 1 + 3 * 2),
        ({"n": 3.0}, 1 + 3 * 2),
        ({"n": None}, 1 + 20 * 2),
        ({"n": 0}, 1 + 1 * 2),
        ({"n": -(10**9)}, 1 + 1 * 2),
        ({"n": "3"}, 1 + 20 * 2),
        ({"n": [3]}, 1 + 20 * 2),
        ({"n": 5, "keys": ["a", "b"]}, 1 + 2 * 2),
        ({"n": 5, "keys": "a"}, 1 + 1 * 2),
        ({"n": 5, "keys": ["a"] * 9}, 1 + 5 * 2),
    ],
)
def test_the_cost_of_a_known_document_follows_its_variables(
    variables: dict[str, Any], cost: int
) -> None:
    gate = a_gate()
    text = """query Q($n: Int = 7, $keys: [ID!]) { ...R }
              fragment R on Query { things(first: $n, keys: $keys) { edges { node { id } } } }"""
    admitted(text, gate=gate, n=1)

    assert admitted(text, gate=gate, **variables).cost == cost


def test_what_was_admitted_before_is_judged_anew_for_every_request() -> None:
    gate = a_gate({"cost": 100})
    text = "query A($n: Int) { things(first: $n) { edges { node { id } } } } query B { all { id } }"

    def ask(name: str | None, **variables: Any) -> int:
        return gate.admit(text, operation_name=name, variables=variables).cost

    for _ in range(2):
        assert [ask("A", n=1), ask("A", n=9), ask("B"), ask("A", n=1)] == [3, 19, 10, 3]
        for name, first, stage in (
            ("A", 1_000, Stage.MEASURE),
            ("C", 1, Stage.SELECT),
            (None, 1, Stage.SELECT),
        ):
            with pytest.raises(NotAdmittedError) as refused:
                ask(name, n=first)
            assert refused.value.stage is stage


@pytest.mark.parametrize(
    ("text", "variables", "cost"),
    [
        ("{ dear(basket: { lines: [1, 2, 3] }) { id } }", {}, 1 + 3 * 100),
        ("{ dear(basket: { lines: 1 }) { id } }", {}, 1 + 100),
        ("{ dear(basket: { lines: null }) { id } }", {}, 1 + 100),
        ("{ dear(basket: {}) { id } }", {}, 1 + 100),
        ("{ dear { id } }", {}, 1 + 100),
        ("{ a: dear(basket: { lines: [1, 2] }) { id } b: dear { id } }", {}, 2 + 300),
        ("query ($l: [Int]) { dear(basket: { lines: $l }) { id } }", {"l": [1] * 4}, 401),
        ("query ($l: Int) { dear(basket: { lines: [$l, $l] }) { id } }", {}, 201),
        ("query ($b: Basket) { dear(basket: $b) { id } }", {"b": {"lines": [1] * 5}}, 501),
        ("query ($b: Basket) { dear(basket: $b) { id } }", {"b": {"lines": 1}}, 101),
        ("query ($b: Basket) { dear(basket: $b) { id } }", {"b": [1]}, 101),
        ("query ($b: Basket = { lines: [1, 2] }) { dear(basket: $b) { id } }", {}, 201),
        ("{ thing { flat { id } } all { flat { id } } }", {}, 1 + 8 + 10 * (1 + 8)),
    ],
)
def test_what_is_more_work_than_its_objects_has_a_price(
    text: str, variables: dict[str, Any], cost: int
) -> None:
    assert admitted(text, **variables).cost == cost


def test_a_price_follows_the_largest_default_of_all_operations() -> None:
    text = """query A($b: Basket = { lines: [1, 2, 3] }) { dear(basket: $b) { id } }
              query B($b: Basket = { notes: [1, 2, 3, 4] }) { dear(basket: $b) { id } }"""
    gate = a_gate()

    costs = [gate.admit(text, operation_name=one, variables={}).cost for one in "AB"]
    assert costs == [1 + 300, 1 + 300]


@pytest.mark.parametrize("first", [10**18, 10**300, float("inf"), 1e300])
def test_astronomical_sizes_saturate(first: float) -> None:
    text = "query Q($n: Int) { thing { parts(first: $n) { parts(first: $n) { id } } } }"

    refused = refusal(text, n=first, gate=a_gate({"cost": 1_000}))

    assert refused.errors[0].message == (
        "The cost of the operation is at least 1,000,000,000, the limit is 1,000: ask for smaller"
        " pages (first), fewer keys or fewer nested lists."
    )


@pytest.mark.parametrize(
    ("text", "limits", "measure", "number"),
    [
        ("{ thing { self { self { id } } } }", {"depth": 3}, "depth", 4),
        (
            "{ thing { ...A } } fragment A on Thing { self { ...B } } fragment B on Thing { id }",
            {"depth": 2},
            "depth",
            3,
        ),
        ("{ a: thing { b: id } c: thing { id } }", {"aliases": 2}, "aliases", 3),
        (
            "{ ...F ...G } fragment F on Query { ...G } fragment G on Query { a: __typename }",
            {"aliases": 1},
            "aliases",
            2,
        ),
        ("{ thing @skip(if: true) { id @skip(if: true) } }", {"directives": 1}, "directives", 2),
        ("query ($a: Int @x @y) { thing { id } }", {"directives": 1}, "directives", 2),
        (
            "{ ...F all { id } } fragment F on Query { all { id } }",
            {"root_fields": 1},
            "rootFields",
            2,
        ),
        ("mutation { a: change { id } change { id } }", {"mutations": 1}, "mutations", 2),
        ("query A { all { id } } query B { all { id } }", {"operations": 1}, "operations", 2),
        ("{ thing { id name ... { colour } } }", {"selections": 4}, "selections", 5),
        ("{ thing { id id id id } }", {"merges": 5}, "merges", 6),
        ("{ all { id } }", {"cost": 9}, "cost", 10),
        ("{ all { id(nope: 1) } }", {"cost": 9}, "cost", 10),
        ("{ all { id } }#234567", {"characters": 20}, "characters", 21),
        ("{ all\n\r { id } }", {"lines": 1}, "lines", 2),
        ("{ all { id } }", {"tokens": 5}, "tokens", 6),
        ("{ all { id } }#\n#\n", {"tokens": 7}, "tokens", 8),
        ("query A { all { id } } query B { thing { id } }", {"selections": 3}, "selections", 4),
    ],
)
def test_each_limit_tells_its_number_and_what_to_do(
    text: str, limits: dict[str, int], measure: str, number: int
) -> None:
    refused = refusal(text, gate=a_gate(limits))

    assert refused.stage is Stage.MEASURE
    assert refused.excess is not None
    [limit] = limits.values()
    assert (refused.excess.measure, refused.excess.measured) == (measure, number)
    assert f"is {number:,}, the limit is {limit:,}: " in refused.errors[0].message
    assert within_measures(text, dict.fromkeys(limits, number))


@pytest.mark.parametrize(
    ("given", "count"),
    [({}, 0), ({"a": 1, "b": "long"}, 2), ({"a": [1, [2, 3]]}, 5), ({"a": {"b": {"c": None}}}, 3)],
)
def test_values_of_variables_are_counted_however_deep(given: dict[str, Any], count: int) -> None:
    assert values(given, most=100) == count


def test_too_many_values_are_refused_before_the_document_is_read() -> None:
    refused = refusal("{", gate=a_gate({"values": 10}), keys=["k"] * 10)

    assert refused.errors[0].message == (
        "The number of values in the variables is 11, the limit is 10: send fewer of them in one"
        " request."
    )


def within_measures(text: str, limits: Mapping[str, int]) -> bool:
    """Whether the text gets past its measures when the limit is just large enough."""
    try:
        a_gate(limits).admit(text, operation_name=None, variables={})
    except NotAdmittedError as refused:
        return refused.stage is not Stage.MEASURE
    return True


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A thing { id } }",
        "{ ...Nope }",
        "{ ...A } fragment A on Nope { nope(first: 3) { nope } }",
        "{ nope { nope { ... on Nope { nope } } } }",
        "query A { all { id } } query A { thing { id } }",
        "{ all { id } } fragment A on Thing { id } fragment A on Thing { name }",
        "{ thing(id: $nope) { id } }",
        "type A { b: Int }",
        "{ __schema { nope } }",
    ],
)
def test_what_is_not_valid_is_measured_safely_and_then_refused(text: str) -> None:
    assert refusal(text).stage in {Stage.VALIDATE, Stage.SELECT}


def bomb(n: int) -> str:
    """2^n spreads in a few bytes."""
    levels = (f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n))
    return "{ ...F0 } " + " ".join(levels) + f" fragment F{n} on Query {{ __typename }}"


def wide_bomb(n: int) -> str:
    """Lists in lists, by fragments: 10^n objects."""
    levels = (f"fragment F{i} on Thing {{ parts {{ ...F{i + 1} }} }}" for i in range(n))
    return "{ thing { ...F0 } } " + " ".join(levels) + f" fragment F{n} on Thing {{ id }}"


@pytest.mark.parametrize("make", [bomb, wide_bomb])
def test_a_fragment_bomb_of_any_size_is_measured_in_linear_steps(make: Any) -> None:
    steps = {n: measured(make(n)).steps for n in range(10, 201, 10)}

    growth = {steps[n + 10] - steps[n] for n in range(10, 200, 10)}
    assert growth == {20}
    assert steps[200] in {402, 403}


def test_a_bomb_is_refused_by_what_it_expands_to() -> None:
    gate = a_gate({"root_fields": 10**9, "tokens": 10_000})

    for n in (12, 30, 100, 200):
        refused = refusal(bomb(n), gate=gate)
        assert refused.excess is not None
        assert refused.excess.measure == "selections"
        assert refused.excess.measured == min(10**9, 3 * 2**n - 1)


def test_a_chain_of_a_thousand_fragments_does_not_exhaust_the_stack() -> None:
    levels = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(1_000))
    analysis = measured("{ ...F0 } " + levels + " fragment F1000 on Query { all { id } }")

    [figures] = analysis.figures()
    assert (figures["depth"], figures["selections"]) == (2, 1_003)


def test_pairs_are_counted_in_steps_of_the_selections() -> None:
    assert pairs("{ thing { id name } }") == 0
    assert pairs("{ thing { id id id } }") == 3
    assert pairs("{ thing { id } thing { id } }") == 1 + 3 + 1
    assert pairs("{ things(first: 1) { total } things(first: 1) { total } }") == 1 + 3 + 2 + 1
    assert pairs("{ ...A ...A } fragment A on Query { x }") == 3 + 1
    assert pairs("{ thing {" + "id " * 500 + "} }") == 500 * 499 / 2
    assert pairs("{ x } fragment A on Thing { id id } fragment A on Thing { id id id }") == 1 + 3


@pytest.mark.parametrize(
    "text",
    [
        "{ ...A } fragment A on Query { ...A }",
        "{ thing { ...A } } fragment A on Thing { self { ...A } }",
        "{ x } fragment A on Thing { self { ...A } }",
        "{ x } fragment A on Thing {" + "id " * 1_000 + "}",
    ],
)
def test_counting_pairs_ends_where_selections_do_not(text: str) -> None:
    with pytest.raises(EndlessError):
        merges(parse(text), most=10**9, selections=1_000)


def pairs(text: str) -> int:
    return merges(parse(text), most=10**9, selections=10_000)


def test_the_standard_introspection_query_passes_the_default_limits() -> None:
    gate = Gate(
        SCHEMA,
        limits=Limits(),
        sizes=SIZES,
        access=ANYTHING,
        validator=Validator(SCHEMA, rules=(), most=Limits().errors, introspection=True),
        documents=Documents(most_bytes=0),
    )

    assert admitted(get_introspection_query(), gate=gate).cost > 1_000


def test_mistakes_are_capped() -> None:
    refused = refusal("{ thing {" + " ".join(f"nope{i}" for i in range(40)) + "} }")

    assert len(refused.errors) == 10


def test_a_known_document_is_neither_parsed_nor_validated_again() -> None:
    documents = Documents(most_bytes=1_000_000)
    gate = a_gate(documents=documents)

    first, again = (admitted("{ all { id } }", gate=gate) for _ in range(2))

    assert again.document is first.document
    assert len(documents) == 1


def test_only_valid_documents_are_kept_within_the_bytes_allowed() -> None:
    documents = Documents(most_bytes=20_000)
    gate = a_gate(documents=documents)
    for text in ("{ nope }", "{"):
        refusal(text, gate=gate)
    admitted("{ thing { id } " + " " * 1_000 + "}", gate=gate)  # alone above the bytes
    assert len(documents) == 0

    for n in range(50):
        admitted(f"query Q{n} {{ all {{ id }} }}", gate=gate)

    assert 0 < len(documents) < 10
    assert documents.weight <= 20_000
    assert documents.find("query Q49 { all { id } }") is not None
