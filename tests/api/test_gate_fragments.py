"""A fragment costs what its text would cost, written out wherever it is spread."""

import re
from collections.abc import Mapping

from graphql import build_schema, parse
from hypothesis import given
from hypothesis import strategies as some

from app.engine.gate import ListSizes
from app.engine.gate.analysis import analyse

SCHEMA = build_schema(
    """
    type Query { thing: Thing }
    type Thing { name: String self: Thing things: [Thing] parts(first: Int, keys: [ID]): [Thing]
                 page(first: Int): Page }
    type Page { things: [Thing] }
    """
)
SIZES = ListSizes(keys=frozenset({"keys"}), assumed={"Thing.parts": 3}, page=4, unsliced=5)
VARIABLES = {"n": 6, "keys": ["a", "b"]}
HEAD = "query Q($n: Int = 2, $keys: [ID], $m: Int) "
OPENINGS = (
    "self",
    "a: self",
    "things @include(if: true)",
    "parts",
    "parts(first: 2)",
    "parts(first: $n)",
    "parts(first: $m, keys: $keys)",
    "...",
    "... on Thing @skip(if: false)",
)
PAGES = ("page", "page(first: 7)", "p: page(first: $n)")
FRAGMENTS = ("A", "B", "C", "D")


def body(following: tuple[str, ...]) -> some.SearchStrategy[str]:
    """Selections on a Thing that spread only the fragments that follow."""
    leaves = ["name", "b: name", *(f"...{name}" for name in following)]
    pages = some.tuples(some.sampled_from(PAGES), some.sampled_from(leaves)).map(
        lambda made: f"{made[0]} {{ things {{ {made[1]} }} }}"
    )
    return some.recursive(
        some.sampled_from(leaves) | pages,
        lambda inner: some.tuples(
            some.sampled_from(OPENINGS), some.lists(inner, min_size=1, max_size=3)
        ).map(lambda made: f"{made[0]} {{ {' '.join(made[1])} }}"),
        max_leaves=4,
    )


DOCUMENTS = some.fixed_dictionaries(
    {name: body(FRAGMENTS[place + 1 :]) for place, name in enumerate(FRAGMENTS)}
)


def written_out(text: str, fragments: Mapping[str, str]) -> str:
    return re.sub(
        r"\.\.\.([A-D])\b",
        lambda spread: f"... on Thing {{ {written_out(fragments[spread[1]], fragments)} }}",
        text,
    )


def figures(text: str) -> tuple[dict[str, int], int]:
    analysis = analyse(parse(text), SCHEMA, SIZES)
    [measured], [(_, tally)] = list(analysis.figures()), analysis.operations
    measured["directives"] = tally.directives
    return measured, analysis.program.value(tally.cost, VARIABLES)


@given(DOCUMENTS)
def test_figures_are_those_of_the_document_written_out(fragments: dict[str, str]) -> None:
    query = HEAD + "{ thing { ...A ...B } }"
    definitions = " ".join(
        f"fragment {name} on Thing {{ {fragments[name]} }}" for name in FRAGMENTS
    )

    assert figures(f"{query} {definitions}") == figures(written_out(query, fragments))
