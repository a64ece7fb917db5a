"""What an operation reads, and what is asked for before it does."""

import asyncio
import gc
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from app.upstream.ahead import EACH, LONGEST, Ahead, Courses, Read
from app.upstream.asked import Asked
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.reader import Fetched, FreshnessPolicy, Inquiry, Reader
from app.upstream.report import Freshness, Report
from tests.builders import NOON

SECOND = timedelta(seconds=1)


@dataclass
class World:
    """Systems by name; each tells of a key when it was asked. A gate holds one back."""

    now: datetime = NOON
    asked: list[tuple[str, list[int]]] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    heard: int = 0
    courses: Courses = field(default_factory=Courses)

    def reader(self, name: str, fresh_for: timedelta = timedelta()) -> Reader[int, datetime]:
        async def fetch(keys: Collection[int]) -> Fetched[int, datetime]:
            self.asked.append((name, sorted(keys)))
            if name in self.gates:
                await self.gates[name].wait()
            if name in self.broken:
                raise UpstreamUnavailable("failed")
            return Fetched(dict.fromkeys(keys, (self.now, self.now)), self.now)

        return Reader(
            port=name,
            fetch=fetch,
            policy=FreshnessPolicy(fresh_for=fresh_for),
            health=Health(connection=name, now=lambda: self.now, clock=lambda: 0.0),
            timeout=timedelta(seconds=5),
            changes=lambda: self.heard,
        )

    def inquiry(self, question: str = "listing") -> Inquiry:
        ahead = Ahead(self.courses, lambda: question)
        return Inquiry(Deadline.after(5 * SECOND), Report(), ahead)

    async def ask(self, *reads: tuple[Reader[int, datetime], list[int]], **how: Any) -> Inquiry:
        """One operation that reads one after the other."""
        inquiry = self.inquiry(**how)
        for reader, keys in reads:
            await reader.read(keys, inquiry)
        end(inquiry)
        return inquiry


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110  nothing tells of it
        await asyncio.sleep(0)


def end(inquiry: Inquiry) -> None:
    assert inquiry.ahead is not None
    inquiry.ahead.end()


async def test_what_was_read_next_is_asked_for_as_soon_as_there_is_a_wait() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7, 8]))
    world.asked.clear()
    world.now += SECOND
    world.gates = {"pages": asyncio.Event(), "prices": asyncio.Event()}
    inquiry = world.inquiry()

    page = asyncio.ensure_future(pages.read([1], inquiry))
    await until(lambda: len(world.asked) == 2)
    for gate in world.gates.values():
        gate.set()
    await page
    found = await prices.read([7, 8], inquiry)

    assert world.asked == [("pages", [1]), ("prices", [7, 8])]
    assert {one.freshness for one in found.values()} == {Freshness.LIVE}
    assert [(age.port, age.freshness) for age in inquiry.report.ages] == [
        ("pages", Freshness.LIVE),
        ("prices", Freshness.LIVE),
    ]


async def test_what_came_while_it_waited_for_something_else_is_asked_for_once() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.asked.clear()
    world.now += SECOND
    world.gates = {"pages": asyncio.Event()}
    inquiry = world.inquiry()

    page = asyncio.ensure_future(pages.read([1], inquiry))
    await until(lambda: prices.read_at(7) == world.now)
    world.now += SECOND
    world.gates["pages"].set()
    await page
    found = await prices.read([7], inquiry)
    end(inquiry)

    assert world.asked == [("pages", [1]), ("prices", [7])]
    await world.ask((pages, [1]))
    assert world.asked[2:] == [("pages", [1]), ("prices", [7])]
    assert (found[7].freshness, found[7].value) == (Freshness.LIVE, NOON + SECOND)


async def test_what_the_same_system_is_asked_next_is_asked_for_too() -> None:
    world = World()
    pages = world.reader("pages")
    await world.ask((pages, [1]), (pages, [2, 3]))
    world.asked.clear()
    world.now += SECOND

    await world.ask((pages, [1]))

    assert world.asked == [("pages", [1]), ("pages", [2, 3])]


async def test_what_need_not_be_asked_for_now_may_have_to_be_the_next_time() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices", fresh_for=SECOND)
    await world.ask((prices, [7]), question="another")
    await world.ask((pages, [1]), (prices, [7]))
    world.asked.clear()
    world.now += 2 * SECOND

    await world.ask((pages, [1]))

    assert world.asked == [("pages", [1]), ("prices", [7])]


async def test_who_waits_for_nothing_asks_for_nothing() -> None:
    world = World()
    pages, prices = world.reader("pages", fresh_for=9 * SECOND), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.asked.clear()
    world.now += SECOND

    await pages.read([1], world.inquiry())

    assert world.asked == []


async def test_what_is_fresh_is_not_asked_for_ahead() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices", fresh_for=9 * SECOND)
    await world.ask((pages, [1]), (prices, [7]))
    world.asked.clear()
    world.now += SECOND

    await pages.read([1], world.inquiry())

    assert world.asked == [("pages", [1])]


async def test_what_was_heard_to_have_changed_meanwhile_is_asked_for_again() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.now += SECOND
    inquiry = world.inquiry()
    await pages.read([1], inquiry)
    await until(lambda: prices.read_at(7) == world.now)
    world.now += SECOND

    found = await prices.read([7], inquiry, max_age=SECOND / 2)

    assert world.asked[-1] == ("prices", [7])
    assert found[7].value == NOON + 2 * SECOND


async def test_who_takes_no_value_of_before_asks_for_it_and_is_not_foreseen() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    inquiry = world.inquiry()
    await pages.read([1], inquiry)
    await prices.read([7], inquiry, max_age=timedelta())
    end(inquiry)
    world.asked.clear()
    world.now += SECOND

    await world.ask((pages, [1]))

    assert world.asked == [("pages", [1])]


async def test_all_that_came_since_the_first_wait_is_of_the_operation() -> None:
    world = World()
    pages, prices, stock = map(world.reader, ("pages", "prices", "stock"))
    await world.ask((pages, [1]), (prices, [7]), (stock, [7]))
    world.asked.clear()
    inquiry = world.inquiry()
    for reader, keys in ((pages, [1]), (prices, [7, 8]), (stock, [7])):
        world.now += SECOND
        await reader.read(keys, inquiry)
        await until(lambda: len(world.asked) >= 3)

    asked = [("pages", [1]), ("prices", [7]), ("stock", [7])]
    assert world.asked == [*asked, ("prices", [8])]


async def test_what_changed_since_it_was_asked_for_ahead_is_asked_for_again() -> None:
    world = World()
    pages, stock = world.reader("pages"), world.reader("stock")
    await world.ask((pages, [1]), (stock, [7]))
    world.now += SECOND
    inquiry = world.inquiry()
    await pages.read([1], inquiry)
    await until(lambda: stock.read_at(7) == world.now)
    world.now += SECOND
    stock.shelves.heard = lambda: SECOND / 2

    found = await stock.read([7], inquiry)

    assert (found[7].value, found[7].freshness) == (world.now, Freshness.LIVE)


async def test_what_is_read_twice_is_told_twice_and_asked_for_once() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]), (prices, [7]))
    world.asked.clear()
    world.now += SECOND

    inquiry = world.inquiry()
    await pages.read([1], inquiry)
    found = [await prices.read([7], inquiry) for _ in range(3)]

    assert world.asked == [("pages", [1]), ("prices", [7])]
    assert [one[7].freshness for one in found] == [Freshness.LIVE] * 3
    assert prices.shelves.health.readings["prices", Freshness.LIVE] == 5


async def test_what_fails_ahead_is_told_only_to_who_reads_it() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.now += SECOND
    world.broken = {"prices"}

    inquiry = await world.ask((pages, [1]))

    assert not inquiry.report.has_failed
    await world.ask((pages, [1]), (prices, [7]))
    world.asked.clear()
    world.now += SECOND
    inquiry = await world.ask((pages, [1]), (prices, [7]))
    assert world.asked == [("pages", [1]), ("prices", [7])]
    assert [one.connection for one in inquiry.report.failures] == ["prices"]


async def test_the_last_course_counts_and_one_without_a_wait_is_none() -> None:
    world = World()
    pages, prices = world.reader("pages", fresh_for=SECOND), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.now += 2 * SECOND
    await world.ask((pages, [1]), (prices, [8]))
    await world.ask((pages, [1]))
    world.asked.clear()
    world.now += 2 * SECOND

    await world.ask((pages, [1]))

    assert world.asked == [("pages", [1]), ("prices", [8])]


async def test_nothing_is_left_to_the_garbage_collector() -> None:
    world = World()
    pages, prices = world.reader("pages"), world.reader("prices")
    await world.ask((pages, [1]), (prices, [7]))
    world.now += SECOND
    gc.collect()
    gc.disable()
    try:
        await world.ask((pages, [1]), (prices, [7]))
        left = [one for one in gc.get_objects() if type(one) is Asked]
    finally:
        gc.enable()

    assert left == []


def course(*, rows: int) -> list[Read]:
    reader: Any = None
    return [Read(reader, list(range(rows)), (None,))]


def test_courses_are_bounded_and_the_longest_are_not_kept() -> None:
    courses = Courses(most=3 * (EACH + 5))
    for question in "abcd":
        courses.keep(question, course(rows=5))
        courses.of("a")

    assert [len(courses.of(question)) for question in "abcd"] == [1, 0, 1, 1]
    assert Courses(most=EACH).of("a") == ()
    roomy = Courses()
    roomy.keep("a", course(rows=LONGEST - EACH))
    assert len(roomy.of("a")) == 1
    roomy.keep("a", course(rows=LONGEST - EACH + 1))
    assert roomy.of("a") == ()


systems = st.sampled_from(["pages", "prices", "stock"])
operations = st.tuples(
    st.sampled_from("ab"),
    st.lists(st.tuples(systems, st.lists(st.integers(0, 4), min_size=1, max_size=4)), max_size=4),
    st.integers(0, 3),
)


@given(
    st.lists(operations, max_size=12),
    st.fixed_dictionaries(dict.fromkeys(("pages", "prices", "stock"), st.integers(0, 3))),
)
async def test_values_are_as_fresh_as_they_would_be_and_live_ones_are_of_the_operation(
    story: list[tuple[str, list[tuple[str, list[int]]], int]], windows: dict[str, int]
) -> None:
    world = World()
    readers = {
        name: world.reader(name, fresh_for=fresh * SECOND) for name, fresh in windows.items()
    }

    for question, reads, passed in story:
        world.now += passed * SECOND + SECOND
        began, inquiry = world.now, world.inquiry(question)
        for name, keys in reads:
            found = await readers[name].read(keys, inquiry)
            for one in found.values():
                assert one.value is not None
                if one.freshness is Freshness.LIVE:
                    assert one.value >= began
                else:
                    assert one.freshness is Freshness.CACHED
                    assert world.now - one.value < windows[name] * SECOND
            world.now += SECOND / 10
        end(inquiry)
