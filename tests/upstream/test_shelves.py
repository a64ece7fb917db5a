"""Many values a row: what is asked for, and what is given again as it is."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.errors import UpstreamUnavailable
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.readings import (
    Cells,
    Faces,
    FetchedRows,
    FreshnessPolicy,
    Inquiry,
    Reading,
)
from app.upstream.report import Freshness, Report
from app.upstream.rows import MOST_SHELVES, Shelf, Shelves
from app.upstream.shelves import ShelfReader
from tests.builders import NOON

SECOND = timedelta(seconds=1)
Cell = tuple[str, int]


@dataclass
class Ledger:
    """Knows a number for each row and column, and counts every change of the clock into it."""

    now: datetime = NOON
    asked: list[list[Cell]] = field(default_factory=list)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    read_at: datetime | None = None  # when another process read what it tells

    def number(self, cell: Cell) -> int:
        return len(cell[0]) * 1_000 + cell[1] + int((self.now - NOON).total_seconds()) * 100

    async def fetch(self, cells: Cells[str, int]) -> FetchedRows[str, int, int]:
        self.asked.append(sorted(cells))
        for row, _ in cells:
            if row in self.gates:
                await self.gates[row].wait()
            if row in self.broken:
                raise UpstreamUnavailable("could not be reached")
        rows: dict[str, dict[int, tuple[int, datetime]]] = {row: {} for row, _ in cells}
        for row, column in cells:
            rows[row][column] = (self.number((row, column)), self.now)
        read_at = {} if self.read_at is None else dict.fromkeys(rows, self.read_at)
        return FetchedRows(rows, self.now, read_at=read_at)

    def reader(self, capacity: int = 1_000, **windows: timedelta) -> ShelfReader[str, int, int]:
        policy = FreshnessPolicy(**{"fresh_for": 10 * SECOND, **windows}, capacity=capacity)
        health = Health(connection="ledger", now=lambda: self.now, clock=lambda: 0.0)
        return ShelfReader(
            port="Numbers", fetch=self.fetch, policy=policy, health=health, timeout=5 * SECOND
        )


def inquiry() -> Inquiry:
    return Inquiry(Deadline.after(5 * SECOND), Report())


def values(shelf: Shelf[int]) -> list[int | None]:
    return [reading.value for reading in shelf.readings]


async def test_a_row_is_asked_only_for_the_columns_it_lacks() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1, 2), inquiry())

    found = await reader.read(["a", "b"], (3, 1), inquiry())

    assert ledger.asked == [[("a", 1), ("a", 2)], [("a", 3), ("b", 1), ("b", 3)]]
    assert {row: values(shelf) for row, shelf in found.items()} == {
        "a": [1003, 1001],
        "b": [1003, 1001],
    }
    assert [one.freshness for one in found["a"].readings] == ["LIVE", "CACHED"]


async def test_what_is_fresh_is_given_to_all_as_it_is_until_something_newer_comes() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1, 2), inquiry())

    first = (await reader.read(["a"], (1, 2), inquiry()))["a"]
    second = (await reader.read(["a"], (1, 2), inquiry()))["a"]
    ledger.now += SECOND
    forced = (await reader.read(["a"], (1,), inquiry(), max_age=timedelta()))["a"]
    third = (await reader.read(["a"], (1, 2), inquiry()))["a"]

    assert second is first
    assert [one.freshness for one in first.readings] == ["CACHED", "CACHED"]
    assert values(first) == [1001, 1002]
    assert values(forced) == [1101]
    assert values(third) == [1101, 1002]


async def test_a_shelf_is_not_fresh_for_longer_than_the_oldest_of_its_values() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1,), inquiry())
    ledger.now += 6 * SECOND
    await reader.read(["a"], (1, 2), inquiry())
    await reader.read(["a"], (1, 2), inquiry())
    ledger.now += 6 * SECOND

    found = (await reader.read(["a"], (1, 2), inquiry()))["a"]

    assert [one.freshness for one in found.readings] == ["LIVE", "CACHED"]
    assert ledger.asked[2:] == [[("a", 1)]]


async def test_what_is_missing_does_not_wait_for_what_is_only_aging() -> None:
    ledger = Ledger()
    reader = ledger.reader(revalidate_for=10 * SECOND)
    await reader.read(["old"], (1,), inquiry())
    ledger.now += 15 * SECOND
    ledger.gates["old"] = asyncio.Event()

    found = await reader.read(["old", "new"], (1,), inquiry())

    assert [shelf.readings[0].freshness for shelf in found.values()] == ["STALE", "LIVE"]
    assert ledger.asked[1:] == [[("new", 1)], [("old", 1)]]
    ledger.gates["old"].set()
    await asyncio.gather(*reader.flights.by_row["old"].values())
    assert values((await reader.read(["old"], (1,), inquiry()))["old"]) == [4501]


async def test_a_shelf_that_was_overtaken_while_its_reader_waited_is_not_kept() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1,), inquiry())
    ledger.gates["slow"] = asyncio.Event()
    waiting = asyncio.create_task(_together(reader))
    await asyncio.sleep(0)
    ledger.now += SECOND
    await reader.read(["a"], (1,), inquiry(), max_age=timedelta())
    ledger.gates["slow"].set()

    assert values((await waiting)["a"]) == [1001]
    assert values((await reader.read(["a"], (1,), inquiry()))["a"]) == [1101]


async def _together(reader: ShelfReader[str, int, int]) -> dict[str, Shelf[int]]:
    return dict(await reader.read(["a", "slow"], (1,), inquiry()))


async def test_what_was_asked_for_before_a_change_was_read_before_it() -> None:
    ledger, heard = Ledger(), list[str]()
    reader = ledger.reader()
    reader.changes = lambda: len(heard)
    gates = [asyncio.Event(), asyncio.Event()]
    waiting = []
    for gate in gates:
        ledger.gates["a"] = gate
        waiting.append(asyncio.create_task(_one(reader)))
        await asyncio.sleep(0)  # the read begins
        await asyncio.sleep(0)  # and so does its call
        ledger.now += SECOND
        heard.append("a change")
    gates[1].set()
    newer = values(await waiting[1])
    ledger.now += SECOND
    gates[0].set()

    assert newer == [1201]
    assert values(await waiting[0]) == [1301]
    assert reader.rows.row("a")[1].value == 1201
    assert reader.rows.row("a")[1].moment.observed_at == NOON + SECOND
    assert reader.flights.by_row == {}


async def _one(reader: ShelfReader[str, int, int]) -> Shelf[int]:
    return (await reader.read(["a"], (1,), inquiry()))["a"]


async def test_every_read_begins_before_any_is_waited_for() -> None:
    ledger = Ledger(gates={"a": asyncio.Event()})
    reader = ledger.reader()
    begun = [reader.read(["a"], (1,), inquiry()), reader.read(["b"], (1,), inquiry())]
    await asyncio.sleep(0)

    assert ledger.asked == [[("a", 1)], [("b", 1)]]
    ledger.gates["a"].set()
    assert [list(await one) for one in begun] == [["a"], ["b"]]


async def test_any_number_may_ask_for_the_same_before_there_is_a_shelf_of_it() -> None:
    reader = Ledger().reader()
    await reader.read(["a"], (1, 2), inquiry())

    begun = [reader.read(["a"], (1, 2), inquiry()) for _ in range(3 * MOST_SHELVES)]
    answers = [values((await one)["a"]) for one in begun]

    assert answers == [[1001, 1002]] * len(begun)
    assert reader.rows.shelved == 2


async def test_the_report_counts_values_and_names_the_oldest() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1,), inquiry())
    ledger.now += SECOND
    await reader.read(["b"], (1, 2), inquiry())
    await reader.read(["a"], (1,), inquiry())
    told = inquiry()

    await reader.read(["a", "b"], (1,), told)

    [age] = told.report.ages
    assert (age.connection, age.port, age.freshness, age.as_of) == (
        "ledger",
        "Numbers",
        Freshness.CACHED,
        NOON,
    )
    assert dict(reader.health.readings) == {("Numbers", "LIVE"): 3, ("Numbers", "CACHED"): 3}


async def test_what_there_is_no_room_for_is_told_to_those_who_waited() -> None:
    ledger = Ledger()
    reader = ledger.reader(capacity=2)
    asked = ["a", "b", "c", "d"]
    ledger.gates["d"] = asyncio.Event()
    others = reader.read(["d", "e"], (1,), inquiry())
    first = reader.read(asked, (1, 2), inquiry())
    again = reader.read(asked, (2, 1), inquiry())
    ledger.gates["d"].set()

    for begun in (first, again, others):
        found = await begun
        assert {one.freshness for shelf in found.values() for one in shelf.readings} == {"LIVE"}
        assert [values(shelf) for shelf in found.values()] == [
            [1000 + column for column in begun.columns]
        ] * len(found)
    assert sorted(cell for cells in ledger.asked for cell in cells) == [
        *(("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1), ("c", 2)),
        *(("d", 1), ("d", 2), ("e", 1)),
    ]


async def test_what_one_call_brought_is_told_though_another_failed_and_there_is_no_room() -> None:
    ledger = Ledger()
    reader = ledger.reader(capacity=1)
    ledger.gates["c"] = asyncio.Event()
    failing = reader.read(["c"], (1,), inquiry())
    asked = inquiry()
    begun = reader.read(["a", "b", "c"], (1,), asked)
    await asyncio.gather(*reader.flights.by_row["a"].values())
    ledger.broken.add("c")
    ledger.gates["c"].set()

    assert {row: values(shelf) for row, shelf in (await begun).items()} == {
        "a": [1001],
        "b": [1001],
        "c": [None],
    }
    assert [one.error.code for one in asked.report.failures] == ["UPSTREAM_UNAVAILABLE"]
    await failing


async def test_no_shelf_is_kept_of_what_there_is_no_room_for() -> None:
    ledger = Ledger()
    ledger.read_at = NOON - SECOND  # by another process: what came as cached
    reader = ledger.reader(capacity=8)

    found = await reader.read(["a", "b", "c", "d", "e"], (1, 2), inquiry())

    assert {one.freshness for shelf in found.values() for one in shelf.readings} == {"CACHED"}
    assert list(reader.rows._values) == ["b", "c", "d", "e"]
    assert [row for rows in reader.rows._shelves.values() for row in rows] == ["d", "e"]
    assert reader.rows.shelved == 4


A_READ = st.tuples(st.integers(0, 9), st.sets(st.integers(0, 5), min_size=1))


@given(st.lists(st.lists(A_READ, min_size=1, max_size=8), max_size=30))
def test_no_more_is_kept_than_there_is_room_for_and_all_is_told(
    reads: list[list[tuple[int, set[int]]]],
) -> None:
    async def scenario() -> None:
        reader = Ledger().reader(capacity=12)
        for at_once in reads:
            for _ in range(2):
                begun = [
                    (str(row), columns, reader.read([str(row)], tuple(columns), inquiry()))
                    for row, columns in at_once
                ]
                for row, columns, one in begun:
                    said = values((await one)[row])
                    assert said == [1000 + column for column in columns]
            kept = reader.rows
            assert kept.size == sum(map(len, kept._values.values())) <= 12
            shelved = [len(choice) * len(rows) for choice, rows in kept._shelves.items()]
            assert kept.shelved == sum(shelved) <= 6
            choices = [(row, one) for row, several in kept._choices.items() for one in several]
            assert sorted(choices) == sorted(
                (row, one) for one, rows in kept._shelves.items() for row in rows
            )

    asyncio.run(scenario())


def test_few_faces_are_kept_of_one_thing() -> None:
    reading = Reading(1, NOON, Freshness.CACHED, "ledger")
    made: list[int] = []

    def face(key: int) -> int:
        return reading.faces.kept(key, lambda: square(key))

    def square(key: int) -> int:
        made.append(key)
        return key * key

    assert [face(key) for key in (1, 2, 1, 2)] == [1, 4, 1, 4]
    assert made == [1, 2]
    assert [face(key) for key in range(100)][-1] == 9801
    assert len(reading.faces) <= 4
    assert reading == Reading(1, NOON, Freshness.CACHED, "ledger", Faces(other=1))


async def test_what_is_asked_for_together_is_the_same_until_something_newer_comes() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a", "bb"], (1, 2), inquiry())
    await reader.read(["a", "bb"], (1, 2), inquiry())  # the first shelves are LIVE

    first = await reader.read(["a", "bb"], (1, 2), inquiry())
    second = await reader.read(["a", "bb"], (1, 2), inquiry())
    alone = await reader.read(["a"], (1, 2), inquiry())
    turned = await reader.read(["bb", "a"], (1, 2), inquiry())
    ledger.now += SECOND
    await reader.read(["bb"], (1,), inquiry(), max_age=timedelta())
    await reader.read(["a", "bb"], (1, 2), inquiry())
    third = await reader.read(["a", "bb"], (1, 2), inquiry())

    assert second is first
    assert list(alone) == ["a"]
    assert list(turned) == ["bb", "a"]
    assert {row: values(shelf) for row, shelf in first.items()} == {
        "a": [1001, 1002],
        "bb": [2001, 2002],
    }
    assert {row: values(shelf) for row, shelf in third.items()} == {
        "a": [1001, 1002],
        "bb": [2101, 2002],
    }
    assert (third.read_at, third.as_of) == (NOON, NOON)


async def test_what_was_asked_for_together_is_as_old_as_the_oldest_of_it() -> None:
    ledger = Ledger()
    reader = ledger.reader()
    await reader.read(["a"], (1,), inquiry())
    ledger.now += 6 * SECOND
    for _ in range(3):
        kept = await reader.read(["a", "bb"], (1,), inquiry())
    assert (kept.read_at, kept.as_of) == (NOON, NOON)

    ledger.now += 5 * SECOND
    told = await reader.read(["a", "bb"], (1,), inquiry())

    assert [shelf.readings[0].freshness for shelf in told.values()] == ["LIVE", "CACHED"]
    assert ledger.asked == [[("a", 1)], [("bb", 1)], [("a", 1)]]


async def test_there_is_only_so_much_room_for_what_was_asked_for_together() -> None:
    ledger = Ledger()
    reader = ledger.reader(capacity=40)
    rows = list("abcdefgh")
    for _ in range(3):
        await reader.read(rows, (1, 2), inquiry())
    assert reader.rows.together == 16

    await reader.read([*rows[:4], "h"], (1, 2), inquiry())
    assert reader.rows.together == 10  # in the place of what began with the same row
    await reader.read(rows[1:], (1, 2), inquiry())
    assert reader.rows.together == 14  # 24 is too much: what was there has gone
    everything = Shelves({row: Shelf[int]((), NOON, NOON) for row in "stuvwxyz"})
    reader.rows.keep_together(everything, (1, 2, 3))
    assert reader.rows.together == 14  # 24 alone have no room, and take none from others
    await reader.read(["b"], (1,), inquiry(), max_age=timedelta())
    assert reader.rows.together == 0  # with its first row
