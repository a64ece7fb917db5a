"""Keys in, readings out: who is asked, when, and what is said of its age."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from app.ports import RejectedRow
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader, Reading
from app.upstream.report import Freshness, Report
from tests.builders import NOON

SECOND = timedelta(seconds=1)


@dataclass
class Source:
    """Knows the square of every even number, until told to fail or to wait."""

    now: datetime = NOON
    asked: list[list[int]] = field(default_factory=list)
    fails: bool = False
    gate: asyncio.Event | None = None
    rejected: tuple[RejectedRow, ...] = ()

    async def fetch(self, keys: Collection[int]) -> Fetched[int, int]:
        self.asked.append(sorted(keys))
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise UpstreamUnavailable("failed")
        values = {key: (key * key, self.now) for key in keys if key % 2 == 0}
        return Fetched(values, self.now, self.rejected)

    def reader(
        self,
        *,
        fresh_for: timedelta = timedelta(),
        revalidate_for: timedelta = timedelta(),
        if_error_for: timedelta = timedelta(),
    ) -> Reader[int, int]:
        return Reader(
            port="Squares",
            fetch=self.fetch,
            policy=FreshnessPolicy(
                fresh_for=fresh_for, revalidate_for=revalidate_for, if_error_for=if_error_for
            ),
            health=Health(connection="maths", now=lambda: self.now, clock=lambda: 0.0),
            timeout=timedelta(seconds=5),
        )


def inquiry(seconds: float = 5) -> Inquiry:
    return Inquiry(Deadline.after(timedelta(seconds=seconds)), Report())


def reading(value: int | None, freshness: Freshness, as_of: datetime = NOON) -> Reading[int]:
    return Reading(value, as_of, freshness, "maths")


async def test_an_absent_key_is_known_to_be_absent() -> None:
    source = Source()

    assert await source.reader().read([2, 3], inquiry()) == {
        2: reading(4, Freshness.LIVE),
        3: reading(None, Freshness.LIVE),
    }
    assert source.asked == [[2, 3]]


async def test_only_what_is_missing_is_asked_for_and_all_of_it_at_once() -> None:
    source = Source()
    reader = source.reader(fresh_for=10 * SECOND)
    await reader.read([2, 3], inquiry())

    again = await reader.read([2, 3, 4, 6], inquiry())

    assert source.asked == [[2, 3], [4, 6]]
    assert [one.freshness for one in again.values()] == ["CACHED", "CACHED", "LIVE", "LIVE"]


async def test_a_key_named_twice_is_asked_for_once() -> None:
    source = Source()
    reader = source.reader()

    assert await reader.read([2, 2, 3, 2], inquiry()) == {
        2: reading(4, Freshness.LIVE),
        3: reading(None, Freshness.LIVE),
    }
    assert source.asked == [[2, 3]]
    assert reader.shelves.flights.by_row == {}


async def test_concurrent_misses_of_the_same_keys_cost_one_call() -> None:
    source = Source(gate=asyncio.Event())
    reader = source.reader()
    first = asyncio.create_task(reader.read([2, 4], inquiry()))
    second = asyncio.create_task(reader.read([4, 6], inquiry()))
    many = [asyncio.create_task(reader.read([2], inquiry())) for _ in range(500)]
    await asyncio.sleep(0)
    assert source.gate is not None
    source.gate.set()
    answers = await asyncio.gather(first, second, *many)

    assert source.asked == [[2, 4], [6]]
    assert {answer[2].value for answer in answers[2:]} == {4}


async def test_a_cancelled_reader_does_not_cancel_the_others() -> None:
    source = Source(gate=asyncio.Event())
    reader = source.reader()
    impatient = asyncio.create_task(reader.read([2], inquiry()))
    patient = asyncio.create_task(reader.read([2], inquiry()))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert source.gate is not None
    source.gate.set()

    assert (await patient)[2] == reading(4, Freshness.LIVE)
    assert source.asked == [[2]]


async def test_the_deadline_of_one_reader_is_not_that_of_another() -> None:
    source = Source(gate=asyncio.Event())
    reader = source.reader()
    hurried = inquiry(0.01)
    patient = asyncio.create_task(reader.read([2], inquiry()))
    late = await reader.read([2], hurried)
    assert source.gate is not None
    source.gate.set()

    assert late[2] == Reading(None, None, Freshness.UNKNOWN, "maths")
    [failure] = hurried.report.failures
    assert (failure.connection, str(failure.error)) == ("maths", "did not answer in time")
    assert (await patient)[2] == reading(4, Freshness.LIVE)
    assert source.asked == [[2]]


async def test_a_failure_is_shared_but_never_kept() -> None:
    source = Source(fails=True)
    reader = source.reader(fresh_for=10 * SECOND)
    failed = inquiry()
    assert (await reader.read([2], failed))[2].freshness is Freshness.UNKNOWN
    assert [str(failure.error) for failure in failed.report.failures] == ["failed"]
    source.fails = False

    assert (await reader.read([2], inquiry()))[2] == reading(4, Freshness.LIVE)


async def test_an_aging_value_is_served_at_once_and_renewed_behind_the_back() -> None:
    source = Source()
    reader = source.reader(fresh_for=10 * SECOND, revalidate_for=10 * SECOND)
    await reader.read([2], inquiry())
    source.now, source.gate = NOON + 15 * SECOND, asyncio.Event()

    served = await reader.read([2], inquiry())
    assert served[2] == reading(4, Freshness.STALE)
    await asyncio.sleep(0)
    assert source.asked == [[2], [2]]
    source.gate.set()
    renewed = NOON + 15 * SECOND
    await asyncio.gather(*reader.shelves.flights.by_row[2].values())
    now = await reader.read([2], inquiry())
    assert now[2] == reading(4, Freshness.CACHED, renewed)
    assert source.asked == [[2], [2]]


async def test_a_value_is_served_for_a_while_when_its_source_fails_and_then_not() -> None:
    source = Source()
    reader = source.reader(if_error_for=60 * SECOND)
    await reader.read([2], inquiry())
    source.fails = True

    source.now = NOON + 59 * SECOND
    assert (await reader.read([2], inquiry()))[2] == reading(4, Freshness.STALE)
    source.now = NOON + 61 * SECOND
    assert (await reader.read([2], inquiry()))[2].freshness is Freshness.UNKNOWN


async def test_missing_keys_stay_unknown_while_rows_cannot_be_read() -> None:
    source = Source(rejected=(RejectedRow("3", "KeyError: 'square'"),))
    reader = source.reader()
    told = inquiry()

    answer = await reader.read([2, 3], told)

    assert answer[2] == reading(4, Freshness.LIVE)
    assert answer[3].freshness is Freshness.UNKNOWN
    [failure] = told.report.failures
    assert str(failure.error) == "1 of its rows could not be understood"
    assert reader.health.rejected_rows == 1


async def test_no_more_is_kept_than_there_is_room_for() -> None:
    source = Source()
    reader = source.reader(fresh_for=60 * SECOND)
    reader.policy = reader.policy.holding(10)
    reader.__post_init__()
    for key in range(0, 100, 2):
        await reader.read([key], inquiry())

    await reader.read([98], inquiry())
    await reader.read([0], inquiry())

    assert source.asked[50:] == [[0]]


@given(
    fresh=st.integers(1, 20),
    revalidate=st.integers(0, 20),
    error=st.integers(0, 60),
    max_age=st.none() | st.integers(0, 60),
    age=st.integers(0, 100),
    fails=st.booleans(),
)
def test_what_is_served_is_never_older_than_its_windows_allow(
    fresh: int, revalidate: int, error: int, max_age: int | None, age: int, *, fails: bool
) -> None:
    async def scenario() -> tuple[Reading[int], int]:
        source = Source()
        reader = source.reader(
            fresh_for=fresh * SECOND,
            revalidate_for=revalidate * SECOND,
            if_error_for=error * SECOND,
        )
        await reader.read([2], inquiry())
        source.now, source.fails = NOON + age * SECOND, fails
        limit = None if max_age is None else max_age * SECOND
        answer = (await reader.read([2], inquiry(), max_age=limit))[2]
        await asyncio.sleep(0)
        return answer, len(source.asked)

    answer, calls = asyncio.run(scenario())
    wanted = fresh if max_age is None else min(max_age, fresh + revalidate)
    if age < wanted:
        assert (answer.freshness, calls) == (Freshness.CACHED, 1)
    else:
        assert calls == 2
        if answer.freshness in {Freshness.LIVE, Freshness.CACHED}:
            assert not fails
        if answer.freshness is Freshness.STALE:
            assert age <= fresh + max(revalidate, error)
        if max_age is not None and not fails:
            assert answer.freshness is Freshness.LIVE
