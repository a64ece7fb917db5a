"""How is a scalar or an enum written, quickly where nothing can go wrong?"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLString,
)
from graphql.pyutils import Undefined
from graphql.type import GraphQLLeafType


class Surprise(Exception):  # noqa: N818  not a failure yet: completion finds out
    """A value that straight-line code does not complete."""


PASSES = {
    GraphQLString: "{0}.__class__ is str",
    GraphQLID: "{0}.__class__ is str",
    GraphQLInt: "{0}.__class__ is int and -2147483648 <= {0} <= 2147483647",
    GraphQLFloat: "{0}.__class__ is float and {0} - {0} == 0.0",  # neither infinite nor NaN
    GraphQLBoolean: "{0}.__class__ is bool",
}


def passes(type_: GraphQLLeafType) -> str | None:
    """The condition under which a value is its own output; None where there is no such rule."""
    if getattr(type_, "coerce_output_value", None) is str:
        return "{0}.__class__ is str"
    return next((rule for known, rule in PASSES.items() if known is type_), None)


def output(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    """What writes a value of a type; never None.

    It raises whatever the type raises, and Surprise where nothing can be written.
    """
    return _enum(type_) if isinstance(type_, GraphQLEnumType) else _Output(type_)


@dataclass(frozen=True, slots=True)
class _Output:
    type: GraphQLLeafType

    def __call__(self, value: Any) -> Any:
        if value is None or value is Undefined or isinstance(value, Exception):
            raise Surprise
        written = self.type.coerce_output_value(value)
        if written is None or written is Undefined:
            raise Surprise
        return written


def _enum(type_: GraphQLEnumType) -> Callable[[Any], Any]:
    """Members of a Python enum live for ever: each is looked up once, then known by identity."""
    known: dict[int, str] = {}
    find = known.get
    write = _Output(type_)

    def name_of(value: Any) -> Any:
        name = find(id(value))
        if name is None:
            name = write(value)
            if isinstance(value, Enum):
                known[id(value)] = name
        return name

    return name_of
