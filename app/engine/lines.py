"""How is each part of an answer written as code? Statements that read, check and build it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from keyword import iskeyword
from typing import Any

from graphql.pyutils import Undefined

from app.engine.leaves import EnumOutput, Surprise, output, passes, writes_text
from app.engine.plans import (
    Attribute,
    FieldPlan,
    Items,
    Leaf,
    Objects,
    Selection,
    Shape,
    Typename,
)
from app.engine.runs import Run
from app.engine.unchanging import UnchangingList

NESTED = frozenset({dict, list})


@dataclass(slots=True)
class Writer:
    """Writes statements; methods that give a text give the expression of what was asked for.

    Others change the value of a name. `c` counts objects. The answers of most slots are taken one
    by one; those of slots that are `counted` by place.
    """

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    counted: set[int] = field(default_factory=set)

    def object(self, selection: Selection, name: str, depth: int) -> str:
        """A dict with every field of a selection."""
        members = [
            f"{one.key!r}: {self.part(selection, one, name, depth)}" for one in selection.fields
        ]
        return "{" + ", ".join(members) + "}"

    def part(self, selection: Selection, one: FieldPlan | Typename, parent: str, depth: int) -> str:
        """A field of an object."""
        if isinstance(one, Typename):
            return repr(selection.type.name)
        if one.slot is not None:
            return self.value(one, one.shape, self._next(one.slot), depth)
        assert isinstance(one.how, Attribute)  # noqa: S101  only attributes have no slot
        return self.value(one, one.shape, self._attribute(parent, one.how.name), depth)

    def _next(self, slot: int) -> str:
        return f"a{slot}[p{slot} := p{slot} + 1]" if slot in self.counted else f"n{slot}()"

    def _attribute(self, parent: str, name: str) -> str:
        if name.isidentifier() and not iskeyword(name):
            return f"{parent}.{name}"
        return f"{self.constant(getattr)}({parent}, {name!r})"

    def value(self, one: FieldPlan, shape: Shape, expression: str, depth: int) -> str:
        """What stands at a place, completed."""
        value = self.new("v")
        self.line(depth, f"{value} = {expression}")
        if isinstance(shape.kind, Leaf):
            self._leaf(shape.kind, value, depth, required=shape.required)
        elif shape.required:
            self.kept(one, shape, value, depth)
        else:
            self.line(depth, f"if {value} is not None:")
            self.kept(one, shape, value, depth + 1)
        return value

    def _leaf(self, kind: Leaf, value: str, depth: int, *, required: bool) -> None:
        conditions = [] if required else [f"{value} is not None"]
        if (rule := passes(kind.type)) is not None:
            conditions.append(f"not ({rule.format(value)})")
        writer = output(kind.type)
        written = f"{self.constant(writer)}({value})"
        if writes_text(kind.type):
            exact = f"{value}.__class__ is {self.constant(Decimal)}"
            written = f"{self.constant(str)}({value}) if {exact} else {written}"
        if isinstance(writer, EnumOutput):
            written = f"{self.constant(writer.known.get)}(id({value})) or {written}"
        write = f"{value} = {written}"
        guard = f"if {' and '.join(conditions)}: " if conditions else ""
        self.line(depth, guard + write)
        if rule is None and not isinstance(writer, EnumOutput):  # a scalar may be an object
            self.line(depth, f"if {value}.__class__ in {self.constant(NESTED)}: ")
            self.lines[-1] += f"c += {self.constant(objects_in)}({value})"

    def kept(self, one: FieldPlan, shape: Shape, value: str, depth: int) -> None:
        """Complete a value that is there, for whoever would know it."""
        self.present(one, shape, value, depth)

    def only(
        self, _one: FieldPlan, _kind: Objects, selection: Selection, value: str, depth: int
    ) -> None:
        """Complete an object that can be of one type only."""
        self.assign(selection, value, depth)

    def present(self, one: FieldPlan, shape: Shape, value: str, depth: int) -> None:
        """Complete a list or an object."""
        if isinstance(shape.kind, Items):
            self._list(one, shape.kind, value, depth)
        elif isinstance(shape.kind, Objects):
            self._object_of(one, shape.kind, value, depth)

    def _list(self, one: FieldPlan, kind: Items, value: str, depth: int) -> None:
        item, found = self.new("i"), self.new("l")
        check = self.constant(_list_or_surprise)
        self.line(depth, f"if {value}.__class__ is not list: {check}({value})")
        self.line(depth, f"{found} = []")
        self.line(depth, f"for {item} in {value}:")
        completed = self.value(one, kind.of, item, depth + 1)
        self.line(depth + 1, f"{found}.append({completed})")
        self.line(depth, f"{value} = {found}")

    def _object_of(self, one: FieldPlan, kind: Objects, value: str, depth: int) -> None:
        if kind.named.name in kind.selections:
            only = kind.selections[kind.named.name]
            self._check(one, kind, value, depth)
            self.only(one, kind, only, value, depth)
            return
        name = self.new("t")
        known = {class_: known.type.name for class_, known in kind.by_class.items()}
        known_name = f"{self.constant(known.get)}({value}.__class__)"
        self.line(
            depth, f"{name} = {known_name} or {self.constant(_namer(one, kind))}({value}, run)"
        )
        for selection in kind.selections.values():
            self.line(depth, f"if {name} == {selection.type.name!r}:")
            self.assign(selection, value, depth + 1)

    def _check(self, one: FieldPlan, kind: Objects, value: str, depth: int) -> None:
        """A value of the known class is right; of any other, it is asked."""
        checked = kind.selections[kind.named.name].type.is_type_of is not None
        check = self.constant(_namer(one, kind) if checked else _no_failure)
        guard = "".join(f"if {value}.__class__ is not {self.constant(c)}: " for c in kind.by_class)
        self.line(depth, f"{guard}{check}({value}, run)")

    def assign(self, selection: Selection, value: str, depth: int) -> None:
        """Complete an object."""
        self.line(depth, f"c += 1; {value} = {self.object(selection, value, depth)}")

    def line(self, depth: int, text: str) -> None:
        """Write a statement."""
        self.lines.append(" " * depth + text)

    def new(self, prefix: str) -> str:
        """A name that nothing has yet."""
        self.count += 1
        return f"{prefix}{self.count}"

    def constant(self, value: Any) -> str:
        """The name of a thing that is there already."""
        name = self.new("k")
        self.names[name] = value
        return name


def _namer(one: FieldPlan, kind: Objects) -> Callable[[Any, Run], str]:
    """Names the type of an object, or raises."""

    def name_of(value: Any, run: Run) -> str:
        return run.selection_of(kind, value, one, one.path).type.name

    return name_of


def objects_in(value: Any) -> int:
    """How many objects there are in JSON."""
    if isinstance(value, dict):
        return 1 + sum(map(objects_in, value.values()))
    return sum(map(objects_in, value)) if isinstance(value, list) else 0


def _no_failure(value: Any, _run: Run) -> None:
    if value is None or value is Undefined or isinstance(value, Exception):
        raise Surprise


def _list_or_surprise(value: Any) -> None:
    if value.__class__ is not tuple and value.__class__ is not UnchangingList:
        raise Surprise
