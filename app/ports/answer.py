"""The shape of every answer: what came, as of when, and what could not be read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row of an upstream that could not be understood.

    `reference` is the vendor's own id of the row; `reason` names the field and what is wrong with
    it. Neither holds personal data.
    """

    reference: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """Rows that were understood, beside those that were not.

    `as_of` is the vendor's time at which the rows were true (the clock of the answer when the
    vendor states none), with an offset.
    """

    rows: tuple[T, ...]
    as_of: datetime
    rejected: tuple[RejectedRow, ...] = ()
