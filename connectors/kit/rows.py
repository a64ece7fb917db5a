"""Reading rows: one bad row never hides the good ones."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson

from app.errors import UpstreamBroken
from app.ports import Answer, RejectedRow, WireResponse

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
REASON_LENGTH = 200  # characters of a reason that are kept


def json_body(response: WireResponse) -> Any:
    """The decoded JSON body.

    Raises:
        UpstreamBroken: the body is not JSON (an HTML error page, a cut document, bad UTF-8).
    """
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        kind = response.headers.get("content-type", "no content type").split(";")[0]
        raise UpstreamBroken(
            f"the answer is not JSON ({kind}, {len(response.body)} bytes)",
            status=response.status,
            body=response.body,
        ) from error


def list_at(document: Any, *path: str) -> list[Any]:
    """The list under `path` of a decoded document.

    Raises:
        UpstreamBroken: there is no such list.
    """
    found = document
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    if not isinstance(found, list):
        raise UpstreamBroken(f"the answer has no list at {'.'.join(path) or 'its root'}")
    return found


def answer(
    rows: Iterable[Any],
    mapping: Callable[[Any], T],
    *,
    as_of: datetime,
    reference: Callable[[Any], object],
) -> Answer[T]:
    """Map every row; a row that does not fit is told in `rejected` under its `reference`.

    `mapping` and `reference` may raise `KeyError`, `TypeError`, `ValueError`, `AttributeError`,
    `IndexError` or `ArithmeticError` on a malformed row.
    """
    good: list[T] = []
    rejected: list[RejectedRow] = []
    for row in rows:
        try:
            good.append(mapping(row))
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            rejected.append(RejectedRow(_named(row, reference), _reason(error)))
    return Answer(rows=tuple(good), as_of=as_of, rejected=tuple(rejected))


def batches(keys: Iterable[K], size: int) -> list[list[K]]:
    """The keys, each once and in order, in lists of at most `size`."""
    once = list(dict.fromkeys(keys))
    return [once[start : start + size] for start in range(0, len(once), size)]


def merged(
    answers: Sequence[Answer[T]], *, key: Callable[[T], Hashable], as_of: datetime
) -> Answer[T]:
    """One answer of several: each row once, as old as the oldest; `as_of` when there are none."""
    rows = {key(row): row for answer in reversed(answers) for row in reversed(answer.rows)}
    return Answer(
        rows=tuple(reversed(rows.values())),
        as_of=min((answer.as_of for answer in answers), default=as_of),
        rejected=tuple(row for answer in answers for row in answer.rejected),
    )


def _named(row: Any, reference: Callable[[Any], object]) -> str:
    try:
        return str(reference(row))
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        return "?"


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:REASON_LENGTH]
