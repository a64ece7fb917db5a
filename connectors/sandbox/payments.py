"""How is the payment provider asked? Every write has our key in its address."""

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from app.errors import UpstreamBroken, UpstreamRefused
from app.ports import (
    Answer,
    Payment,
    PaymentKey,
    PaymentRequest,
    PaymentStatus,
    Wiring,
)
from app.values import CurrencyCode, Money
from connectors.kit import cells
from connectors.kit.rows import answer, list_at
from connectors.sandbox.answers import joined, stated
from connectors.sandbox.fields import amount
from connectors.sandbox.orders import says
from connectors.sandbox.wire import Caller, in_batches, pairs

STATES = {
    "authorised": PaymentStatus.AUTHORISED,
    "declined": PaymentStatus.DECLINED,
    "voided": PaymentStatus.VOIDED,
}


class PaymentsConnection:
    """Fulfils `PaymentProvider`."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._call = Caller(wiring.http)

    async def authorise(self, request: PaymentRequest) -> Payment:
        """See `PaymentProvider`."""
        told = {
            "amount": str(request.amount.amount),
            "currency": request.amount.currency,
            "token": request.token,
        }
        return await self._write("authorise", request.key, told)

    async def capture(self, key: PaymentKey, amount: Money) -> Payment:
        """See `PaymentProvider`."""
        return await self._write("capture", key, {"upto": str(amount.amount)})

    async def give_back(self, key: PaymentKey, amount: Money) -> Payment:
        """See `PaymentProvider`."""
        return await self._write("refund", key, {"upto": str(amount.amount)})

    async def void(self, key: PaymentKey) -> Payment | None:
        """See `PaymentProvider`."""
        try:
            return await self._write("void", key, {})
        except UpstreamRefused as error:
            if says(error.body, "unknown_payment"):
                return None
            raise

    async def payments(self, keys: Collection[PaymentKey]) -> Answer[Payment]:
        """See `PaymentProvider`."""
        if not keys:
            return Answer(rows=(), as_of=self._wiring.now())
        return joined(await in_batches(keys, self._asked), lambda payment: payment.key)

    async def _asked(self, keys: list[PaymentKey]) -> Answer[Payment]:
        document = await self._call.get("payments", "payments", pairs("key", keys))
        return answer(
            list_at(document, "payments"),
            payment,
            as_of=stated(cells.instant, document, "answered_at"),
            reference=lambda row: row["number"],
        )

    async def _write(self, what: str, key: PaymentKey, document: Any) -> Payment:
        path = f"payments/{quote(key, safe='')}/{what}"
        told = await self._call.write(what, "POST", path, document)
        try:
            found = payment(told)
        except (LookupError, TypeError, ValueError) as error:
            raise UpstreamBroken("the answer tells of no payment") from error
        if found.key != key:
            raise UpstreamBroken("the answer tells of another payment")
        return found


def payment(row: Any) -> Payment:
    """What the provider says of a payment."""
    currency = CurrencyCode(cells.text(row, "currency"))
    return Payment(
        key=PaymentKey(cells.text(row, "key")),
        reference=cells.text(row, "number"),
        status=STATES[cells.text(row, "state")],
        authorised=Money(amount(row, "authorised"), currency),
        captured=Money(amount(row, "captured"), currency),
        refunded=Money(amount(row, "refunded"), currency),
        reason=None if row["reason"] is None else cells.text(row, "reason"),
    )
