"""What may a system send us unasked, and how do we know that it is the one?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class Hint(StrEnum):
    """What may have changed over there, and is to be read anew."""

    CATALOGUE = "CATALOGUE"
    PRICES = "PRICES"
    STOCK = "STOCK"
    ORDERS = "ORDERS"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request as it came. Header names are lower case."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class WebhookRefused(Exception):  # noqa: N818  an answer, not a failure of ours
    """It was not signed by whom it should be, or too long ago. Nobody is told more."""


class WebhookScheme(Protocol):
    """How a vendor signs what it sends: one function, made from secrets."""

    def __call__(self, request: WebhookRequest, /, *, now: datetime) -> str:
        """The id of the message: the same when the vendor sends it again.

        Raises:
            WebhookRefused: it is not known to be the vendor's.
        """
        ...


@runtime_checkable
class WebhookReader(Protocol):
    """A connection that knows what its vendor's messages mean. Without one they mean anything."""

    def hints(self, body: bytes) -> Collection[Hint]:
        """What a message says that has changed; nothing where it is about something else."""
        ...
