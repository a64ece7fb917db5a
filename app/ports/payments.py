"""Payments: is the money there, and what became of it? The laws of writes are those of orders."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from app.ports.answer import Answer
from app.values import Money

PaymentKey = NewType("PaymentKey", str)
"""Our key of one payment, made from the order's: whoever asks again asks for the same payment."""


class PaymentStatus(StrEnum):
    """Whether the provider keeps the money ready."""

    AUTHORISED = "AUTHORISED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """Money to be kept ready. `token` stands for the buyer's means of payment; no card has a place.

    A token is as good as money: it stays out of messages, logs and traces.
    """

    key: PaymentKey
    amount: Money
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as its provider knows it. What was captured and refunded never becomes less.

    Captured less refunded is what the buyer has paid. `reason` says why it was declined, in a word
    of ours.
    """

    key: PaymentKey
    reference: str
    status: PaymentStatus
    authorised: Money
    captured: Money
    refunded: Money
    reason: str | None = None


@runtime_checkable
class PaymentProvider(Protocol):
    """Moves money. One payment for each key, whatever is lost or repeated."""

    async def authorise(self, request: PaymentRequest) -> Payment:
        """Keep the money ready, or be told that it is declined; the first request of a key counts.

        Raises:
            UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled: it did not happen.
            UpstreamUnavailable, UpstreamBroken: unknown whether it happened.
        """
        ...

    async def capture(self, key: PaymentKey, amount: Money) -> Payment:
        """Take the money: afterwards at least `amount` of it is captured, all told.

        Raises:
            UpstreamRefused: it is not authorised for so much; also see `authorise`.
        """
        ...

    async def give_back(self, key: PaymentKey, amount: Money) -> Payment:
        """Afterwards at least `amount` of what was captured is refunded, all told.

        Raises:
            UpstreamRefused: so much was not captured; also see `authorise`.
        """
        ...

    async def void(self, key: PaymentKey) -> Payment | None:
        """Let go of what is not captured; None where nothing is known by the key.

        A key that was voided, known or not, is never authorised afterwards.

        Raises: see `authorise`.
        """
        ...

    async def payments(self, keys: Collection[PaymentKey]) -> Answer[Payment]:
        """What became of these payments; one that is not known is left out."""
        ...
