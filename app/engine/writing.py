"""How is the code written that completes the answers of a plan when nothing is wrong with them?

The code walks the answers once, in the order in which they were resolved, and builds the JSON
document as dicts, lists and JSON that is there already. It has no handlers: it raises at the first
surprise, and `app.engine.completion` starts over with the same answers. A writer in another
language would stand in for `written` and give bytes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any

from orjson import Fragment, dumps

from app.engine.lasting import (
    asked_within,
    deciding,
    each_time,
    framed,
    kept_in_pieces,
    unchanging,
)
from app.engine.lines import Writer
from app.engine.planning import Uncompilable
from app.engine.plans import FieldPlan, Objects, Selection, Shape
from app.engine.runs import Run
from app.engine.unchanging import ONCE, Unchanging

Complete = Callable[[Sequence[Sequence[Any]], Any, Run], tuple[dict[str, Any], int]]


def written(selection: Selection, slots: int) -> tuple[Complete, int]:
    """The code for a selection of the root, and about how many bytes it takes.

    Raises:
        Uncompilable: it is nested deeper than Python code can be.
    """
    writer = _Keeper()
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
    """Names: an object, the class of those that have forms, those it has, the one of a place."""

    object: str
    class_: str
    forms: str
    around: str
    place: str


class _Keeper(Writer):
    """Keeps with what lasts what was completed of it."""

    def kept(self, one: FieldPlan, shape: Shape, value: str, depth: int) -> None:
        """The completed form of a value that lasts is kept with it, as JSON."""
        if one.framed and isinstance(shape.kind, Objects):
            self._framed(one, shape, shape.kind, value, depth)
            return
        lasting = unchanging(shape)
        if lasting is None:
            super().kept(one, shape, value, depth)
            return
        whole, forms = self.new("o"), self.new("f")
        class_, place = self.constant(lasting), self.constant(object())
        self.line(depth, f"{whole} = {value}")
        self.line(depth, f"{forms} = {whole}.forms if {whole}.__class__ is {class_} else None")
        told, before = self.new("w"), self.new("c")
        self.line(depth, f"{told} = {forms}.get({place}) if {forms} else None")
        self.line(depth, f"if {told} is None:")
        self.line(depth + 1, f"{before} = c")
        super().kept(one, shape, value, depth + 1)
        seen = f"seen({place}, {value}, c - {before})"
        self._seen(whole, forms, class_, seen, depth + 1)
        self.line(depth, f"else: {value} = {told}.json; c += {told}.objects")

    def _framed(self, one: FieldPlan, shape: Shape, kind: Objects, value: str, depth: int) -> None:
        """What hangs from an object with a frame is told as before, if what is asked is as before.

        No other object is completed at its place, so all answers of its slots are its own; there
        are as many as before, for parents that are the same.
        """
        frame, asked, before = self.new("m"), self.new("d"), self.new("c")
        known = framed(kind)
        assert known is not None  # noqa: S101  else it had no frame
        class_, place = self.constant(known), self.constant(one)
        frames = f"{value}.frames if {value}.__class__ is {class_} else None"
        slots = list(asked_within(kind.by_class[known]))
        all_, map_, is__, len_ = map(self.constant, (all, map, is_, len))
        conditions = [f"{asked} is not None"]
        for number, slot in enumerate(slots):
            conditions.append(f"{all_}({map_}({is__}, answers[{slot}], {asked}[{number}]))")
        self.line(depth, f"{frame} = {frames}")
        self.line(depth, f"{frame} = {frame}.get({place}) if {frame} else None")
        self.line(depth, f"{asked} = {frame}.asked if {frame} else None")
        self.line(depth, f"if {' and '.join(conditions)}:")
        self.line(depth + 1, f"{value} = {frame}.whole.json; c += {frame}.whole.objects")
        self.line(depth, "else:")
        self.line(depth + 1, f"{before} = c")
        self.present(one, shape, value, depth + 1)
        parts = "".join(f"answers[{slot}], " for slot in slots)
        lasts = "".join(f"{len_}(answers[{slot}]) - 1, " for slot in slots)
        met = f"met({value}, c - {before}, ({parts}), ({'0, ' * len(slots)}), ({lasts}))"
        self.line(depth + 1, f"if {frame}: {value} = {frame}.{met}")

    def only(
        self, one: FieldPlan, kind: Objects, selection: Selection, value: str, depth: int
    ) -> None:
        """An object of which enough lasts is kept around the rest; one with a frame has that."""
        if not one.framed and (class_ := kept_in_pieces(kind, selection)) is not None:
            self._in_pieces(selection, class_, value, depth)
        else:
            super().only(one, kind, selection, value, depth)

    def _in_pieces(
        self, selection: Selection, class_: type[Unchanging], value: str, depth: int
    ) -> None:
        """What lasts of an object is kept with it, as JSON around that which has to be asked.

        Outside of others also as a whole, for when that is answered as before.
        """
        whole, known, forms, around = (
            self.new("o"),
            self.constant(class_),
            self.new("f"),
            self.new("m"),
        )
        kept = _Kept(whole, known, forms, around, self.constant(object()))
        self.line(depth, f"{whole} = {value}")
        self.line(depth, f"{forms} = {whole}.forms if {whole}.__class__ is {known} else None")
        self.line(depth, f"{around} = {forms}.get({kept.place}) if {forms} else None")
        slots = deciding(selection, class_)
        if self.counted.issuperset(slots):
            self._around(selection, class_, value, kept, depth)
            return
        self.counted.update(slots)
        named = [", ".join(f"{name}{slot}" for slot in slots) for name in "asp"]
        self._if_as_before(selection, slots, value, around, depth)
        self.line(depth, "else:")
        before = self.new("c")
        self.line(depth + 1, f"{named[1]} = {', '.join(f'p{slot} + 1' for slot in slots)}")
        self.line(depth + 1, f"{before} = c")
        self._around(selection, class_, value, kept, depth + 1)
        parts = ", ".join(f"({several},)" for several in named)
        met = f"met({value}, c - {before}, {parts})"
        self.line(depth + 1, f"if {around}: {value} = {around}.{met}")

    def _if_as_before(
        self, selection: Selection, slots: Sequence[int], value: str, around: str, depth: int
    ) -> None:
        """Take the whole, and go past its answers."""
        asked, own = self.new("d"), {one.slot for one in selection.working}
        all_, map_, is__ = map(self.constant, (all, map, is_))
        conditions, moves = [f"{asked} is not None"], []
        for number, slot in enumerate(slots):
            if slot in own:  # one answer an object
                conditions.append(f"a{slot}[p{slot} + 1] is {asked}[{number}][0]")
                moves.append(f"p{slot} += 1")
            else:
                size = f"len({asked}[{number}])"
                found = f"a{slot}[p{slot} + 1 : p{slot} + 1 + {size}]"
                conditions.append(f"{all_}({map_}({is__}, {found}, {asked}[{number}]))")
                moves.append(f"p{slot} += {size}")
        self.line(depth, f"{asked} = {around}.asked if {around} else None")
        self.line(depth, f"if {' and '.join(conditions)}:")
        self.line(depth + 1, "; ".join(moves))
        self.line(depth + 1, f"{value} = {around}.whole.json; c += {around}.whole.objects")

    def _around(
        self,
        selection: Selection,
        class_: type[Unchanging],
        value: str,
        kept: _Kept,
        depth: int,
    ) -> None:
        asked = {
            one.key: self.part(selection, one, kept.object, depth)
            for one in each_time(selection, class_)
        }
        before = self.new("c")
        self.line(depth, f"if {kept.around} is None:")
        self.line(depth + 1, f"{before} = c; c += 1")
        members = [
            f"{one.key!r}: "
            f"{asked.get(one.key) or self.part(selection, one, kept.object, depth + 1)}"
            for one in selection.fields
        ]
        self.line(depth + 1, f"{value} = {{{', '.join(members)}}}")
        names = self.constant(frozenset(asked))
        seen = f"seen_around({kept.place}, {names}, {value}, c - {before})"
        self._seen(kept.object, kept.forms, kept.class_, seen, depth + 1)
        self.line(depth, "else:")
        pieces, parts = self.new("p"), []
        self.line(depth + 1, f"{pieces} = {kept.around}.pieces; c += {kept.around}.objects")
        for number, found in enumerate(asked.values()):
            parts += [f"{pieces}[{number}]", f"{self.constant(dumps)}({found})"]
        text = f"{self.constant(b''.join)}(({', '.join(parts)}, {pieces}[-1]))"
        self.line(depth + 1, f"{value} = {self.constant(Fragment)}({text})")

    def _seen(self, whole: str, forms: str, class_: str, seen: str, depth: int) -> None:
        """A value was completed; what is given once and never again costs no call."""
        self.line(depth, f"if {whole}.__class__ is {class_}:")
        self.line(depth + 1, f"if {forms} is None: {whole}.forms = {self.constant(ONCE)}")
        self.line(depth + 1, f"else: {whole}.{seen}")
