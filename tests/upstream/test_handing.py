"""Whoever is unsure whether an order was taken asks by its key; two never send it at once."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.errors import (
    UpstreamBroken,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import (
    Answer,
    Buyer,
    OrderKey,
    OrderStatus,
    RejectedRow,
    SoldLine,
    SoldOrder,
    UpstreamOrder,
)
from app.upstream.handing import HandingDesk, NotTaken, Taken, Unsure
from app.values import ChannelCode, CurrencyCode, FulfilmentMethod, LocationCode, Money, Sku

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = OrderKey("N-1")
KNOWN = UpstreamOrder(key=KEY, reference="7", status=OrderStatus.ACCEPTED)
WAIT = timedelta(seconds=9)


def an_order() -> SoldOrder:
    euro = Money(Decimal(5), CurrencyCode("EUR"))
    line = SoldLine(sku=Sku("MUG"), quantity=1, unit_price=euro, location=LocationCode("WH-1"))
    return SoldOrder(
        key=KEY,
        placed_at=NOON,
        channel=ChannelCode("WEB"),
        lines=(line,),
        buyer=Buyer(name="Ada", email="ada@example.com"),
        method=FulfilmentMethod.SHIP_TO_HOME,
        delivery=euro,
        total=euro,
    )


@dataclass
class Sink:
    """Says what it was told to say, and remembers what it was asked."""

    handing: Exception | None = None
    asking: Exception | None = None
    known: bool = False
    effect: bool = False
    unreadable: bool = False
    asked: list[str] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        self.asked.append("hand over")
        self.known = self.known or self.effect
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.handing is not None:
            raise self.handing
        self.known = True
        assert order.key == KEY
        return KNOWN

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        self.asked.append("placed")
        if self.asking is not None:
            raise self.asking
        rejected = (RejectedRow("7", "state: unknown"),) if self.unreadable else ()
        assert list(keys) == [KEY]
        return Answer(rows=(KNOWN,) if self.known else (), as_of=NOON, rejected=rejected)

    async def cancel(self, _key: OrderKey) -> UpstreamOrder | None:
        return None


def a_desk(sink: Sink) -> HandingDesk:
    return HandingDesk(connection="erp", sink=sink, timeout=timedelta(seconds=5))


async def test_a_handing_is_proven_by_asking() -> None:
    sink = Sink()
    assert await a_desk(sink).hand_over(an_order(), tried=False) == Taken(KNOWN, NOON)
    assert sink.asked == ["hand over", "placed"]


async def test_an_order_that_was_taken_and_is_not_known_is_unsure() -> None:
    class Forgets(Sink):
        async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
            told = await super().hand_over(order)
            self.known = False
            return told

    outcome = await a_desk(Forgets()).hand_over(an_order(), tried=False)
    assert isinstance(outcome, Unsure)


async def test_what_was_tried_before_is_asked_for_and_not_sent_again() -> None:
    sink = Sink(known=True)
    assert await a_desk(sink).hand_over(an_order(), tried=True) == Taken(KNOWN, NOON)
    assert sink.asked == ["placed"]


@pytest.mark.parametrize("error", [UpstreamUnavailable("cut"), UpstreamBroken("rubbish")])
async def test_an_effect_whose_answer_was_lost_is_found_out(error: Exception) -> None:
    sink = Sink(handing=error, effect=True)
    assert await a_desk(sink).hand_over(an_order(), tried=False) == Taken(KNOWN, NOON)
    assert sink.asked == ["hand over", "placed"]


async def test_what_is_not_known_yet_may_still_be_on_its_way() -> None:
    cut = UpstreamUnavailable("cut")
    assert await a_desk(Sink(handing=cut)).hand_over(an_order(), tried=False) == Unsure(cut)


@pytest.mark.parametrize(
    ("error", "for_good"),
    [
        (UpstreamRefused("no"), True),
        (UpstreamUnauthorized("who"), False),
        (UpstreamThrottled("later", retry_after=WAIT), False),
    ],
)
async def test_what_did_not_happen_is_told_apart(error: UpstreamRefused, for_good: bool) -> None:  # noqa: FBT001
    sink = Sink(handing=error)
    outcome = await a_desk(sink).hand_over(an_order(), tried=False)
    assert outcome == NotTaken(error)
    assert isinstance(outcome, NotTaken)
    assert outcome.for_good is for_good
    assert sink.asked == ["hand over"]


async def test_a_throttled_second_try_says_nothing_of_the_first() -> None:
    later = UpstreamThrottled("later", retry_after=WAIT)
    assert await a_desk(Sink(handing=later)).hand_over(an_order(), tried=True) == Unsure(later)


async def test_when_nobody_can_be_asked_nothing_is_sent() -> None:
    down = UpstreamUnavailable("down")
    sink = Sink(asking=down)
    assert await a_desk(sink).hand_over(an_order(), tried=True) == Unsure(down)
    assert sink.asked == ["placed"]


async def test_an_order_that_cannot_be_read_is_not_an_order_that_is_not_there() -> None:
    sink = Sink(unreadable=True)
    outcome = await a_desk(sink).hand_over(an_order(), tried=True)
    assert isinstance(outcome, Unsure)
    assert isinstance(outcome.error, UpstreamBroken)
    assert sink.asked == ["placed"]


async def test_two_at_once_take_turns() -> None:
    sink = Sink()
    running = 0

    async def meanwhile() -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1

    sink.meanwhile = meanwhile
    desk = a_desk(sink)
    outcomes = await asyncio.gather(*(desk.hand_over(an_order(), tried=False) for _ in range(5)))
    assert outcomes == [Taken(KNOWN, NOON)] * 5


async def test_a_bug_of_the_connector_is_unsure() -> None:
    sink = Sink(handing=KeyError("ada@example.com"))
    outcome = await a_desk(sink).hand_over(an_order(), tried=False)
    assert isinstance(outcome, Unsure)
    assert str(outcome.error) == "its connector failed"
