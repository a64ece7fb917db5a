"""The budget in memory, by a clock that stands still until it is told to move."""

import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.budget import Allowance, BudgetExceeded, Budgets, Charge, MemoryBudgets
from app.engine.budget.bucket import MILLIONTHS, Bucket
from app.errors import MisconfiguredError
from tests.budget.builders import SMALL, Clock


def budgets_by(clock: Clock, **options: int) -> Budgets:
    return Budgets(MemoryBudgets(clock, **options))


async def test_an_operation_is_charged_its_estimate_and_refunded_to_its_actual_cost() -> None:
    budgets = budgets_by(Clock())

    charge = await budgets.charge("ann", 60, SMALL)
    cost = await budgets.settle(charge, 15)

    assert cost.told() == {
        "requested": 60,
        "actual": 15,
        "available": 85,
        "restoreRate": 10,
        "size": 100,
    }


async def test_what_is_not_there_is_refused_and_nothing_is_charged() -> None:
    budgets = budgets_by(Clock())
    await budgets.charge("ann", 75, SMALL)

    with pytest.raises(BudgetExceeded) as refused:
        await budgets.charge("ann", 50, SMALL)

    assert refused.value.code == "BUDGET_EXCEEDED"
    assert (refused.value.retry_after, refused.value.retry_after_seconds) == (
        timedelta(seconds=2.5),
        3,
    )
    assert refused.value.cost.told() == {
        "requested": 50,
        "actual": None,
        "available": 25,
        "restoreRate": 10,
        "size": 100,
    }
    assert str(refused.value) == (
        "The operation costs 50 points and 25 are left; 10 are restored every second."
    )
    assert (await budgets.charge("ann", 25, SMALL)).taken


async def test_after_the_told_wait_the_operation_runs_and_not_before() -> None:
    clock = Clock()
    budgets = budgets_by(clock)
    await budgets.charge("ann", 100, SMALL)

    clock.seconds += 2.999
    with pytest.raises(BudgetExceeded):
        await budgets.charge("ann", 30, SMALL)
    clock.seconds += 0.001

    assert (await budgets.charge("ann", 30, SMALL)).spent == 100 * MILLIONTHS


async def test_more_than_the_budget_ever_holds_is_refused_without_a_wait() -> None:
    with pytest.raises(BudgetExceeded) as refused:
        await budgets_by(Clock()).charge("ann", 101, SMALL)

    assert (refused.value.code, refused.value.retry_after) == ("OPERATION_TOO_COSTLY", None)
    assert refused.value.retry_after_seconds is None
    assert str(refused.value) == (
        "The operation costs 101 points, more than its budget ever holds (100): "
        "ask for less at once."
    )


async def test_one_principal_spends_nothing_of_another() -> None:
    budgets = budgets_by(Clock())
    await budgets.charge("ann", 100, SMALL)

    assert (await budgets.charge("bob", 100, SMALL)).taken


async def test_a_late_refund_does_not_raise_above_the_size() -> None:
    clock = Clock()
    budgets = budgets_by(clock)
    charge = await budgets.charge("ann", 60, SMALL)
    clock.seconds += 5  # 50 of the 60 are restored

    assert (await budgets.settle(charge, 0)).available == 100


async def test_an_actual_cost_above_the_estimate_is_taken_but_never_into_debt() -> None:
    budgets = budgets_by(Clock())
    charge = await budgets.charge("ann", 60, SMALL)

    assert (await budgets.settle(charge, 90)).available == 10
    assert (await budgets.settle(charge, 900)).available == 0
    with pytest.raises(BudgetExceeded) as refused:
        await budgets.charge("ann", 1, SMALL)
    assert refused.value.retry_after == timedelta(seconds=0.1)


async def test_an_allowance_that_was_cut_leaves_no_points_and_restores_from_there() -> None:
    clock = Clock()
    budgets = budgets_by(clock)
    await budgets.charge("ann", 100, SMALL)
    cut = Allowance(size=10, restore_rate=10)

    with pytest.raises(BudgetExceeded) as refused:
        await budgets.charge("ann", 5, cut)
    clock.seconds += 9.5

    assert refused.value.cost.available == 0
    assert (await budgets.charge("ann", 5, cut)).spent == 10 * MILLIONTHS


async def test_a_bucket_that_is_full_again_is_forgotten_and_none_before() -> None:
    clock = Clock()
    store = MemoryBudgets(clock)
    await store.charge("ann", 50, SMALL)
    clock.seconds += 4.999
    await store.charge("bob", 50, SMALL)
    kept = len(store)
    clock.seconds += 0.1
    await store.charge("cid", 50, SMALL)

    assert (kept, len(store)) == (2, 2)


async def test_of_what_is_refunded_in_full_nothing_is_kept() -> None:
    store = MemoryBudgets(Clock())
    charge = await store.charge("ann", 50, SMALL)

    assert (await store.settle(charge, -50), len(store)) == (0, 0)


async def test_whoever_asked_last_is_forgotten_last() -> None:
    store = MemoryBudgets(Clock(), most=2)
    for name in ("ann", "bob", "ann", "cid"):
        await store.charge(name, 40, SMALL)

    assert (await store.charge("ann", 1, SMALL)).spent == 81 * MILLIONTHS
    assert (await store.charge("bob", 1, SMALL)).spent == 1 * MILLIONTHS


async def test_no_spending_is_forgotten_while_there_are_full_buckets_to_forget() -> None:
    clock = Clock()
    store = MemoryBudgets(clock, most=3)
    await store.charge("slow", 100, SMALL)
    for name in ("ann", "bob"):
        await store.charge(name, 1, SMALL)
    clock.seconds += 1
    await store.charge("cid", 1, SMALL)

    assert (await store.charge("slow", 1, SMALL)).spent == 91 * MILLIONTHS


async def test_the_number_of_kept_buckets_is_bounded() -> None:
    store = MemoryBudgets(Clock(), most=3)
    for name in "abcde":
        await store.charge(name, 1, SMALL)

    assert len(store) == 3


async def test_instants_that_moved_are_not_kept_for_ever_and_others_are() -> None:
    clock, slow, charges = Clock(), Allowance(size=10**9, restore_rate=1), 20_000
    store = MemoryBudgets(clock)
    await store.charge("ann", 2 * charges, slow)

    tracemalloc.start()
    try:
        for _ in range(charges):
            await store.settle(await store.charge("bob", 60, slow), -59)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    clock.seconds += charges

    assert (grown < charges, len(store)) == (True, 1)
    clock.seconds += charges
    assert len(store) == 0


people = st.sampled_from("abcd")
allowances = st.builds(Allowance, size=st.just(100), restore_rate=st.sampled_from([1, 7, 90]))
turns = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 9_000_000)),
    st.tuples(st.just("nearly full"), st.integers(-1, 1)),
    st.tuples(people, st.integers(0, 60), st.integers(-60, 10), allowances),
)


@given(st.lists(turns, max_size=60), st.integers(1, 4))
async def test_full_buckets_are_forgotten_first_and_others_by_when_they_were_used(
    story: list[tuple[Any, ...]], most: int
) -> None:
    clock, kept = Clock(), dict[str, tuple[Bucket, Allowance]]()
    store, now = MemoryBudgets(clock, most=most), 0

    def keep(name: str, bucket: Bucket, allowance: Allowance) -> int:
        kept.pop(name, None)
        kept[name] = bucket, allowance
        forget()
        while len(kept) > most:
            del kept[next(iter(kept))]
        return bucket.spent

    def forget() -> None:
        for name, (bucket, allowance) in [*kept.items()]:
            if not bucket.restored(now, allowance).spent:
                del kept[name]

    for turn in story:
        match turn:
            case "wait", passed:
                now += passed
            case "nearly full", off:
                fulls = [bucket.full_at(allowance) for bucket, allowance in kept.values()]
                now = max(now, min(fulls, default=0) + off)
        clock.seconds = (now + 0.5) / MILLIONTHS
        forget()
        if len(turn) > 2:
            name, points, more, allowance = turn
            bucket = kept.get(name, (Bucket(0, 0),))[0].restored(now, allowance)
            bucket = bucket.charged(points, allowance) or bucket
            charge = await store.charge(name, points, allowance)
            assert charge.spent == keep(name, bucket, allowance)
            bucket = kept.get(name, (Bucket(0, now),))[0].settled(more, allowance)
            assert await store.settle(charge, more) == keep(name, bucket, allowance)
        assert len(store) == len(kept)


async def test_a_cost_below_zero_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="0 points or more"):
        await budgets_by(Clock()).charge("ann", -1, SMALL)


@pytest.mark.parametrize(("size", "rate"), [(0, 1), (1, 0), (-5, 1), (10**9 + 1, 1)])
def test_an_impossible_allowance_is_refused_at_the_start(size: int, rate: int) -> None:
    with pytest.raises(MisconfiguredError, match="1 to 1,000,000,000 points"):
        Allowance(size=size, restore_rate=rate)


steps = st.one_of(
    st.tuples(st.just("wait"), st.integers(0, 3_000_000)),
    st.tuples(st.just("charge"), st.integers(0, 140)),
    st.tuples(st.just("settle"), st.tuples(st.integers(0, 9), st.integers(0, 180))),
)


@given(st.lists(steps, max_size=60), st.integers(1, 120), st.integers(1, 60))
async def test_never_more_is_spent_than_the_size_and_what_time_restored(
    story: list[tuple[str, object]], size: int, rate: int
) -> None:
    clock, allowance = Clock(0.0), Allowance(size=size, restore_rate=rate)
    microseconds, net, running = 0, 0, list[Charge]()
    store = MemoryBudgets(clock)

    for act, value in story:
        match act, value:
            case "wait", int(passed):
                microseconds += passed
                clock.seconds = microseconds / MILLIONTHS
            case "charge", int(points):
                charge = await store.charge("ann", points, allowance)
                if charge.taken:
                    net += points * MILLIONTHS
                    running.append(charge)
            case "settle", (int(index), int(actual)) if index < len(running):
                charge = running.pop(index)
                before = await store.settle(charge, 0)
                after = await store.settle(charge, actual - charge.points)
                refunded = max(0, charge.points - actual) * MILLIONTHS
                net += max(0, after - before) - refunded
                assert 0 <= after <= allowance.whole
        assert net <= allowance.whole + microseconds * rate


def test_a_millionth_of_a_point_too_few_is_too_few() -> None:
    bucket = Bucket(spent=1, at=0)

    assert bucket.charged(100, SMALL) is None
    assert bucket.charged(99, SMALL) == Bucket(spent=99 * MILLIONTHS + 1, at=0)
