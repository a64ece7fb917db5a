"""How is a scalar or an enum written, quickly where nothing can go wrong?"""

from dataclasses import dataclass, field
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
    if writes_text(type_):
        return "{0}.__class__ is str"
    return next((rule for known, rule in PASSES.items() if known is type_), None)


def writes_text(type_: GraphQLLeafType) -> bool:
    """Whether whatever it is given is written by `str`."""
    return getattr(type_, "coerce_output_value", None) is str


def output(type_: GraphQLLeafType) -> "Output":
    """What writes a value of a type."""
    return EnumOutput(type_) if isinstance(type_, GraphQLEnumType) else Output(type_)


@dataclass(frozen=True, slots=True)
class Output:
    """Writes values of one type; never as None.

    It raises whatever the type raises, and Surprise where nothing can be written.
    """

    type: GraphQLLeafType

    def __call__(self, value: Any) -> Any:
        """The value as JSON has it."""
        if value is None or value is Undefined or isinstance(value, Exception):
            raise Surprise
        written = self.type.coerce_output_value(value)
        if written is None or written is Undefined:
            raise Surprise
        return written


@dataclass(frozen=True, slots=True)
class EnumOutput(Output):
    """Members of a Python enum live for ever: each is written once, then `known` by identity."""

    known: dict[int, str] = field(default_factory=dict)

    def __call__(self, value: Any) -> Any:
        """The name of a value."""
        name = Output.__call__(self, value)
        if isinstance(value, Enum):
            self.known[id(value)] = name
        return name
