"""Is the money there? A payment is never blindly asked for twice: who is unsure asks by its key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from app.errors import UpstreamBroken, UpstreamError
from app.ports import Payment, PaymentKey, PaymentProvider, PaymentRequest
from app.upstream.asking import asked
from app.upstream.handing import DID_NOT_HAPPEN
from app.values import Money

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotPaid:
    """Nothing happened, and `error` says why."""

    error: UpstreamError


@dataclass(frozen=True, slots=True)
class MaybePaid:
    """Nobody knows whether anything happened; `error` is what was told."""

    error: UpstreamError


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDesk:
    """One provider, guarded. `timeout` bounds one call of its port."""

    connection: str
    provider: PaymentProvider
    timeout: timedelta

    async def authorise(self, request: PaymentRequest) -> Payment | NotPaid | MaybePaid:
        """What came of asking for the money; the answer that is lost is looked for by its key."""
        try:
            return await self._asked(lambda: self.provider.authorise(request))
        except DID_NOT_HAPPEN as error:
            return NotPaid(error)
        except UpstreamError as error:
            return await self._found_out(request.key, error)

    async def known(self, key: PaymentKey) -> Payment | None:
        """The payment of this key, if the provider knows it.

        Raises:
            UpstreamError: it did not say.
        """
        answer = await self._asked(lambda: self.provider.payments([key]))
        found = next((row for row in answer.rows if row.key == key), None)
        if found is None and answer.rejected:
            raise UpstreamBroken("the payment may be there, and could not be read")
        return found

    async def capture(self, key: PaymentKey, amount: Money) -> Payment:
        """See `PaymentProvider`; it may be repeated until it is answered."""
        return await self._asked(lambda: self.provider.capture(key, amount))

    async def give_back(self, key: PaymentKey, amount: Money) -> Payment:
        """See `PaymentProvider`; it may be repeated until it is answered."""
        return await self._asked(lambda: self.provider.give_back(key, amount))

    async def void(self, key: PaymentKey) -> Payment | None:
        """See `PaymentProvider`; it may be repeated until it is answered."""
        return await self._asked(lambda: self.provider.void(key))

    async def _found_out(self, key: PaymentKey, error: UpstreamError) -> Payment | MaybePaid:
        try:
            known = await self.known(key)
        except UpstreamError:
            return MaybePaid(error)
        return MaybePaid(error) if known is None else known

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        return await asked(self.connection, call, within=self.timeout)
