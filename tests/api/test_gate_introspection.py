"""A schema's description of itself costs about the objects that are told."""

import pytest
from graphql import build_schema as built
from graphql import get_introspection_query

from app.api.admission import build_gate
from app.api.schema import build_schema, core
from app.engine.gate import NotAdmittedError, described
from app.settings import Requests

GATE = build_gate(build_schema(), Requests(), introspection=True)
FULL = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
)
TYPE_REF = "fragment TypeRef on __Type { kind name isOneOf %s }"
BELOW = "fields { args { type { enumValues { name } } } type { enumValues { name } } }"
SMALL = built(
    """
    type Query implements Node { id: ID a(b: Int, c: In): [Colour] node: Node any: Any }
    interface Node { id: ID }
    type Other implements Node { id: ID }
    type Third { x: Int }
    union Any = Other | Third
    input In { x: Int y: Int }
    enum Colour { RED GREEN BLUE }
    """
)


def cost(query: str) -> int:
    return GATE.admit(query, operation_name=None, variables={}).cost


def deep(levels: int) -> str:
    """The query of tools, with types that are wrapped so often."""
    head = FULL[: FULL.index("fragment TypeRef")]
    return head + TYPE_REF % ("ofType { kind name " * levels + "}" * levels)


def test_lists_of_a_description_are_as_long_as_they_are_on_average() -> None:
    kinds = len(SMALL.type_map)  # ours, three scalars beside, and eight that describe
    fields = sum(len(getattr(one, "fields", ())) for one in SMALL.type_map.values()) - 2  # of In

    assert described(SMALL) == {
        "__Schema.types": kinds,
        "__Schema.directives": len(SMALL.directives),
        "__Type.fields": -(-fields // kinds),
        "__Type.inputFields": 1,
        "__Type.enumValues": 2,
        "__Type.possibleTypes": 1,
        "__Type.interfaces": 1,
        "__Field.args": 1,
    }


@pytest.mark.parametrize("query", [FULL, deep(7), deep(9), deep(13)])
def test_the_query_of_tools_costs_about_what_it_tells(query: str) -> None:
    kinds = len(core(build_schema()).type_map)

    assert 10 * kinds < cost(query) < 30 * kinds


def test_how_deep_types_are_wrapped_costs_nothing() -> None:
    assert cost(deep(1)) == cost(deep(13))


@pytest.mark.parametrize("aliases", [4, 9])
def test_a_description_many_times_over_is_refused(aliases: int) -> None:
    lists = " ".join(
        f"a{number}: types {{ possibleTypes {{ {BELOW} }} }}" for number in range(aliases)
    )

    with pytest.raises(NotAdmittedError) as refused:
        cost(f"{{ __schema {{ {lists} }} }}")

    assert refused.value.excess is not None
    assert refused.value.excess.measure == "cost"
