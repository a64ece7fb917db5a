"""How is everything fetched that an operation needs: level by level, once for each field path?"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, TypeAlias

from graphql.pyutils import Undefined

from app.engine.framing import frame_of
from app.engine.lists import flat, listed
from app.engine.plans import (
    Attribute,
    Batch,
    FieldPlan,
    Leaf,
    Objects,
    Selection,
    Shape,
)
from app.engine.runs import Call, Run
from app.engine.steps import Rest
from app.engine.unchanging import Frame

Chain: TypeAlias = Coroutine[Any, Any, None]


def resolve(run: Run) -> Chain:
    """Fill the slots of a run."""
    return _together(_start(run, run.plan.selection, [run.root]))


async def _together(chains: list[Chain]) -> None:
    """Each chain goes on by itself: a slow field holds back only what hangs from it."""
    if len(chains) == 1:
        await chains[0]
    elif chains:
        await asyncio.gather(*chains)


def _start(run: Run, selection: Selection, parents: list[Any]) -> list[Chain]:
    """Answer all that needs no waiting, here and below; the rest is returned."""
    chains: list[Chain] = []
    for field in selection.working:
        chains += _start_field(run, field, parents)
    return chains


def _start_field(run: Run, field: FieldPlan, parents: list[Any]) -> list[Chain]:
    how = field.how
    if isinstance(how, Attribute):
        return _settle(run, field, _read(run, how.name, parents))
    try:
        call = Call(run, field, field.arguments.values(run.variables))
        if isinstance(how, Batch):
            batch: Any = how.bind(call)(parents)
            begin = _begun if how.eager else _later
            return begin(run, field, batch, len(parents))
        bound = how.bind(call)
    except Exception as error:  # noqa: BLE001  a resolver may raise anything: it becomes a located error
        return _settle(run, field, _failed(run, error, len(parents)))
    answers = _asked(run, bound, parents)
    if len(answers) == 1:
        waits = hasattr(answers[0], "__await__")
        return [_awaited_alone(run, field, answers)] if waits else _settle(run, field, answers)
    for kind in set(map(type, answers)):
        if hasattr(kind, "__await__"):
            waiting = [at for at, answer in enumerate(answers) if hasattr(answer, "__await__")]
            return [_awaited(run, field, answers, waiting)]
    return _settle(run, field, answers)


def _later(run: Run, field: FieldPlan, batch: Awaitable[Any], count: int) -> list[Chain]:
    return [_batched(run, field, batch, count)]


def _begun(run: Run, field: FieldPlan, batch: Coroutine[Any, Any, Any], count: int) -> list[Chain]:
    """Take the first step of a batch; go on at once where that was all."""
    try:
        waits_for = batch.send(None)
    except StopIteration as done:
        return _met(run, field, done.value, count)
    except Exception as error:  # noqa: BLE001  as above
        return _settle(run, field, _failed(run, error, count))
    chain = _batched(run, field, Rest(batch, waits_for), count)
    return [Rest(chain, chain.send(None))]


def _read(run: Run, name: str, parents: list[Any]) -> list[Any]:
    """An attribute of many: it is the same at every reading, so it may be read again."""
    try:
        return [getattr(parent, name) for parent in parents]
    except Exception:  # noqa: BLE001  as below
        return _asked(run, lambda parent: getattr(parent, name), parents)


def _asked(run: Run, ask: Any, parents: list[Any]) -> list[Any]:
    answers: list[Any] = []
    for parent in parents:
        try:
            answers.append(ask(parent))
        except Exception as error:  # noqa: BLE001  as above; free of charge when nothing is raised
            run.troubled = True
            answers.append(error)
    return answers


def _failed(run: Run, error: Exception, count: int) -> list[Any]:
    run.troubled = True
    return [error] * count


async def _batched(run: Run, field: FieldPlan, batch: Awaitable[Any], count: int) -> None:
    try:
        answers = await batch
    except Exception as error:  # noqa: BLE001  as above
        chains = _settle(run, field, _failed(run, error, count))
    else:
        chains = _met(run, field, answers, count)
    await _together(chains)


def _met(run: Run, field: FieldPlan, answers: Any, count: int) -> list[Chain]:
    """Keep what a batch was answered."""
    try:
        answers = answers if answers.__class__ is list else list(answers)
    except Exception as error:  # noqa: BLE001  as above
        answers = _failed(run, error, count)
    if len(answers) != count:
        wrong = TypeError(f"{count} parents had {len(answers)} answers.")
        answers = _failed(run, wrong, count)
    return _settle(run, field, answers)


async def _awaited_alone(run: Run, field: FieldPlan, answers: list[Any]) -> None:
    """Waits in the task that is running: a task of its own would cost more than it gives."""
    try:
        answers[0] = await answers[0]
    except Exception as error:  # noqa: BLE001  as above
        answers = _failed(run, error, 1)
    await _together(_settle(run, field, answers))


async def _awaited(run: Run, field: FieldPlan, answers: list[Any], waiting: list[int]) -> None:
    if len(waiting) == 1:
        found = [await _one(answers[waiting[0]])]
    else:
        asked = (answers[place] for place in waiting)
        found = await asyncio.gather(*asked, return_exceptions=True)
    for place, answer in zip(waiting, found, strict=True):
        if isinstance(answer, BaseException):
            if not isinstance(answer, Exception):
                raise answer
            run.troubled = True
        answers[place] = answer
    await _together(_settle(run, field, answers))


async def _one(asked: Awaitable[Any]) -> Any:
    """As above, when others did not have to be waited for."""
    try:
        return await asked
    except Exception as error:  # noqa: BLE001  as above
        return error


def _settle(run: Run, field: FieldPlan, answers: list[Any]) -> list[Chain]:
    """Keep the answers of a field and start what hangs from them."""
    shape = field.shape
    answers = listed(shape, answers)
    if field.slot is not None:
        run.answers[field.slot] = answers
    if field.framed and (frame := frame_of(run, field, answers[0])) is not None:
        return _framed(run, frame, answers[0])
    return _descend(run, field, shape, answers) if shape.busy else []


def _framed(run: Run, frame: Frame, value: Any) -> list[Chain]:
    """What was found before is there again; what has to be asked is asked."""
    for slot, answers in frame.answers:
        run.answers[slot] = answers
    chains: list[Chain] = []
    for field, parents in frame.asking:
        chains += _start_field(run, field, parents or [value])
    return chains


def _descend(run: Run, field: FieldPlan, shape: Shape, values: Sequence[Any]) -> list[Chain]:
    kind, values = flat(shape, values)
    if isinstance(kind, Leaf) or not values:
        return []
    chains: list[Chain] = []
    for selection, parents in _by_type(run, field, kind, values):
        chains += _start(run, selection, parents)
    return chains


def _by_type(
    run: Run, field: FieldPlan, objects: Objects, values: Sequence[Any]
) -> list[tuple[Selection, list[Any]]]:
    """The objects among the values, in their order, parted by their type."""
    if len(objects.by_class) == len(objects.selections) == 1:
        ((known, selection),) = objects.by_class.items()
        if set(map(type, values)) == {known}:
            return [(selection, list(values))]
    parted: dict[int, tuple[Selection, list[Any]]] = {}
    for value in values:
        if value is None or value is Undefined:
            continue
        try:
            selection = run.selection_of(objects, value, field, field.path)
        except Exception:  # noqa: BLE001  as above: completion meets it again and locates it
            run.troubled = True
            continue
        parted.setdefault(id(selection), (selection, []))[1].append(value)
    return list(parted.values())
