"""Whatever can be iterated is a list to the engine, and lists of lists are one after another."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from graphql.pyutils import is_iterable

from app.engine.plans import Items, Leaf, Objects, Shape
from app.engine.unchanging import UnchangingList

LISTS = frozenset({list, UnchangingList})


def listed(shape: Shape, answers: list[Any]) -> list[Any]:
    """The answers of a field; those that are lists can be read twice."""
    if not isinstance(shape.kind, Items):
        return answers
    nested = isinstance(shape.kind.of.kind, Items)
    if not nested and LISTS.issuperset(map(type, answers)):
        return answers
    return [_listed(shape, answer) for answer in answers]


def _listed(shape: Shape, value: Any) -> Any:
    """A list can be read twice; whatever else is iterable is made one."""
    kind = shape.kind
    if not isinstance(kind, Items) or value is None or isinstance(value, Exception):
        return value
    if value.__class__ not in LISTS:
        if not is_iterable(value):
            return value
        try:
            value = list(value)
        except Exception as error:  # noqa: BLE001  it is what the list holds
            return error
    return [_listed(kind.of, one) for one in value] if isinstance(kind.of.kind, Items) else value


def flat(shape: Shape, values: Sequence[Any]) -> tuple[Leaf | Objects, Sequence[Any]]:
    """What stands in all lists among the values, in their order, and what kind it is."""
    kind = shape.kind
    while isinstance(kind, Items):
        values = list(chain.from_iterable(one for one in values if one.__class__ in LISTS))
        kind = kind.of.kind
    return kind, values
