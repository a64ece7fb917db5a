"""How is a long list asked for, and how are its parts put together again?"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from app.errors import UpstreamBroken
from app.ports import Answer, RejectedRow
from connectors.vendure.api import Reply

T = TypeVar("T")
MOST_PAGES = 50  # of one list; a total beyond that is not believed


async def together(questions: Iterable[Awaitable[T]]) -> list[T]:
    """All answers in the order asked; the first failure ends the other questions."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(question)) for question in questions]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


async def _awaited(question: Awaitable[T]) -> T:
    return await question


async def every_page(
    ask: Callable[[int], Awaitable[Reply]], field: str, *, size: int
) -> Sequence[Reply]:
    """The pages of a list from its first; `ask` takes how many rows to skip.

    Raises:
        UpstreamBroken: the list claims to be longer than any we would ask for.
    """
    first = await ask(0)
    if (total := first.total(field)) > size * MOST_PAGES:
        raise UpstreamBroken(f"claims {total} rows for one question")
    return [first, *await together(ask(skip) for skip in range(size, total, size))]


def joined(answers: Iterable[Answer[T]]) -> Answer[T]:
    """One answer of several, as old as the oldest."""
    parts = list(answers)
    return Answer(
        rows=tuple(row for part in parts for row in part.rows),
        as_of=min(part.as_of for part in parts),
        rejected=tuple(row for part in parts for row in part.rejected),
    )


def present(answer: Answer[T | None]) -> Answer[T]:
    """The rows that tell something."""
    rows = tuple(row for row in answer.rows if row is not None)
    return Answer(rows=rows, as_of=answer.as_of, rejected=answer.rejected)


def without(rejected: Iterable[RejectedRow], answer: Answer[T]) -> Answer[T]:
    """The answer, telling of further rows that could not be read."""
    return replace(answer, rejected=(*answer.rejected, *rejected))


def once(answer: Answer[T], key: Callable[[T], Any], told: str) -> Answer[T]:
    """Rows with distinct keys, the first of each; the others are rejected with what is `told`."""
    first: dict[Any, T] = {}
    twice = [
        RejectedRow(str(key(row)), told)
        for row in answer.rows
        if first.setdefault(key(row), row) is not row
    ]
    return without(twice, replace(answer, rows=tuple(first.values())))
