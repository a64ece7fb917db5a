"""How are Tryton's rows read? Under the code that names them, when it names only one of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.ports import Answer
from connectors.kit import rows
from connectors.tryton.mapping import Row
from connectors.tryton.rpc import Reply

T = TypeVar("T")


def read(reply: Reply, mapping: Callable[[Row], T]) -> Answer[T]:
    """The reply's rows, mapped."""
    return rows.answer(reply.rows(), mapping, as_of=reply.date, reference=_reference)


def read_coded(
    reply: Reply, code: Callable[[Row], str], mapping: Callable[[Row, str], T]
) -> Answer[T]:
    """The reply's rows, mapped with their code.

    Tryton lets two records have the same code: both are rejected, as nobody can say which is meant.
    """
    coded = read(reply, lambda row: (code(row), row))
    times = Counter(own for own, _ in coded.rows)

    def mapped(pair: tuple[str, Row]) -> T:
        own, row = pair
        if times[own] > 1:
            raise ValueError(f"code {own} names {times[own]} records")
        return mapping(row, own)

    answer = rows.answer(
        coded.rows, mapped, as_of=reply.date, reference=lambda pair: _reference(pair[1])
    )
    return merged([answer], beside=[coded])


def merged(answers: Sequence[Answer[T]], *, beside: Sequence[Answer[Any]] = ()) -> Answer[T]:
    """One answer out of at least one, as old as the oldest.

    `beside` are answers that these were made with: their rows are used up, their age and their
    rejected rows are not.
    """
    every = (*beside, *answers)
    return Answer(
        rows=tuple(row for one in answers for row in one.rows),
        as_of=min(one.as_of for one in every),
        rejected=tuple(row for one in every for row in one.rejected),
    )


def _reference(row: Any) -> object:
    return row["id"]
