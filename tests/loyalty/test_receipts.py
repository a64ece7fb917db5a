"""A receipt earns once, in whatever order it comes, and refunds take back in proportion."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from app.errors import InvalidInputError, UpstreamUnavailable
from app.loyalty import keeping, tills
from app.loyalty.reading import ReceiptReader, Till
from app.loyalty.service import LoyaltyService
from app.loyalty.tables import receipts
from app.ports import Receipt, ReceiptLine, ReceiptNumber, ReceiptPage
from app.store import Store, Work, open_store
from app.store.opening import driven
from app.store.postgres import postgres_engine
from app.values import CurrencyCode, CustomerId, LocationCode, Money, Sku
from tests.builders import NOON
from tests.loyalty.builders import ADA, BOB, CARD, DELAY, RULES, balance
from tests.loyalty.sums import in_all, wrongs
from tests.postgres import Postgres
from tests.redis import until

OTHER = "2800000000028"
LATER = NOON + DELAY


def euro(amount: str | Decimal) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


def receipt(
    number: str,
    amount: str,
    card: str | None = CARD,
    *,
    refund_of: str | None = None,
    at: datetime = NOON,
) -> Receipt:
    return Receipt(
        number=ReceiptNumber(number),
        location=LocationCode("ST-MIL"),
        sold_at=at,
        lines=(ReceiptLine(sku=Sku("SHIRT-M"), quantity=1, total=euro(amount)),),
        total=euro(amount),
        card=card,
        refund_of=None if refund_of is None else ReceiptNumber(refund_of),
    )


@dataclass
class Tills:
    """What the tills have told so far; their cursor is how much of it was told."""

    told: list[Receipt] = field(default_factory=list)
    silent: bool = False
    forgetful: bool = False
    asked: list[str | None] = field(default_factory=list)

    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        self.asked.append(after)
        if self.silent:
            raise UpstreamUnavailable("silent")
        if self.forgetful and after is not None:
            raise InvalidInputError("no such cursor", argument="after")
        start = int(after or 0)
        page = self.told[start : start + first]
        end = start + len(page)
        return ReceiptPage(
            receipts=tuple(page), cursor=str(end), more=end < len(self.told), as_of=NOON
        )


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


def reader(store: Store, source: Any, clock: Clock) -> ReceiptReader:
    till = Till(name="tills", source=source, timeout=timedelta(seconds=5))
    return ReceiptReader(store=store, tills={"tills": till}, rules=RULES, now=clock)


async def read(store: Store, told: Sequence[Receipt], *, now: datetime = NOON) -> int:
    record = partial(tills.record, source="tills", told=told, rules=RULES)
    return await store.act(record, now=now)


async def enrolled(store: Store, customer: CustomerId = ADA, card: str = CARD) -> None:
    await LoyaltyService(store, RULES).enrol(customer, card, now=NOON)


async def test_a_receipt_earns_once_however_often_it_comes(store: Store) -> None:
    await enrolled(store)
    assert await read(store, [receipt("R-1", "25.90")]) == 1
    assert await read(store, [receipt("R-1", "25.90"), receipt("R-1", "99.00")]) == 0

    found = await balance(store)
    assert (found.available, found.pending) == (0, 25)
    assert (await balance(store, now=LATER)).available == 25


async def test_a_card_that_is_enrolled_later_gets_what_it_has_earned(store: Store) -> None:
    sold = [receipt("R-1", "25.00"), receipt("R-2", "10.00"), receipt("R-3", "7.00", OTHER)]
    refunded = receipt("R-4", "5.00", None, refund_of="R-2")
    await read(store, [*sold, refunded, receipt("R-5", "3.00", None)])
    await enrolled(store)
    assert (await balance(store, now=LATER)).available == 30
    await enrolled(store, BOB, OTHER)
    assert (await balance(store, BOB, now=LATER)).available == 7


@pytest.mark.parametrize("first", ["sale", "refund"])
async def test_refunds_take_back_in_proportion_whichever_comes_first(
    store: Store, first: str
) -> None:
    await enrolled(store)
    told = [receipt("R-1", "99.00"), receipt("R-2", "33.00", None, refund_of="R-1")]
    for one in told if first == "sale" else told[::-1]:
        await read(store, [one])
    assert (await balance(store)).pending == 66
    await read(store, [receipt("R-3", "65.99", None, refund_of="R-1")])
    assert (await balance(store)).pending == 1
    await read(store, [receipt("R-4", "20.00", None, refund_of="R-1")])  # more than was paid
    assert (await balance(store)).pending == 0
    assert await store.read(wrongs) == []


async def test_a_refund_that_is_read_while_its_member_enrols_takes_back(
    postgres: Postgres, migrated_postgres: str
) -> None:
    """Its transaction is open when enrolling begins; on SQLite acts go one after another."""
    address = postgres.database(migrated_postgres)
    sessions = f"from pg_stat_activity where datname = '{address.rsplit('/', 1)[-1]}'"
    waiting = f"select count(*) {sessions} and wait_event_type = 'Lock'"
    async with open_store(address) as store:
        await read(store, [receipt("1", "50.00")])
        engine = postgres_engine(driven(address))
        async with engine.begin() as till:
            refund = [receipt("2", "50.00", refund_of="1")]
            await till.run_sync(lambda one: tills.record(Work(one, NOON), "tills", refund, RULES))
            enrolling = asyncio.create_task(enrolled(store))

            async def waits_or_is_done() -> bool:
                return enrolling.done() or postgres.sql(waiting) != "0"

            await until(waits_or_is_done)
        await enrolling
        await engine.dispose()
        found = await balance(store)
        assert (found.available, found.pending) == (0, 0)
        assert await store.read(wrongs) == []


def thousand() -> list[Receipt]:
    """Sales of two cards over a year, of which every fifth is refunded in one or two parts."""
    draw = random.Random(7)
    told = []
    for number in range(800):
        at = NOON - timedelta(days=draw.randrange(900))
        amount = Decimal(draw.randrange(100, 20_000)) / 100
        card = draw.choice([CARD, OTHER])
        told.append(receipt(f"S-{number}", str(amount), card, at=at))
        if number % 5 == 0:
            back = (amount / draw.randrange(1, 4)).quantize(Decimal("0.01"))
            parts = [back, amount - back] if number % 20 == 0 else [back]
            told += [
                receipt(f"F-{number}-{place}", str(part), None, refund_of=f"S-{number}", at=at)
                for place, part in enumerate(parts)
            ]
    return told


async def balances(store: Store) -> list[tuple[int, int, int]]:
    found = [await balance(store, one, now=NOON) for one in (ADA, BOB)]
    return [(one.available, one.pending, len(one.expiring)) for one in found]


async def test_a_thousand_receipts_shuffled_and_replayed_come_to_the_same(store: Store) -> None:
    told = thousand()
    assert len(told) == 1_000
    for customer, card in ((ADA, CARD), (BOB, OTHER)):
        await enrolled(store, customer, card)
    shuffled = [*told, *told[::3]]
    random.Random(7).shuffle(shuffled)
    new = 0
    for start in range(0, len(shuffled), 100):
        new += await read(store, shuffled[start : start + 100])

    assert new == len(told)
    assert await store.read(wrongs) == []
    assert await store.read(in_all) == 0
    assert await balances(store) == in_order(told)


def in_order(told: Sequence[Receipt]) -> list[tuple[int, int, int]]:
    """What it comes to, worked out receipt by receipt."""
    found = []
    for card in (CARD, OTHER):
        lots: dict[datetime, int] = {}
        pending = 0
        for sale in (one for one in told if one.card == card):
            points = int(sale.total.amount)
            back = sum(
                (one.total.amount for one in told if one.refund_of == sale.number), Decimal(0)
            )
            whole = sale.total.amount
            left = 0 if back >= whole else points - int(points * back / whole)
            available_at = sale.sold_at + DELAY
            until = available_at + timedelta(days=365)
            if until <= NOON:
                continue
            if available_at > NOON:
                pending += left
            elif left:
                lots[until] = lots.get(until, 0) + left
        found.append((sum(lots.values()), pending, len(lots)))
    return found


async def test_no_card_of_who_is_forgotten_is_left_on_a_receipt(store: Store) -> None:
    """Not on a refund of theirs, whatever card it names, nor on one of a sale nobody has told."""
    await enrolled(store)
    await enrolled(store, BOB, OTHER)
    told = [
        receipt("R-1", "50.00"),
        receipt("R-2", "20.00", refund_of="R-1"),
        receipt("R-3", "10.00", "2800000000035", refund_of="R-1"),
        receipt("R-4", "5.00", refund_of="R-0"),
        receipt("R-5", "7.00", OTHER),
        receipt("R-6", "3.00", OTHER, refund_of="R-5"),
    ]
    await read(store, told)
    await store.act(partial(keeping.forget, selves=[ADA]), now=NOON)

    def left(connection: Connection) -> list[tuple[str, str]]:
        named = select(receipts.c.number, receipts.c.card).where(receipts.c.card.is_not(None))
        return [(row.number, row.card) for row in connection.execute(named.order_by("number"))]

    assert await store.read(left) == [("R-5", OTHER), ("R-6", OTHER)]


async def test_what_there_is_no_room_for_does_not_stand_in_the_way(store: Store) -> None:
    await enrolled(store)
    naive = replace(receipt("R-2", "5.00"), sold_at=NOON.replace(tzinfo=None))
    told = [receipt("R" * 81, "7.00"), receipt("R-1", "1.00", "9" * 41), naive]
    assert await read(store, [*told, receipt("R-3", "2.00")]) == 1
    assert (await balance(store)).pending == 2


async def test_the_reader_goes_on_where_the_last_one_was(store: Store) -> None:
    clock, source = Clock(), Tills([receipt(f"R-{n}", "10.00") for n in range(150)])
    await enrolled(store)
    first = reader(store, source, clock)
    assert await first.round()  # a hundred, and there is more
    assert not await first.round()
    assert source.asked == [None, "100"]
    assert (await balance(store)).pending == 1_500

    await first.round()
    assert source.asked == [None, "100"]  # it is not asked again at once
    clock.at += RULES.every
    source.told.append(receipt("R-150", "5.00"))
    await reader(store, source, clock).round()
    assert source.asked == [None, "100", "150"]
    assert (await balance(store)).pending == 1_505


async def test_two_readers_do_not_read_the_same_and_a_dead_one_is_followed(store: Store) -> None:
    clock, source = Clock(), Tills([receipt("R-1", "10.00")])
    await enrolled(store)
    dying = reader(store, source, clock)
    till = dying.tills["tills"]
    assert await store.act(partial(dying._taken, till=till), now=clock()) is not None
    await reader(store, source, clock).round()
    assert source.asked == []  # somebody is at it
    clock.at += 2 * till.timeout + RULES.every
    await reader(store, source, clock).round()
    assert (await balance(store)).pending == 10


async def test_who_wakes_up_late_writes_nothing(store: Store) -> None:
    clock, source = Clock(), Tills([receipt("R-1", "10.00")])
    await enrolled(store)
    late = reader(store, source, clock)
    till = late.tills["tills"]
    turn = await store.act(partial(late._taken, till=till), now=clock())
    assert turn is not None
    page = await source.receipts(None, first=10)
    clock.at += timedelta(minutes=1)
    await reader(store, source, clock).round()
    with pytest.raises(Exception, match="tills"):
        await store.act(partial(late._kept, till=till, turn=turn, page=page), now=clock())
    assert (await balance(store)).pending == 10


async def test_a_silent_source_is_asked_again_and_a_forgetful_one_from_the_beginning(
    store: Store,
) -> None:
    clock, source = Clock(), Tills([receipt("R-1", "10.00")])
    await enrolled(store)
    source.silent = True
    assert not await reader(store, source, clock).round()
    source.silent = False
    clock.at += timedelta(minutes=1)
    await reader(store, source, clock).round()
    source.forgetful = True
    source.told.append(receipt("R-2", "4.00"))
    clock.at += timedelta(minutes=1)
    await reader(store, source, clock).round()
    assert source.asked == [None, None, "1", None]
    assert (await balance(store)).pending == 14
