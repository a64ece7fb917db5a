"""How is the code written that completes the answers of a plan when nothing is wrong with them?

The code walks the answers once, in the order in which they were resolved, and builds the JSON
document as dicts, lists and JSON that is there already. It has no handlers: it raises at the first
surprise, and `app.engine.completion` starts over with the same answers. A writer in another
language would stand in for `written` and give bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from keyword import iskeyword
from operator import is_
from typing import Any

from graphql.pyutils import Undefined
from orjson import Fragment, dumps

from app.engine.lasting import deciding, each_time, kept_in_pieces, unchanging
from app.engine.leaves import EnumOutput, Surprise, output, passes, writes_text
from app.engine.planning import Uncompilable
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
from app.engine.unchanging import ONCE, Unchanging, UnchangingList

NESTED = frozenset({dict, list})
Complete = Callable[[Sequence[Sequence[Any]], Any, Run], tuple[dict[str, Any], int]]


def written(selection: Selection, slots: int) -> tuple[Complete, int]:
    """The code for a selection of the root, and about how many bytes it takes.

    Raises:
        Uncompilable: it is nested deeper than Python code can be.
    """
    writer = _Writer()
    answer = writer.object(selection, "root", 1)
    heads = [
        f" a{slot}, p{slot} = answers[{slot}], -1"
        if slot in writer.counted
        else f" n{slot} = iter(answers[{slot}]).__next__"
        for slot in range(slots)
    ]
    source = "\n".join(
        [
            "def complete(answers, root, run):",
            " c = 0",  # objects below the root
            *heads,
            *writer.lines,
            f" return {answer}, c",
            "",
        ]
    )
    try:
        code = compile(source, "<plan>", "exec")
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise Uncompilable("too deep") from error
    exec(code, writer.names)  # noqa: S102  names of the document enter it as literals only
    return writer.names["complete"], 3 * len(source)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Names: an object, the forms it has, the one that is wanted, the class of those that do."""

    object: str
    forms: str
    around: str
    class_: str

    def known(self, attribute: str) -> str:
        """An attribute of the object, None if it is of another class."""
        return f"{self.object}.{attribute} if {self.object}.__class__ is {self.class_} else None"


@dataclass(slots=True)
class _Writer:
    """Writes statements; each method gives the expression that holds what was asked for.

    The answers of most slots are taken one by one; those of slots that are `counted` by place.
    """

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    counted: set[int] = field(default_factory=set)

    def object(self, selection: Selection, name: str, depth: int) -> str:
        """A dict with every field of a selection."""
        members = [
            f"{one.key!r}: {self._field(selection, one, name, depth)}" for one in selection.fields
        ]
        return "{" + ", ".join(members) + "}"

    def _field(
        self, selection: Selection, one: FieldPlan | Typename, parent: str, depth: int
    ) -> str:
        if isinstance(one, Typename):
            return repr(selection.type.name)
        if one.slot is not None:
            return self._value(one, one.shape, self._next(one.slot), depth)
        assert isinstance(one.how, Attribute)  # noqa: S101  only attributes have no slot
        return self._value(one, one.shape, self._attribute(parent, one.how.name), depth)

    def _next(self, slot: int) -> str:
        return f"a{slot}[p{slot} := p{slot} + 1]" if slot in self.counted else f"n{slot}()"

    def _attribute(self, parent: str, name: str) -> str:
        if name.isidentifier() and not iskeyword(name):
            return f"{parent}.{name}"
        return f"{self._constant(getattr)}({parent}, {name!r})"

    def _value(self, one: FieldPlan, shape: Shape, expression: str, depth: int) -> str:
        value = self._new("v")
        self._line(depth, f"{value} = {expression}")
        if isinstance(shape.kind, Leaf):
            self._leaf(shape.kind, value, depth, required=shape.required)
        elif shape.required:
            self._kept(one, shape, value, depth)
        else:
            self._line(depth, f"if {value} is not None:")
            self._kept(one, shape, value, depth + 1)
        return value

    def _kept(self, one: FieldPlan, shape: Shape, value: str, depth: int) -> None:
        """The completed form of a value that lasts is kept with it, as JSON."""
        lasting = unchanging(shape)
        if lasting is None:
            self._present(one, shape, value, depth)
            return
        whole, forms = self._new("o"), self._new("f")
        class_, place = self._constant(lasting), self._constant(object())
        self._line(depth, f"{whole} = {value}")
        self._line(depth, f"{forms} = {whole}.forms if {whole}.__class__ is {class_} else None")
        told, before = self._new("w"), self._new("c")
        self._line(depth, f"{told} = {forms}.get({place}) if {forms} else None")
        self._line(depth, f"if {told} is None:")
        self._line(depth + 1, f"{before} = c")
        self._present(one, shape, value, depth + 1)
        seen = f"seen({place}, {value}, c - {before})"
        self._seen(whole, forms, class_, seen, depth + 1)
        self._line(depth, f"else: {value} = {told}.json; c += {told}.objects")

    def _leaf(self, kind: Leaf, value: str, depth: int, *, required: bool) -> None:
        conditions = [] if required else [f"{value} is not None"]
        if (rule := passes(kind.type)) is not None:
            conditions.append(f"not ({rule.format(value)})")
        writer = output(kind.type)
        written = f"{self._constant(writer)}({value})"
        if writes_text(kind.type):
            exact = f"{value}.__class__ is {self._constant(Decimal)}"
            written = f"{self._constant(str)}({value}) if {exact} else {written}"
        if isinstance(writer, EnumOutput):
            written = f"{self._constant(writer.known.get)}(id({value})) or {written}"
        write = f"{value} = {written}"
        guard = f"if {' and '.join(conditions)}: " if conditions else ""
        self._line(depth, guard + write)
        if rule is None and not isinstance(writer, EnumOutput):  # a scalar may be an object
            self._line(depth, f"if {value}.__class__ in {self._constant(NESTED)}: ")
            self.lines[-1] += f"c += {self._constant(objects_in)}({value})"

    def _present(self, one: FieldPlan, shape: Shape, value: str, depth: int) -> None:
        if isinstance(shape.kind, Items):
            self._list(one, shape.kind, value, depth)
        elif isinstance(shape.kind, Objects):
            self._object_of(one, shape.kind, value, depth)

    def _list(self, one: FieldPlan, kind: Items, value: str, depth: int) -> None:
        item, found = self._new("i"), self._new("l")
        check = self._constant(_list_or_surprise)
        self._line(depth, f"if {value}.__class__ is not list: {check}({value})")
        self._line(depth, f"{found} = []")
        self._line(depth, f"for {item} in {value}:")
        completed = self._value(one, kind.of, item, depth + 1)
        self._line(depth + 1, f"{found}.append({completed})")
        self._line(depth, f"{value} = {found}")

    def _object_of(self, one: FieldPlan, kind: Objects, value: str, depth: int) -> None:
        if kind.named.name in kind.selections:
            only = kind.selections[kind.named.name]
            self._check(one, kind, value, depth)
            if (class_ := kept_in_pieces(kind, only)) is not None:
                self._in_pieces(only, class_, value, depth)
            else:
                self._assign(only, value, depth)
            return
        name = self._new("t")
        known = {class_: known.type.name for class_, known in kind.by_class.items()}
        known_name = f"{self._constant(known.get)}({value}.__class__)"
        self._line(
            depth, f"{name} = {known_name} or {self._constant(_namer(one, kind))}({value}, run)"
        )
        for selection in kind.selections.values():
            self._line(depth, f"if {name} == {selection.type.name!r}:")
            self._assign(selection, value, depth + 1)

    def _in_pieces(
        self, selection: Selection, class_: type[Unchanging], value: str, depth: int
    ) -> None:
        """What lasts of an object is kept with it, as JSON around that which has to be asked.

        Outside of others also as a whole, for when that is answered as before.
        """
        kept = _Kept(self._new("o"), self._new("f"), self._new("m"), self._constant(class_))
        place = self._constant(object())
        self._line(depth, f"{kept.object} = {value}")
        self._line(depth, f"{kept.forms} = {kept.known('forms')}")
        self._line(depth, f"{kept.around} = {kept.forms}.get({place}) if {kept.forms} else None")
        slots = deciding(selection, class_)
        if self.counted.issuperset(slots):
            self._around(selection, class_, value, kept, place, depth)
            return
        self.counted.update(slots)
        named = [", ".join(f"{name}{slot}" for slot in slots) for name in "asp"]
        self._if_as_before(selection, slots, value, kept.around, depth)
        self._line(depth, "else:")
        before = self._new("c")
        self._line(depth + 1, f"{named[1]} = {', '.join(f'p{slot} + 1' for slot in slots)}")
        self._line(depth + 1, f"{before} = c")
        self._around(selection, class_, value, kept, place, depth + 1)
        parts = ", ".join(f"({several},)" for several in named)
        met = f"met({value}, c - {before}, {parts})"
        self._line(depth + 1, f"if {kept.around}: {value} = {kept.around}.{met}")

    def _if_as_before(
        self, selection: Selection, slots: Sequence[int], value: str, around: str, depth: int
    ) -> None:
        """Take the whole, and go past its answers."""
        asked, own = self._new("d"), {one.slot for one in selection.working}
        all_, map_, is__ = map(self._constant, (all, map, is_))
        conditions, moves = [asked], []
        for number, slot in enumerate(slots):
            if slot in own:  # one answer an object
                conditions.append(f"a{slot}[p{slot} + 1] is {asked}[{number}][0]")
                moves.append(f"p{slot} += 1")
            else:
                size = f"len({asked}[{number}])"
                found = f"a{slot}[p{slot} + 1 : p{slot} + 1 + {size}]"
                conditions.append(f"{all_}({map_}({is__}, {found}, {asked}[{number}]))")
                moves.append(f"p{slot} += {size}")
        self._line(depth, f"{asked} = {around}.asked if {around} else None")
        self._line(depth, f"if {' and '.join(conditions)}:")
        self._line(depth + 1, "; ".join(moves))
        self._line(depth + 1, f"{value} = {around}.whole.json; c += {around}.whole.objects")

    def _around(
        self,
        selection: Selection,
        class_: type[Unchanging],
        value: str,
        kept: "_Kept",
        place: str,
        depth: int,
    ) -> None:
        asked = {
            one.key: self._field(selection, one, kept.object, depth)
            for one in each_time(selection, class_)
        }
        before = self._new("c")
        self._line(depth, f"if {kept.around} is None:")
        self._line(depth + 1, f"{before} = c; c += 1")
        members = [
            f"{one.key!r}: "
            f"{asked.get(one.key) or self._field(selection, one, kept.object, depth + 1)}"
            for one in selection.fields
        ]
        self._line(depth + 1, f"{value} = {{{', '.join(members)}}}")
        names = self._constant(frozenset(asked))
        seen = f"seen_around({place}, {names}, {value}, c - {before})"
        self._seen(kept.object, kept.forms, kept.class_, seen, depth + 1)
        self._line(depth, "else:")
        pieces, parts = self._new("p"), []
        self._line(depth + 1, f"{pieces} = {kept.around}.pieces; c += {kept.around}.objects")
        for number, found in enumerate(asked.values()):
            parts += [f"{pieces}[{number}]", f"{self._constant(dumps)}({found})"]
        text = f"{self._constant(b''.join)}(({', '.join(parts)}, {pieces}[-1]))"
        self._line(depth + 1, f"{value} = {self._constant(Fragment)}({text})")

    def _seen(self, whole: str, forms: str, class_: str, seen: str, depth: int) -> None:
        """A value was completed; what is given once and never again costs no call."""
        self._line(depth, f"if {whole}.__class__ is {class_}:")
        self._line(depth + 1, f"if {forms} is None: {whole}.forms = {self._constant(ONCE)}")
        self._line(depth + 1, f"else: {whole}.{seen}")

    def _check(self, one: FieldPlan, kind: Objects, value: str, depth: int) -> None:
        """A value of the known class is right; of any other, it is asked."""
        checked = kind.selections[kind.named.name].type.is_type_of is not None
        check = self._constant(_namer(one, kind) if checked else _no_failure)
        guard = "".join(f"if {value}.__class__ is not {self._constant(c)}: " for c in kind.by_class)
        self._line(depth, f"{guard}{check}({value}, run)")

    def _assign(self, selection: Selection, value: str, depth: int) -> None:
        self._line(depth, f"c += 1; {value} = {self.object(selection, value, depth)}")

    def _line(self, depth: int, text: str) -> None:
        self.lines.append(" " * depth + text)

    def _new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def _constant(self, value: Any) -> str:
        name = self._new("k")
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
