"""Objects counted in bytes are the objects that are there."""

import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.budget import objects_below_root

NASTY = st.text(alphabet='{}[]:,"\\ \nab_é', max_size=8)
NAMES = st.from_regex(re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,6}", re.ASCII), fullmatch=True)
SCALARS = NASTY | st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False)


def objects_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(NAMES | NASTY, values, max_size=4)


VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | objects_of(inner), max_leaves=20
)


def walked(value: Any) -> int:
    """Objects in a value, itself included."""
    match value:
        case dict():
            return 1 + sum(map(walked, value.values()))
        case list():
            return sum(map(walked, value))
        case _:
            return 0


@given(objects_of(VALUES))
def test_the_bytes_tell_as_many_objects_as_a_walk(data: dict[str, Any]) -> None:
    assert objects_below_root(orjson.dumps(data)) == walked(data) - 1


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (None, 0),
        ({}, 0),
        ({"a": {}}, 1),
        ({"a": [{}, {}, {"b": {}}]}, 4),
        ({"a": "{"}, 0),
        ({"a": ["{", "{", '{"', "{}", '\\{"', "\\"], "b": {"c": "{"}}, 1),
        ({"a": '{"b":{"c":1}}'}, 0),
        ({"a": [[{"b": 1}], [], None]}, 1),
    ],
)
def test_what_looks_like_an_object_and_is_none(data: Any, count: int) -> None:
    assert objects_below_root(orjson.dumps(data)) == count
