"""What does somebody want of their data, and how far is it? One receipt for each system.

A request is a list of parts. Each is done when its system has answered, however long that takes; a
request is done when all its parts are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from app.customers.model import OwnContact
from app.ports import KeptRecord
from app.values import CustomerId

PrivacyId = NewType("PrivacyId", str)
OURS = "tessera"
"""The system of the part that is our own store's."""
KEPT_FOR = timedelta(days=7)  # what was exported


class PrivacyKind(StrEnum):
    """To be told everything, or to be forgotten."""

    EXPORT = "EXPORT"
    ERASURE = "ERASURE"


class Task(StrEnum):
    """What a part is: our own store, whom a system knows by the subject, or one it is."""

    OWN = "OWN"
    LOOK_UP = "LOOK_UP"
    ONE = "ONE"


class ReceiptState(StrEnum):
    """How far a part is."""

    WAITING = "WAITING"
    DONE = "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One part. `reason` is the code of why it could not be done the last time.

    `kept` are records that a system keeps without a name. `documents` are what was exported.
    """

    place: int
    system: str
    task: Task
    external: str | None = field(default=None, repr=False)
    done_at: datetime | None = None
    reason: str | None = None
    kept: frozenset[KeptRecord] = frozenset()
    documents: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def state(self) -> ReceiptState:
        """How far it is."""
        return ReceiptState.WAITING if self.done_at is None else ReceiptState.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """By what others know somebody, as long as they have to be asked; and who it was to us."""

    contacts: tuple[OwnContact, ...] = ()
    name: str = ""
    selves: tuple[CustomerId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyRequest:
    """What somebody wants. `by` is the pseudonym of whoever asked.

    `unresolved`: how many customers of other systems may be the same person, and were left alone
    since nobody has said so. `expires_at`: from then on nothing of an export is told.
    """

    id: PrivacyId
    customer: CustomerId
    kind: PrivacyKind
    by: str
    subject: Subject | None = field(default=None, repr=False)
    receipts: tuple[Receipt, ...]
    unresolved: int = 0
    asked_at: datetime
    done_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def waiting(self) -> tuple[Receipt, ...]:
        """The parts that have to be done."""
        return tuple(one for one in self.receipts if one.state is ReceiptState.WAITING)
