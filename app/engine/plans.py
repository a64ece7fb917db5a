"""What does one operation ask, settled before anybody executes it?"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)
from graphql.pyutils import Path
from graphql.type import GraphQLLeafType

from app.engine.arguments import Arguments

if TYPE_CHECKING:
    from app.engine.runs import Call, Run


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is an attribute of its parent: a plain value, the same at every reading."""

    name: str


@dataclass(frozen=True, slots=True)
class Each:
    """A field that is asked parent by parent; what `bind` gives may answer with an awaitable.

    `follows`: what it answers at once follows from the parent and the arguments alone.
    """

    bind: "Callable[[Call], Callable[[Any], Any]]"
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """A field that is asked once for all parents: as many answers, in the same order.

    `eager`: its first step is taken at once, and no task is made for it unless it waits. Then it
    may go on in another task: it must not hold a time limit or set a context variable over its
    first wait.
    """

    bind: "Callable[[Call], Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]]"
    eager: bool = False


How: TypeAlias = Attribute | Each | Batch


@dataclass(frozen=True, slots=True)
class Description:
    """What the engine is told of a schema.

    `how` says how a field of an object type is resolved, None that the engine cannot do it.
    `classes` are Python classes whose instances are always of the object type with that name.
    """

    how: Callable[[GraphQLObjectType, str, GraphQLField], How | None]
    classes: Mapping[str, type] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum."""

    type: GraphQLLeafType


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Objects:
    """An object, with the selection for each type it may be of, by type name and by class."""

    named: GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType
    selections: Mapping[str, "Selection"]
    by_class: Mapping[type, "Selection"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value must be. `busy`: something below it has to be resolved, not only read."""

    required: bool
    kind: Leaf | Items | Objects
    busy: bool


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """One field of one selection; `slot` is where its answers are kept if it must be resolved.

    `framed`: its one answer may have a frame, see `app.engine.framing`.
    """

    key: str
    definition: GraphQLField
    parent_type: GraphQLObjectType
    nodes: list[FieldNode]
    path: Path
    how: How
    shape: Shape
    slot: int | None
    arguments: Arguments
    framed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Typename:
    """`__typename`, under its alias."""

    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What is asked of objects of one type at one place of the operation."""

    type: GraphQLObjectType
    fields: tuple[FieldPlan | Typename, ...]
    working: tuple[FieldPlan, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A selection of the root, how many slots it needs and the code that completes it."""

    schema: GraphQLSchema
    selection: Selection
    slots: int
    complete: "Callable[[Sequence[Sequence[Any]], Any, Run], tuple[dict[str, Any], int]]"
    size: int
