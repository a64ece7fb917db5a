"""Scalars, enums and arguments of the made-up schemas, with values that fit and that do not."""

import math
from enum import Enum
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
)


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Odd:
    """A value no type wants."""

    def __repr__(self) -> str:
        return "something odd"


def shout(value: Any) -> str:
    if value == "quiet":
        raise ValueError("too quiet")
    return str(value).upper()


SHOUT = GraphQLScalarType("Shout", serialize=shout)
CODE = GraphQLScalarType("Code", serialize=str)
ENUM = GraphQLEnumType("Colour", Colour)
SIZE = GraphQLEnumType("Size", {"S": 1, "L": [2]})
LEAVES = [
    GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID, SHOUT, CODE, ENUM, SIZE,
]  # fmt: skip
GOOD: dict[str, list[Any]] = {
    "String": ["a", "ü", "", 5, True],
    "Int": [0, -7, 2**31 - 1, True, "12", 3.0],
    "Float": [0.5, -1.0, 3, "1.5", True],
    "Boolean": [True, False, 1],
    "ID": ["id", 7],
    "Shout": ["loud", 4],
    "Code": ["c", 1],
    "Colour": [Colour.RED, Colour.GREEN],
    "Size": [1, [2]],
}
BAD: dict[str, list[Any]] = {
    "String": [Odd()],
    "Int": [2**31, 0.5, "x", ""],
    "Float": [math.inf, math.nan, "x"],
    "Boolean": ["x", Odd()],
    "ID": [0.5, Odd()],
    "Shout": ["quiet"],
    "Code": [],
    "Colour": ["PINK", 9],
    "Size": [3, [4]],
}
INPUT: GraphQLInputObjectType = GraphQLInputObjectType(
    "Wish",
    lambda: {
        "size": GraphQLInputField(SIZE),
        "least": GraphQLInputField(GraphQLNonNull(GraphQLInt), default_value=2),
        "next": GraphQLInputField(INPUT),
    },
)
ARGUMENTS = {
    "int": GraphQLArgument(GraphQLInt),
    "many": GraphQLArgument(GraphQLList(GraphQLNonNull(GraphQLInt)), default_value=[1]),
    "sure": GraphQLArgument(GraphQLNonNull(GraphQLInt), default_value=3),
    "colour": GraphQLArgument(ENUM, out_name="shade"),
    "wish": GraphQLArgument(INPUT),
}
