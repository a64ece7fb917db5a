"""Does the engine say what the reference executor says, over documents nobody thought of?

`python -m tests.engine.fuzz 50000 [seed]` runs that many documents.
"""

import asyncio
import gc
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from random import Random
from time import perf_counter
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, parse, validate
from graphql.execution import Executor

from app.engine.execution import Engine, Executed, Request
from tests.engine.asking import Asker, variables
from tests.engine.plain import plain, walked
from tests.engine.worlds import Mood, World, seeded

DOCUMENTS_A_WORLD = 15
ASKED = 7  # times: what is kept with all around it is told the fifth, and changes for the sixth
OTHERWISE = 5  # the turn with other variables
MOODS = (0.0, 0.02, 0.15)  # few failures find what the straight-line code lets pass
Told = tuple[tuple[str | int, ...], str, tuple[tuple[int, int], ...]]


@dataclass
class Tally:
    """What was run, and what was found."""

    documents: int = 0
    executions: int = 0
    with_errors: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        compiled = 100 * self.counts["compiled"] / max(self.counts.total(), 1)
        return (
            f"{self.documents} documents, {self.executions} executions"
            f" ({self.with_errors} with errors), {compiled:.1f} % compiled,"
            f" {len(self.differences)} differences; {dict(self.counts)}"
        )


async def fuzz(documents: int, seed: int = 0) -> Tally:
    tally = Tally()
    number = seed * 1_000_000
    with litter_ignored():
        while tally.documents < documents and len(tally.differences) < 5:
            number += 1
            await explore(World(seeded(number)), seeded(-number), tally, number)
            gc.collect()
    return tally


@contextmanager
def litter_ignored() -> Iterator[None]:
    """The reference executor leaves coroutines behind when a sibling fails at once."""
    gc.freeze()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()


async def explore(world: World, dice: Random, tally: Tally, number: int) -> None:
    """Many documents over one schema."""
    engine = Engine(world.schema, world.description(), at_first_sight=True)
    kept: list[DocumentNode] = []  # so that each has an id of its own
    for _ in range(DOCUMENTS_A_WORLD):
        asker = Asker(world.schema, dice)
        text = asker.document()
        kept.append(parse(text))
        if validate(world.schema, kept[-1]):
            continue
        tally.documents += 1
        for place, wrong in enumerate(MOODS):
            given, other = (variables(asker.used, dice) for _ in range(2))
            mood = Mood(number * 100 + place, wrong)
            by_turn = [other if turn == OTHERWISE else given for turn in range(ASKED)]
            failed, differs = await compared(world, engine, kept[-1], by_turn, mood)
            tally.executions += 1
            tally.with_errors += failed
            if differs:
                tally.differences.append(
                    f"world {number} {mood} {given} {other}\n{text}\n{differs}"
                )
    tally.counts.update(engine.counts)


async def compared(
    world: World,
    engine: Engine,
    document: DocumentNode,
    by_turn: Sequence[dict[str, Any]],
    mood: Mood,
) -> tuple[bool, str | None]:
    """Whether something failed as it should, and what differs."""
    key = id(document)
    failed, differs = False, None
    for turn, given in enumerate(by_turn):
        mood.turn = turn
        if turn == 0 or mood.passed or given is not by_turn[turn - 1]:
            expected = await reference(world, document, given, mood, propagating=True)
            everything: list[Told] = []
            if expected.errors:
                failed = True
                without = await reference(world, document, given, mood, propagating=False)
                everything = told(without.errors or ())
        request = Request(document, key, variables=given, context=mood, root=world.root(mood))
        found = await engine.execute(request)
        differs = differs or difference(found, expected, everything)
    return failed, differs


async def reference(
    world: World, document: DocumentNode, given: dict[str, Any], mood: Mood, *, propagating: bool
) -> ExecutionResult:
    """What the reference executor says; without propagation it tells every failure there is."""
    executor = Executor.build(world.schema, document, world.root(mood), mood, dict(given))
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    executor.error_propagation = propagating
    result: Any = executor.execute_operation()
    if isawaitable(result):
        result = await result
    assert isinstance(result, ExecutionResult)
    return result


def told(errors: Iterable[GraphQLError]) -> list[Told]:
    return [
        (
            tuple(error.path or ()),
            error.message,
            tuple((at.line, at.column) for at in error.locations or ()),
        )
        for error in errors
    ]


def difference(found: Executed, expected: ExecutionResult, everything: list[Told]) -> str | None:
    """What differs, with the specification's latitude and no more.

    Where several failures below one null would have made it null, any of them may be told.
    """
    data = plain(found.data)
    if found.objects not in {None, walked(data) - 1}:
        return f"counted {found.objects} objects in {data}"
    if repr(data) != repr(expected.data):
        return f"data {data}\n not {expected.data}\n{found.errors}\n{expected.errors}"
    ours = told(found.errors)
    if len(set(ours)) != len(ours):
        return f"told twice: {ours}"
    causes: dict[tuple[str | int, ...], set[Told]] = defaultdict(set)
    for cause in everything:
        causes[null_above(data, cause[0])].add(cause)
    mine: dict[tuple[str | int, ...], set[Told]] = defaultdict(set)
    for cause in ours:
        mine[null_above(data, cause[0])].add(cause)
    for place in causes.keys() | mine.keys():
        if not mine[place] or not mine[place] <= causes[place]:
            return f"at {place}: {mine[place]}\n not of {causes[place]}"
    return None


def null_above(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The position of the null that stands for a failure."""
    for depth, step in enumerate(path):
        if data is None:
            return path[:depth]
        data = data[step]
    return path


def main() -> int:
    documents, seed = [*map(int, sys.argv[1:]), 0][:2] if len(sys.argv) > 1 else (2000, 0)
    started = perf_counter()
    tally = asyncio.run(fuzz(documents, seed))
    print(f"{tally}; {perf_counter() - started:.0f} s")  # noqa: T201  a command
    print("\n\n".join(tally.differences))  # noqa: T201  a command
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
