"""One effect for each key, whoever comes at once; and what goes out comes back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from app.errors import InvalidInputError
from app.loyalty import ledger, ordered, repository, sums, undoing
from app.loyalty.model import Kind
from app.loyalty.ordered import OrderPoints
from app.loyalty.refusals import CardRefused, NotAMember, NotEnoughPoints, PointsExpired
from app.loyalty.service import LoyaltyService
from app.store import Store, Work
from app.store.keys import KeyReused
from app.values import CurrencyCode, Money
from tests.builders import NOON
from tests.loyalty.builders import (
    ADA,
    BOB,
    CARD,
    CARL,
    GOOD,
    RULES,
    at_once,
    balance,
    earned,
    joined,
    later,
)
from tests.loyalty.sums import in_all, wrongs

SHORTLY = NOON + timedelta(minutes=15)
BURNS = 32


def holding(holder: str, points: int, fence: int = 1) -> Callable[[Work], None]:
    return partial(
        ledger.hold, customer=ADA, holder=holder, points=points, fence=fence, until=SHORTLY
    )


async def burned(store: Store) -> list[Any]:
    """What came of 32 who all wanted the same hundred points at once."""
    await joined(store, ADA)
    await earned(store, "welcome", at_once(100))
    room = asyncio.Semaphore(30)

    async def wants(number: int) -> Any:
        async with room:
            try:
                return await store.act(holding(f"cart:{number}", 100), now=NOON)
            except NotEnoughPoints as refusal:
                return refusal

    return await asyncio.gather(*(wants(number) for number in range(BURNS)))


async def test_of_32_who_burn_the_same_points_at_once_one_wins(store: Store) -> None:
    got = await burned(store)

    refusals = [one for one in got if one is not None]
    assert len(refusals) == BURNS - 1
    assert {(one.asked, one.available) for one in refusals} == {(100, 0)}
    found = await balance(store)
    assert (found.available, found.held) == (0, 100)
    assert await store.read(wrongs) == []


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_whoever_does_not_wait_for_the_row_burns_them_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(connection: Any, customer: Any) -> Any:
        return repository.find_member(connection, customer)

    monkeypatch.setattr(repository, "lock_member", unlocked)
    got = await burned(store)

    assert sum(one is None for one in got) > 1
    assert await store.read(wrongs) != []


async def test_what_is_earned_and_taken_back_is_level(store: Store) -> None:
    await joined(store, ADA)
    await earned(store, "before", at_once(30))
    number = await earned(store, "receipt", later(100))
    assert (await balance(store)).pending == 100
    back = partial(
        undoing.reverse, transaction=number, customer=ADA, key="receipt:back", points=100
    )
    for _ in range(2):
        await store.act(back, now=NOON)

    found = await balance(store)
    assert (found.available, found.pending, found.held) == (30, 0, 0)
    assert await store.read(in_all) == 0


async def test_what_was_spent_by_then_is_not_taken_and_is_written_down(store: Store) -> None:
    await joined(store, ADA)
    number = await earned(store, "receipt", at_once(100))
    await store.act(holding("cart:1", 70), now=NOON)
    back = partial(undoing.reverse, transaction=number, customer=ADA, key="back", points=100)
    await store.act(back, now=NOON)

    assert (await balance(store)).available == 0
    row = await store.read(partial(repository.find_key, key="back"))
    assert row is not None
    assert row.short == 70
    assert await store.read(wrongs) == []


async def undone_in_parts(store: Store) -> list[int]:
    """What is available after a quarter, a half, a half again and all of an order are undone."""
    await joined(store, ADA)
    await earned(store, "welcome", at_once(100))
    await store.act(holding("cart:1", 100), now=NOON)
    commit = partial(ledger.commit, holder="cart:1", fence=1, order="T-1", points=100)
    assert await store.act(commit, now=NOON)
    agreed = OrderPoints(
        spent=100,
        value=Money(Decimal(1), CurrencyCode("EUR")),
        earns=0,
        available_at=NOON,
        expires_at=None,
        good_for=timedelta(days=30),
    )
    found = []
    for part in ("0.25", "0.5", "0.5", "1"):
        undo = partial(ordered.undone, order="T-1", points=agreed, part=Decimal(part))
        await store.act(undo, now=NOON)
        found.append((await balance(store)).available)
    return found


async def test_an_order_is_undone_in_parts_and_as_a_whole_once(store: Store) -> None:
    assert await undone_in_parts(store) == [25, 50, 50, 100]


async def test_who_forgets_what_was_undone_gives_back_too_much(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "undone", lambda *_: 0)

    assert (await undone_in_parts(store))[1] > 50


async def test_a_key_that_stands_for_something_else_is_refused(store: Store) -> None:
    await joined(store, ADA)
    await earned(store, "once", at_once(5))
    adjust = partial(
        ledger.adjust, customer=ADA, key="once", points=5, reason="goodwill", until=None
    )
    with pytest.raises(KeyReused):
        await store.act(adjust, now=NOON)


async def test_of_points_that_have_just_expired_it_is_said_so(store: Store) -> None:
    await joined(store, ADA)
    await earned(store, "old", at_once(100, good=timedelta(days=1)))
    await earned(store, "new", at_once(10))
    tomorrow = NOON + timedelta(days=1)
    with pytest.raises(PointsExpired) as caught:
        await store.act(holding("cart:1", 50), now=tomorrow)
    assert (caught.value.asked, caught.value.available) == (50, 10)
    with pytest.raises(NotEnoughPoints) as more:
        await store.act(holding("cart:1", 111), now=tomorrow)
    assert type(more.value) is NotEnoughPoints
    with pytest.raises(NotEnoughPoints) as late:
        await store.act(holding("cart:1", 50), now=tomorrow + timedelta(days=31))
    assert type(late.value) is NotEnoughPoints


async def test_a_hold_that_ran_out_holds_nothing_whoever_looks(store: Store) -> None:
    await joined(store, ADA)
    await earned(store, "welcome", at_once(100))
    await store.act(holding("cart:1", 100), now=NOON)

    assert (await balance(store, now=SHORTLY)).available == 100
    commit = partial(ledger.commit, holder="cart:1", fence=1, order="T-1", points=100)
    assert await store.act(commit, now=SHORTLY) is False
    await store.act(holding("cart:2", 100, fence=2), now=SHORTLY)


async def test_the_history_tells_what_each_did_to_each_account(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    await service.enrol(ADA, None, now=NOON)
    await earned(store, "receipt", later(20))
    await store.act(
        partial(ledger.adjust, customer=ADA, key="a", points=15, reason="sorry", until=None),
        now=NOON,
    )
    await store.act(holding("cart:1", 10), now=NOON)
    after = NOON + timedelta(days=15)
    whole = await service.history(ADA, first=10, now=after)
    told = [one.entry for one in whole.entries]

    assert not whole.more
    assert [(one.kind, one.available, one.pending, one.held) for one in told] == [
        (Kind.MATURE, 20, -20, 0),
        (Kind.RELEASE, 10, 0, -10),
        (Kind.HOLD, -10, 0, 10),
        (Kind.ADJUST, 15, 0, 0),
        (Kind.EARN, 0, 20, 0),
    ]
    assert told[3].reason == "sorry"
    page = await service.history(ADA, first=2, now=after)
    pages = [*page.entries]
    while page.more:
        last = page.entries[-1].cursor
        page = await service.history(ADA, first=2, after=last, now=after)
        pages += page.entries
    assert pages == list(whole.entries)
    for foreign in ("", "x", "2026-01-01|1", "|"):
        with pytest.raises(InvalidInputError):
            await service.history(ADA, first=2, after=foreign, now=after)


async def test_two_who_are_one_have_one_account_and_may_be_two_again(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    await service.enrol(ADA, CARD, now=NOON)
    await service.enrol(BOB, None, now=NOON)
    await earned(store, "hers", at_once(40))
    await earned(store, "hers later", later(7))
    await earned(store, "his", at_once(5), customer=BOB)
    await store.act(holding("cart:1", 40), now=NOON)
    for _ in range(2):
        assert await service.merge(ADA, BOB, "m-1", now=NOON)

    for one in (ADA, BOB):
        account = await service.account(one, now=NOON)
        assert account is not None
        assert account.balance.expiring[0].at == NOON + GOOD
        assert account.member.customer == BOB
        assert (account.balance.available, account.balance.pending) == (45, 7)
        assert account.balance.held == 0
        assert account.tier.earned == 52
    await earned(store, "receipt on her card", at_once(1), customer=ADA)
    assert (await balance(store, BOB)).available == 46
    spend = partial(ledger.adjust, customer=BOB, key="s", points=-10, reason="x", until=None)
    await store.act(spend, now=NOON)  # five of them his, as his were there first? the soonest go
    assert await service.unmerge(ADA, "m-1", now=NOON)
    assert not await service.unmerge(ADA, "m-1", now=NOON)

    hers, his = await balance(store, ADA), await balance(store, BOB)
    assert hers.available + his.available == 36
    assert (hers.pending, his.pending) == (7, 0)
    assert hers.available == 35  # his five went first, and five of hers
    assert await store.read(wrongs) == []
    assert await store.read(in_all) == 0


async def test_points_that_were_moved_twice_count_and_go_back_to_whose_they_were(
    store: Store,
) -> None:
    service = LoyaltyService(store, RULES)
    await joined(store, ADA, BOB, CARL)
    await earned(store, "hers", at_once(600))
    await earned(store, "his", at_once(5), customer=BOB)
    assert await service.merge(ADA, BOB, "m-1", now=NOON)
    assert await service.merge(BOB, CARL, "m-2", now=NOON)
    account = await service.account(CARL, now=NOON)
    assert account is not None
    assert (account.tier.earned, account.tier.tier) == (605, "GOLD")

    assert await service.unmerge(ADA, "m-1", now=NOON)
    everybody = [(await balance(store, one)).available for one in (ADA, BOB, CARL)]
    assert everybody == [600, 0, 5]
    assert await service.unmerge(BOB, "m-2", now=NOON)
    everybody = [(await balance(store, one)).available for one in (ADA, BOB, CARL)]
    assert everybody == [600, 5, 0]
    assert await store.read(wrongs) == []
    assert await store.read(in_all) == 0


async def test_what_has_expired_where_it_was_moved_is_not_taken_from_others(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    await joined(store, ADA, BOB, CARL)
    number = await earned(store, "hers", at_once(100, good=timedelta(days=10)))
    await earned(store, "his", at_once(500), customer=CARL)
    await service.merge(ADA, BOB, "m-1", now=NOON)
    await service.merge(BOB, CARL, "m-2", now=NOON)
    after = NOON + timedelta(days=20)
    back = partial(undoing.reverse, transaction=number, customer=ADA, key="back", points=100)
    await store.act(back, now=after)
    assert (await balance(store, CARL, now=after)).available == 500


async def test_what_was_moved_is_taken_back_before_others(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    await joined(store, ADA, BOB)
    number = await earned(store, "hers", at_once(100, good=timedelta(days=200)))
    await earned(store, "his", at_once(500, good=timedelta(days=100)), customer=BOB)
    await service.merge(ADA, BOB, "m-1", now=NOON)
    back = partial(undoing.reverse, transaction=number, customer=ADA, key="back", points=60)
    await store.act(back, now=NOON)
    soonest = (await balance(store, BOB)).expiring
    assert [(one.points, one.at) for one in soonest] == [
        (500, NOON + timedelta(days=100)),
        (40, NOON + timedelta(days=200)),
    ]


async def test_nobody_is_merged_with_themselves_or_in_a_circle(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    for one in (ADA, BOB):
        await service.enrol(one, None, now=NOON)
    assert not await service.merge(ADA, ADA, "m-0", now=NOON)
    assert await service.merge(ADA, BOB, "m-1", now=NOON)
    assert not await service.merge(BOB, ADA, "m-2", now=NOON)
    account = await service.account(ADA, now=NOON)
    assert account is not None
    assert account.member.customer == BOB


async def test_a_card_is_one_members_and_a_member_has_one(store: Store) -> None:
    service = LoyaltyService(store, RULES)
    first = await service.enrol(ADA, CARD, now=NOON)
    assert first.member.card == CARD
    for again in (None, CARD, "2800 0000 00011"):
        assert (await service.enrol(ADA, again, now=NOON)).member == first.member
    for customer, card in ((BOB, CARD), (ADA, "2800000000028"), (BOB, "2800000000018")):
        with pytest.raises(CardRefused):
            await service.enrol(customer, card, now=NOON)
    assert await service.account(BOB, now=NOON) is None
    with pytest.raises(NotAMember):
        await service.adjust(BOB, 5, reason="x", key="k", now=NOON)
