"""Was the order taken? A write is never blindly repeated: who is unsure asks by the order's key.

`asked` bounds the time of every call and turns a connector's bug into one of our errors; the client
below it never repeats a call that is not safe. What stands here is what only writes need.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
)
from app.ports import OrderKey, OrderSink, OrderStatus, SoldOrder, UpstreamOrder
from app.upstream.asking import asked

DID_NOT_HAPPEN = (UpstreamRefused, UpstreamThrottled, UpstreamUnauthorized)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken:
    """The upstream has the order, as it said when it was asked; `since` is its own clock then."""

    order: UpstreamOrder
    since: datetime


@dataclass(frozen=True, slots=True)
class NotTaken:
    """It does not have it, and `error` says why. `for_good`: it never will, as it is."""

    error: UpstreamError

    @property
    def for_good(self) -> bool:
        """Whether trying again is of no use."""
        return isinstance(self.error, UpstreamRefused)


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody knows whether it has it; `error` is what was told. Ask again, with the same key."""

    error: UpstreamError


Outcome = Taken | NotTaken | Unsure


@dataclass(slots=True, kw_only=True)
class HandingDesk:
    """One sink, guarded. `timeout` bounds one call of its port, all requests together.

    Calls about one key follow one another, as not every upstream can keep two of them apart.
    """

    connection: str
    sink: OrderSink
    timeout: timedelta
    _turns: WeakValueDictionary[OrderKey, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def hand_over(self, order: SoldOrder, *, tried: bool) -> Outcome:
        """What came of handing over; `tried`: it was before, so it is first asked for by key."""
        return await self._in_turn(order.key, lambda: self._handed_over(order, tried=tried))

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        """See `OrderSink.cancel`, which may be repeated until it is answered."""
        return await self._in_turn(key, lambda: self._asked(lambda: self.sink.cancel(key)))

    async def placed(self, key: OrderKey) -> Taken | None:
        """The order of this key, if the upstream knows it.

        Raises:
            UpstreamError: it did not say.
        """
        answer = await self._asked(lambda: self.sink.placed([key]))
        known = next((row for row in answer.rows if row.key == key), None)
        if known is None and answer.rejected:
            raise UpstreamBroken("the order may be there, and could not be read")
        return None if known is None else Taken(known, answer.as_of)

    async def standing(self, keys: Collection[OrderKey]) -> Mapping[OrderKey, OrderStatus]:
        """How far orders are, all in one call of the port; those that nobody knows are left out.

        Raises:
            UpstreamError: it did not say.
        """

        async def told() -> Mapping[OrderKey, OrderStatus]:
            return {row.key: row.status for row in (await self.sink.placed(keys)).rows}

        return await self._asked(told)

    async def _handed_over(self, order: SoldOrder, *, tried: bool) -> Outcome:
        try:
            if tried and (known := await self.placed(order.key)) is not None:
                return known
        except UpstreamError as error:
            return Unsure(error)
        try:
            await self._asked(lambda: self.sink.hand_over(order))
        except DID_NOT_HAPPEN as error:
            refused = NotTaken(error)  # though what was tried before may still be on its way
            return Unsure(error) if tried and not refused.for_good else refused
        except UpstreamError as error:
            return await self._found_out(order.key, error)
        return await self._found_out(order.key, UpstreamBroken("it was taken, and is not known"))

    async def _found_out(self, key: OrderKey, error: UpstreamError) -> Outcome:
        """It may have been taken; that it is not known now proves nothing, as it may be late."""
        try:
            known = await self.placed(key)
        except UpstreamError:
            return Unsure(error)
        return Unsure(error) if known is None else known

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        return await asked(self.connection, call, within=self.timeout)

    async def _in_turn(self, key: OrderKey, call: Callable[[], Awaitable[T]]) -> T:
        async with self._turns.setdefault(key, asyncio.Lock()):
            return await call()
