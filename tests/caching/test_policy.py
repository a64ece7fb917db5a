"""How long an answer may be kept at most is the strictest of all it may hold."""

from collections.abc import Iterator
from math import inf
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from app.api.caching import WORDING
from app.api.hints import hints_of
from app.api.schema import build_schema as our_schema
from app.engine.caching.policy import Hint, Hints
from app.engine.caching.terms import Rules, Terms, Wording, terms_of

SCHEMA = build_schema(
    """
    interface N { a: A b: B n: N s: String }
    type A implements N { a: A b: B n: N u: U s: String x: Int list: [N!]! }
    type B implements N { a: A b: B n: N u: U s: String y: Int list: [A] }
    union U = A | B
    enum Told { NEW OLD }
    type Query { a: A b: B n: N u: U s: String list: [U!] }
    type Mutation { a: A }
    """
)
FIELDS = {
    "N": {"a": "A", "b": "B", "n": "N", "s": None},
    "A": {"a": "A", "b": "B", "n": "N", "u": "U", "s": None, "x": None, "list": "N"},
    "B": {"a": "A", "b": "B", "n": "N", "u": "U", "s": None, "y": None, "list": "A"},
    "U": {},
    "Query": {"a": "A", "b": "B", "n": "N", "u": "U", "s": None, "list": "U"},
}
POSSIBLE = {"N": {"A", "B"}, "U": {"A", "B"}, "A": {"A"}, "B": {"B"}, "Query": {"Query"}}

hint = st.builds(
    Hint,
    max_age=st.none() | st.integers(0, 5),
    private=st.booleans(),
    inherit=st.booleans(),
)
hints = st.builds(
    Hints,
    st.dictionaries(st.sampled_from(["A", "B", "N", "U"]), hint),
    st.dictionaries(
        st.sampled_from([(owner, name) for owner, all_ in FIELDS.items() for name in all_]), hint
    ),
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An operation and fragments; each fragment spreads only those after it."""
    conditions = draw(st.lists(st.sampled_from(["A", "B", "N", "U"]), max_size=4))
    bodies = [
        f"fragment F{place} on {on} {{ {_selections(draw, on, conditions, place + 1, 2)} }}"
        for place, on in enumerate(conditions)
    ]
    root = _selections(draw, "Query", conditions, 0, 3)
    return f"query {{ {root} }} " + " ".join(bodies)


def _selections(draw: st.DrawFn, on: str, fragments: list[str], after: int, depth: int) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["field", "field", "inline", "spread", "typename"]))
        spreadable = [
            place
            for place in range(after, len(fragments))
            if POSSIBLE[fragments[place]] & POSSIBLE[on]
        ]
        if kind == "spread" and spreadable:
            parts.append(f"...F{draw(st.sampled_from(spreadable))}")
        elif kind == "inline" and depth and on != "Query":
            narrowed: str = draw(st.sampled_from([t for t in "ABNU" if POSSIBLE[t] & POSSIBLE[on]]))
            below = _selections(draw, narrowed, fragments, after, depth - 1)
            parts.append(f"... on {narrowed} {{ {below} }}")
        elif kind == "field" and FIELDS[on]:
            names = [n for n, given in FIELDS[on].items() if depth or given is None]
            name = draw(st.sampled_from(names))
            if (named := FIELDS[on][name]) is None:
                parts.append(name)
            else:
                parts.append(
                    f"{name} {{ {_selections(draw, named, fragments, after, depth - 1)} }}"
                )
        else:
            parts.append("__typename")
    return " ".join(parts)


class Naive:
    """Spreads every fragment where it stands, and looks at every field of every object."""

    def __init__(self, document: DocumentNode, said: Hints) -> None:
        self.said = said
        self.fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }

    def fields(self, selections: SelectionSetNode, on: str) -> Iterator[tuple[str, FieldNode]]:
        for one in selections.selections:
            if isinstance(one, FieldNode):
                yield on, one
            elif isinstance(one, FragmentSpreadNode):
                fragment = self.fragments[one.name.value]
                yield from self.fields(fragment.selection_set, fragment.type_condition.name.value)
            elif isinstance(one, InlineFragmentNode):
                condition = one.type_condition
                narrowed = on if condition is None else condition.name.value
                yield from self.fields(one.selection_set, narrowed)

    def asked(self, selections: SelectionSetNode, on: str) -> set[str]:
        """The object types of which something is asked; fragments narrow from outside in."""
        found: set[str] = set()
        for one in selections.selections:
            if isinstance(one, FieldNode):
                found |= set() if one.name.value == "__typename" else POSSIBLE[on]
            elif isinstance(one, FragmentSpreadNode):
                fragment = self.fragments[one.name.value]
                below = self.asked(fragment.selection_set, fragment.type_condition.name.value)
                found |= below & POSSIBLE[on]
            elif isinstance(one, InlineFragmentNode):
                narrowed = one.type_condition.name.value if one.type_condition else on
                found |= self.asked(one.selection_set, narrowed) & POSSIBLE[on]
        return found

    def policy(self, selections: SelectionSetNode, on: str) -> tuple[float, bool]:
        age, private = inf, False
        for parent, node in self.fields(selections, on):
            name = node.name.value
            if name == "__typename":
                continue
            for one_age, one_private in self.of_field(parent, node):
                age, private = min(age, one_age), private or one_private
            if (below := node.selection_set) is not None:
                given = FIELDS[parent][name]
                assert given is not None
                below_age, below_private = self.policy(below, given)
                age, private = min(age, below_age), private or below_private
        return age, private

    def of_field(self, parent: str, node: FieldNode) -> Iterator[tuple[float, bool]]:
        name, given = node.name.value, FIELDS[parent][node.name.value]
        for owner in POSSIBLE[parent]:
            of_field = [self.said.fields.get((type_, name), Hint()) for type_ in (parent, owner)]
            if given is None or node.selection_set is None:
                yield self.one(of_field, [], root=parent == "Query", leaf=True)
                continue
            promised = FIELDS[owner][name]
            for type_ in self.asked(node.selection_set, given) or POSSIBLE[given]:
                of_type = [self.said.types.get(t, Hint()) for t in (type_, str(promised))]
                yield self.one(of_field, of_type, root=parent == "Query", leaf=False)

    @staticmethod
    def one(
        of_field: list[Hint], of_type: list[Hint], *, root: bool, leaf: bool
    ) -> tuple[float, bool]:
        private = any(one.private for one in of_field + of_type)
        for level in (of_field, of_type):
            if ages := [one.max_age for one in level if one.max_age is not None]:
                return min(ages), private
        inherits = leaf or any(one.inherit for one in of_field + of_type)
        return (0 if root or not inherits else inf), private


def terms(text: str, said: Hints, schema: Any = SCHEMA, wording: Wording = Wording()) -> Terms:  # noqa: B008  immutable
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return terms_of(document, text, operation, Rules(schema, said, wording))


@given(text=documents(), said=hints)
@settings(max_examples=400, deadline=None)
def test_the_policy_is_that_of_a_walk_that_spreads_everything(text: str, said: Hints) -> None:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    age, private = Naive(document, said).policy(operation.selection_set, "Query")

    found = terms(text, said)

    assert (found.max_age, found.private) == (0 if age == inf else age, age != inf and private)


def test_the_made_documents_are_those_of_the_schema() -> None:
    for owner, all_ in FIELDS.items():
        type_ = SCHEMA.type_map[owner]
        for name, below in all_.items():
            if isinstance(type_, GraphQLUnionType):
                continue
            assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
            named = get_named_type(type_.fields[name].type)
            assert (None if is_leaf_type(named) else named.name) == below
    assert validate(SCHEMA, parse("{ u { ... on N { s } } }")) == []


def said(**by_name: Hint) -> Hints:
    types = {name: one for name, one in by_name.items() if "_" not in name}
    fields = {tuple(name.split("_")): one for name, one in by_name.items() if "_" in name}
    return Hints(types, fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "hints", "age"),
    [
        ("{ s }", {}, 0),  # a root field without a word
        ("{ s }", {"Query_s": Hint(9)}, 9),
        ("{ a { s } }", {"A": Hint(9)}, 9),  # leaves are as what they belong to
        ("{ a { s } }", {"A": Hint(9), "Query_a": Hint(20)}, 20),  # a field before its type
        ("{ a { b { s } } }", {"A": Hint(9)}, 0),  # an object without a word
        ("{ a { b { s } } }", {"A": Hint(9), "B": Hint(inherit=True)}, 9),
        ("{ a { b { s } } }", {"A": Hint(9), "A_b": Hint(inherit=True)}, 9),
        ("{ a { s } }", {"A": Hint(inherit=True)}, 0),  # nothing to inherit from
        ("{ n { s } }", {"A": Hint(9), "B": Hint(7)}, 7),  # whatever comes
        ("{ n { ... on A { s } } }", {"A": Hint(9), "B": Hint(7)}, 9),  # nothing is asked of a B
        ("{ n { __typename } }", {"A": Hint(9), "B": Hint(7)}, 7),
        ("{ __typename }", {}, 0),
        ("{ a { s } __schema { types { name } } }", {"A": Hint(9)}, 0),
        ("mutation { a { s } }", {"A": Hint(9)}, 0),
    ],
)
def test_hints_mean_what_they_mean_for_apollo(text: str, hints: dict[str, Hint], age: int) -> None:
    assert terms(text, said(**hints)).max_age == age


def test_one_private_field_makes_everything_private_and_cannot_be_opened() -> None:
    found = terms("{ a { s b { s } } }", said(A=Hint(9), B=Hint(9, private=True), A_b=Hint(9)))

    assert (found.max_age, found.private) == (9, True)


def test_a_bomb_of_fragments_is_measured_in_time_linear_in_its_text() -> None:
    depth = 1_500
    bomb = "{ a { ...F0 } }" + "".join(
        f" fragment F{n} on A {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth)
    )
    text = f"{bomb} fragment F{depth} on A {{ s b {{ s }} }}"

    assert terms(text, said(A=Hint(9), B=Hint(4))).max_age == 4


OURS = our_schema(subgraph=True)
HINTS = hints_of(OURS)


def ours(text: str) -> Terms:
    return terms(text, HINTS, OURS._schema, WORDING)


SKU = 'variants(skus: ["S"])'


def test_an_id_that_may_be_a_persons_is_kept_by_nobody() -> None:
    found = ours("{ node(id: 1) { id ... on Location { name } } }")
    assert (found.max_age, found.private) == (0, True)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("{ product(id: 1) { name images { url } categories { name } } }", 60),
        ("{ products { edges { node { name } } pageInfo { endCursor } } }", 60),
        (f"{{ {SKU} {{ sku price {{ amount {{ amount }} }} }} }}", 30),
        (f"{{ {SKU} {{ availableToSell {{ status }} }} }}", 2),
        (f"{{ {SKU} {{ availability {{ status location {{ name }} }} }} }}", 2),
        (f'{{ {SKU} {{ availability(maxAge: "PT1S") {{ status }} }} }}', 0),
        (f"{{ {SKU} {{ availability(maxAge: null) {{ status }} }} }}", 2),
        ("{ locations { edges { node { name address { city } position { latitude } } } } }", 300),
        ("{ locations { edges { node { hours { weekly { day opens } } } } } }", 300),
        ("{ locations { edges { node { hours { openNow } } } } }", 30),
        ("{ node(id: 1) { ... on Location { name } } }", 300),
        (
            "query Q($r: [_Any!]!) { _entities(representations: $r) { ... on Location { id } } }",
            300,
        ),
        ("query Q($r: [_Any!]!) { _entities(representations: $r) { ... on Product { id } } }", 60),
        ("{ upstreams { name state } }", 0),
        ("{ product(id: 1) { name } upstreams { name } }", 0),
        ("{ _service { sdl } }", 0),
        ("{ product(id: 1) { name ... @defer { brand } } }", 0),
    ],
)
def test_our_answers_may_be_kept_as_long_as_what_changes_most_in_them(text: str, age: int) -> None:
    found = ours(text)

    assert (found.max_age, found.private) == (age, False)


def test_what_says_how_values_came_is_known_by_its_keys() -> None:
    found = ours("{ product(id: 1) { freshness how: freshness name } }")
    mixed = ours("{ product(id: 1) { name: freshness variants { name } } }")

    assert (found.told, found.max_age) == (("freshness", "how"), 60)
    assert mixed.max_age == 0  # the key stands for something else too


def test_every_object_of_the_schema_says_how_long_it_may_be_kept_or_is_not() -> None:
    core = OURS._schema
    silent = {
        name
        for name, one in core.type_map.items()
        if isinstance(one, GraphQLObjectType)
        and not name.startswith("_")
        and name not in HINTS.types
    }
    roots = {"Query", "Mutation", "Subscription"}
    assert silent == roots | {"Upstream", "UpstreamFailure", "UpstreamOperation"}
