"""Which parts of an operation need not be completed again, and what decides that?"""

from collections.abc import Iterator
from typing import TypeGuard

from app.engine.plans import (
    Attribute,
    Each,
    FieldPlan,
    Items,
    Leaf,
    Objects,
    Selection,
    Shape,
    Typename,
)
from app.engine.unchanging import Unchanging, UnchangingList

LEAST_KEPT = 2  # fields of an object; of one, a dict is as cheap
Class = type[Unchanging] | None


def unchanging(shape: Shape) -> Class:
    """The class of values whose completed form can be kept: only what lasts of them is asked."""
    if _passes(shape):
        return None
    if isinstance(shape.kind, Items):
        return UnchangingList
    return only_unchanging(shape.kind) if isinstance(shape.kind, Objects) else None


def kept_in_pieces(kind: Objects, selection: Selection) -> Class:
    """The class of objects of which enough lasts to be kept, beside what has to be asked."""
    if (class_ := only_unchanging(kind)) is None:
        return None
    asked = len(each_time(selection, class_))
    return class_ if asked and len(selection.fields) - asked >= LEAST_KEPT else None


def lasts(class_: type | None) -> TypeGuard[type[Unchanging]]:
    """Whether objects of a class never change."""
    return class_ is not None and issubclass(class_, Unchanging)


def only_unchanging(kind: Objects) -> Class:
    """The class of all objects that may stand at a place, if they are of one that never changes."""
    known = kind.by_class
    lasting = [class_ for class_ in known if lasts(class_)]
    return lasting[0] if len(lasting) == len(known) == 1 else None


def framed(kind: Leaf | Items | Objects) -> Class:
    """The class of the object that may stand at a place, if it may have a frame."""
    class_ = only_unchanging(kind) if isinstance(kind, Objects) else None
    return class_ if class_ is not None and class_.framed else None


def follows(one: FieldPlan) -> bool:
    """Whether its answers are the same each time for what hangs from an object with a frame."""
    how = one.how
    return isinstance(how, Attribute) or (
        isinstance(how, Each) and how.follows and one.arguments.constant
    )


def asked_within(selection: Selection) -> Iterator[int]:
    """The slots of what has to be asked for below an object that has a frame."""
    for one in selection.working:
        if not follows(one) and one.slot is not None:
            yield one.slot
        for found, _ in _objects(one.shape):
            if follows(one):
                yield from asked_within(found)
            else:
                every = (found, *(each for each, _ in _below(found)))
                yield from (
                    two.slot for each in every for two in each.working if two.slot is not None
                )


def each_time(selection: Selection, class_: Class) -> list[FieldPlan]:
    """The fields that have to be asked for each time."""
    return [
        one
        for one in selection.fields
        if isinstance(one, FieldPlan)
        and (one.slot is not None or _is_passing(one, class_) or _passes(one.shape))
    ]


def deciding(selection: Selection, class_: Class) -> list[int]:
    """The slots whose answers decide what an object is told as; none where something else does.

    Such as a part of it that is passing: copies share what is kept.
    """
    every = [(selection, class_), *_below(selection)]
    if any(_is_passing(one, known) for each, known in every for one in each.fields):
        return []
    return sorted({one.slot for each, _ in every for one in each.working if one.slot is not None})


def _is_passing(one: FieldPlan | Typename, class_: Class) -> bool:
    attribute = isinstance(one, FieldPlan) and isinstance(one.how, Attribute) and one.how.name
    return class_ is not None and attribute in class_.passing


def _passes(shape: Shape) -> bool:
    """Whether anything below has to be asked for each time."""
    if shape.busy or isinstance(shape.kind, Leaf):
        return shape.busy
    return any(each_time(selection, class_) for selection, class_ in _objects(shape))


def _below(selection: Selection) -> Iterator[tuple[Selection, Class]]:
    """What is asked of all objects below those of a selection."""
    for one in selection.fields:
        for found in _objects(one.shape) if isinstance(one, FieldPlan) else ():
            yield found
            yield from _below(found[0])


def _objects(shape: Shape) -> Iterator[tuple[Selection, Class]]:
    """What is asked of the objects that a value is or holds, and their class, if it is known."""
    kind = shape.kind
    while isinstance(kind, Items):
        kind = kind.of.kind
    if isinstance(kind, Objects):
        classes = {id(selection): class_ for class_, selection in kind.by_class.items()}
        for selection in kind.selections.values():
            class_ = classes.get(id(selection))
            yield selection, class_ if lasts(class_) else None
