"""What need not be found again? All that hangs from an object that never changes, in its frame.

An object that is given again is found with everything that its attributes lead to, and with the
answers that follow from these alone. Only what has to be asked for is asked, of parents that are
known, and what is then answered as before is told as before.
"""

from collections.abc import Sequence
from typing import Any

from app.engine.lasting import follows
from app.engine.lists import flat, listed
from app.engine.plans import Attribute, Each, FieldPlan, Leaf, Objects, Selection
from app.engine.runs import Call, Run
from app.engine.unchanging import Asking, Frame, Slots


class _UnfitError(Exception):
    """Something is not as simple as it has to be."""


def frame_of(run: Run, field: FieldPlan, value: Any) -> Frame | None:
    """The frame of a field's one answer, made when it is given for the second time."""
    kind = field.shape.kind
    assert isinstance(kind, Objects)  # noqa: S101  nothing else has one
    selection = kind.by_class.get(value.__class__)
    if selection is None or (frames := value.again("frames")) is None:
        return None
    frame: Frame | None = frames.get(field)
    if frame is None and frames.room():
        frame = frames[field] = Frame(_found(run, selection, value))
    return frame if frame is not None and frame.fits else None


def _found(run: Run, selection: Selection, value: Any) -> tuple[Slots, Asking] | None:
    """Everything that hangs from a value; None where it is not as simple."""
    slots: list[tuple[int, list[Any]]] = []
    asking: list[tuple[FieldPlan, list[Any]]] = []
    mine = [value]
    todo = [(selection, mine)]
    try:
        for one, parents in todo:
            for field in one.working:
                if follows(field):
                    answers = _answers(run, field, parents)
                    slots.append((field.slot or 0, answers))
                    todo += _below(field, answers)
                else:
                    asking.append((field, [] if parents is mine else parents))
    except Exception:  # noqa: BLE001  whoever asks as usual meets it again and tells it
        return None
    return slots, asking


def _answers(run: Run, field: FieldPlan, parents: list[Any]) -> list[Any]:
    how = field.how
    if isinstance(how, Attribute):
        answers = [getattr(parent, how.name) for parent in parents]
    else:
        assert isinstance(how, Each)  # noqa: S101  nothing else follows
        ask = how.bind(Call(run, field, field.arguments.values(run.variables)))
        answers = [ask(parent) for parent in parents]
    if any(isinstance(one, Exception) or hasattr(one, "__await__") for one in answers):
        raise _UnfitError
    return listed(field.shape, answers)


def _below(field: FieldPlan, answers: Sequence[Any]) -> list[tuple[Selection, list[Any]]]:
    """The objects among the answers, parted by their class; each must be known to be of a type."""
    kind, values = flat(field.shape, answers)
    if isinstance(kind, Leaf) or not field.shape.busy:
        return []
    parted: dict[type, tuple[Selection, list[Any]]] = {}
    for value in values:
        if value is None:
            continue
        if (selection := kind.by_class.get(value.__class__)) is None:
            raise _UnfitError
        parted.setdefault(value.__class__, (selection, []))[1].append(value)
    return list(parted.values())
