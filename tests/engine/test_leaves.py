"""Straight-line code writes a scalar exactly when the type would write it so."""

import math
from typing import Any

import pytest
from graphql.execution import Executor
from graphql.pyutils import Undefined
from graphql.type import GraphQLLeafType

from app.engine.leaves import output, passes
from tests.engine.leaves import BAD, GOOD, LEAVES

EDGES: list[Any] = [
    2**31, 2**31 - 1, -(2**31), -(2**31) - 1, 2**53, 10**400, 0.0, -0.0, 1e300, math.nan, -math.inf,
    True, "", "1", b"a", None, Undefined, ValueError("no"), object, [], (1,),
]  # fmt: skip
VALUES = [*EDGES, *(one for values in (*GOOD.values(), *BAD.values()) for one in values)]


@pytest.mark.parametrize("type_", LEAVES, ids=str)
def test_every_value_is_written_as_the_type_writes_it_or_not_at_all(
    type_: GraphQLLeafType,
) -> None:
    write = output(type_)
    for value in [*VALUES, *VALUES]:
        expected = outcome(lambda value=value: Executor.complete_leaf_value(type_, value))
        if value is None or value is Undefined or isinstance(value, Exception):
            expected = "raises"  # completion has its own words for these
        rule = passes(type_)
        if rule is not None and eval(rule.format("value")):  # noqa: S307  a rule of ours
            assert repr(value) == expected
        assert outcome(lambda value=value: write(value)) == expected


def outcome(attempt: Any) -> str:
    try:
        return repr(attempt())
    except Exception:  # noqa: BLE001  whatever a type raises, completion meets it again
        return "raises"
