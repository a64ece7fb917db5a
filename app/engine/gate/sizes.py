"""How many elements will a list have, as far as its arguments tell?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)

from app.engine.gate.limits import MOST

MOST_DIGITS = 9
Variables: TypeAlias = Mapping[str, Any]
Assumed: TypeAlias = int | Callable[[], int]
"""How many elements a list has; asked at every request, where it may be another by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSizes:
    """What the names of arguments mean for the size of a list.

    `slicing` arguments are page sizes; `keys` hold one key for each element. `assumed` is the size
    where none is given, of a field by its coordinate (`Type.field`), whether an argument could
    limit it or not. Of others a `page` is taken where an argument could, else `unsliced`. `prices`
    are of fields that are more work than their objects tell; the objects of those that are `free`
    count nothing, but for what is below them.
    """

    slicing: frozenset[str] = frozenset({"first", "last"})
    keys: frozenset[str] = frozenset()
    assumed: Mapping[str, Assumed] = field(default_factory=dict)
    page: int = 20
    unsliced: int = 10
    prices: Mapping[str, "Price"] = field(default_factory=dict)
    free: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Price:
    """What a field costs beside its objects: so much for `each` value of the list at a path.

    A path is the name of an argument, then of fields in it; without one it costs `each` once.
    """

    each: int
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that comes with the request; `default` is that of its definition.

    What counts of it is at a `path` of fields.
    """

    name: str
    default: Any
    path: tuple[str, ...] = ()

    def value(self, variables: Variables) -> Any:
        """What was sent, else the default."""
        value = variables.get(self.name, self.default)
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


Given: TypeAlias = int | Variable


@dataclass(frozen=True, slots=True)
class Size:
    """The size of one field's list. `assumed`: where no argument tells; None if nothing does."""

    pages: tuple[Given, ...]
    keys: tuple[Given, ...]
    assumed: Assumed | None

    @property
    def fixed(self) -> bool:
        """Whether it is the same at every request."""
        if callable(self.assumed):
            return False
        return all(isinstance(given, int) for given in (*self.pages, *self.keys))

    def at(self, variables: Variables) -> int:
        """The number of elements, at least one."""
        asked = [_number(given, variables) for given in self.pages]
        pages = [number for number in asked if number is not None]
        counted = [_length(given, variables) for given in self.keys]
        bounds = [length for length in counted if length is not None]
        if pages:
            bounds.append(max(pages))
        elif self.assumed is not None:
            bounds.append(self.assumed() if callable(self.assumed) else self.assumed)
        return max(1, min(bounds, default=1))


def size_of(
    node: FieldNode,
    definition: GraphQLField,
    coordinate: str,
    sizes: ListSizes,
    defaults: Variables,
) -> Size | None:
    """The size that the arguments of a field tell; None when they say nothing of it."""
    sliced = not sizes.slicing.isdisjoint(definition.args)
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    keys = [_given(given[name], defaults) for name in sizes.keys & given.keys()]
    known_keys = tuple(key for key in keys if key is not None)
    assumed = sizes.assumed.get(coordinate, sizes.page if sliced else None)
    if assumed is None and not known_keys:
        return None
    pages = [_given(given[name], defaults) for name in sizes.slicing & given.keys()]
    return Size(tuple(page for page in pages if page is not None), known_keys, assumed)


def count_at(node: FieldNode, path: tuple[str, ...], defaults: Variables) -> Size:
    """How many values there are at a path of arguments; one where none can be seen."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    value = given.get(path[0]) if path else None
    for number, key in enumerate(path[1:], 1):
        if isinstance(value, VariableNode):
            name = value.name.value
            return Size((), (Variable(name, defaults.get(name), path[number:]),), None)
        fields = value.fields if isinstance(value, ObjectValueNode) else ()
        value = {one.name.value: one.value for one in fields}.get(key)
    counted = None if value is None else _given(value, defaults)
    return Size((), () if counted is None else (counted,), None)


def literal(node: ValueNode | None) -> Any:
    """An integer, a list of as many Nones as it has values, an object of such, or None."""
    match node:
        case ObjectValueNode(fields=fields):
            return {one.name.value: literal(one.value) for one in fields}
        case IntValueNode(value=digits):
            return int(digits) if len(digits) <= MOST_DIGITS else MOST
        case ListValueNode(values=values):
            return [None] * len(values)
    return None


def _given(node: ValueNode, defaults: Variables) -> Given | None:
    match node:
        case VariableNode(name=name):
            return Variable(name.value, defaults.get(name.value))
        case NullValueNode():
            return None
        case ListValueNode(values=values):
            return len(values)
        case IntValueNode():
            return int(literal(node))
    return 1


def _number(given: Given, variables: Variables) -> int | None:
    value = given if isinstance(given, int) else given.value(variables)
    if isinstance(value, int | float):
        return int(min(value, MOST)) if value > 0 else 1
    return None


def _length(given: Given, variables: Variables) -> int | None:
    if isinstance(given, int):
        return given
    value = given.value(variables)
    if value is None:
        return None
    return len(value) if isinstance(value, list) else 1
