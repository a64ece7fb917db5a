"""How is an answer read when parts of it do not fit? One bad row never hides the good ones."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from app.errors import UpstreamBroken
from app.ports import Answer, RejectedRow
from app.values import LocationCode
from connectors.kit import cells
from connectors.kit.rows import answer, list_at

T = TypeVar("T")
Codes = Mapping[str, LocationCode]
"""Our codes by the vendor's name, where they differ."""
Partly = tuple[T, tuple[RejectedRow, ...]]
"""Something understood, and what of it was not."""


def code(row: Any, name: str, codes: Codes) -> LocationCode:
    """Our code of the vendor's location."""
    vendor = cells.text(row, name)
    return codes.get(vendor, LocationCode(vendor))


def stated(read: Callable[[Any, str], T], document: Any, name: str) -> T:
    """What the head of an answer says.

    Raises:
        UpstreamBroken: it does not say so.
    """
    try:
        return read(document, name)
    except (LookupError, TypeError, ValueError) as error:
        raise UpstreamBroken(f"the answer states no usable {name}") from error


def partly(
    rows: Iterable[Any],
    mapping: Callable[[Any], Partly[T]],
    *,
    as_of: datetime,
    reference: Callable[[Any], object],
) -> Answer[T]:
    """Map every row; what a good row holds that does not fit is told beside it."""
    read = answer(rows, mapping, as_of=as_of, reference=reference)
    inside = (told for _, rejected in read.rows for told in rejected)
    return Answer(
        rows=tuple(row for row, _ in read.rows), as_of=as_of, rejected=(*read.rejected, *inside)
    )


def table(document: Any) -> list[Any]:
    """The rows of a table as objects; a row of another width stays what it is."""
    columns = list_at(document, "columns")
    if not all(isinstance(column, str) for column in columns):
        raise UpstreamBroken("the answer has no names for its columns")
    return [
        dict(zip(columns, row, strict=True))
        if isinstance(row, list) and len(row) == len(columns)
        else row
        for row in list_at(document, "rows")
    ]


def joined(answers: Iterable[Answer[T]], key: Callable[[T], Hashable]) -> Answer[T]:
    """One answer out of several; a row that comes twice counts once."""
    parts = list(answers)
    rows: dict[Hashable, T] = {}
    for part in parts:
        for row in part.rows:
            rows.setdefault(key(row), row)
    return Answer(
        rows=tuple(rows.values()),
        as_of=min(part.as_of for part in parts),
        rejected=tuple(told for part in parts for told in part.rejected),
    )
