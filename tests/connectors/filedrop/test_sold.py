"""How orders stand depends on which files have come, not on when, how often or in which order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.filedrop.dating import Version
from connectors.filedrop.selling import Sale, SaleLine, SaleList, Withdrawal
from connectors.filedrop.sold import FIRST, Place, Sold, place
from tests.connectors.filedrop.selling import a_sale

START = datetime(2026, 11, 20, tzinfo=UTC)
NUMBERS = ("F-1", "F-2", "F-3")


def a_file(*sales: Sale | Withdrawal) -> SaleList:
    return SaleList(sales=sales)


def version(hour: int, name: str = "x", sequence: int = 0) -> Version:
    return Version(START + timedelta(hours=hour), sequence, name)


def lines(*units: int) -> tuple[SaleLine, ...]:
    return tuple(SaleLine(f"{n}", "MUG", count) for n, count in enumerate(units, 1))


numbers = st.sampled_from(NUMBERS)
sales = st.builds(
    lambda number, units: a_sale(number, lines=lines(*units)),
    numbers,
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
)
withdrawals = st.builds(
    lambda number, names: Withdrawal(number=number, lines=names),
    numbers,
    st.frozensets(st.sampled_from("123"), max_size=2),
)
versions = st.builds(version, st.integers(0, 3), st.sampled_from(["one", "two"]), st.integers(0, 1))
files = st.dictionaries(
    versions,
    st.lists(sales | withdrawals, max_size=3, unique_by=lambda one: one.number),
    max_size=8,
)


def standing(sold: Sold) -> dict[str, Any]:
    return {one.sale.number: (one.sale, one.changed_at) for one in sold.find(NUMBERS)}


@given(files=files, data=st.data())
def test_files_in_any_order_and_again_come_to_the_same(
    files: dict[Version, list[Sale | Withdrawal]], data: st.DataObject
) -> None:
    repeats = st.lists(st.sampled_from(sorted(files)), max_size=4) if files else st.just([])
    arrivals = data.draw(st.permutations([*files, *data.draw(repeats)]))
    in_order, as_they_came = Sold(), Sold()
    for arrival, one in enumerate(sorted(files), 1):
        in_order.take(arrival, one, a_file(*files[one]))
    for arrival, one in enumerate(arrivals, 1):
        as_they_came.take(arrival, one, a_file(*files[one]))

    assert standing(as_they_came) == standing(in_order)


@given(files=files, first=st.integers(1, 3), data=st.data())
def test_whoever_reads_on_from_where_it_was_has_heard_all_that_there_is(
    files: dict[Version, list[Sale | Withdrawal]], first: int, data: st.DataObject
) -> None:
    sold, heard, at = Sold(), dict[str, Sale](), FIRST
    for arrival, one in enumerate(data.draw(st.permutations(list(files))), 1):
        sold.take(arrival, one, a_file(*files[one]))
        more = data.draw(st.booleans())
        while more:
            found, at, more = sold.page(at, first)
            assert len(found) <= first
            heard |= {told.sale.number: told.sale for told in found}
    more = True
    while more:
        found, at, more = sold.page(at, first)
        heard |= {told.sale.number: told.sale for told in found}

    assert heard == {number: sale for number, (sale, _) in standing(sold).items()}
    assert sold.page(at, first) == ([], at, False)


@given(files=files)
def test_a_place_is_the_same_after_a_start(files: dict[Version, list[Sale | Withdrawal]]) -> None:
    before, after = Sold(), Sold()
    for arrival, one in enumerate(files, 1):
        before.take(arrival, one, a_file(*files[one]))
    _, at, _ = before.page(FIRST, 1)
    for arrival, one in enumerate(files, 1):
        after.take(arrival, one, a_file(*files[one]))

    assert after.page(at, 100) == before.page(at, 100)


def test_what_changes_nothing_is_not_told_again() -> None:
    sold = Sold()
    sold.take(1, version(1), a_file(a_sale("F-1"), a_sale("F-2")))
    _, at, _ = sold.page(FIRST, 10)
    sold.take(2, version(3, "newer, and the same"), a_file(a_sale("F-1")))
    sold.take(3, version(2, "older"), a_file(a_sale("F-1", lines=lines(3))))
    quiet = sold.page(at, 10)
    sold.take(4, version(4), a_file(Withdrawal(number="F-1"), Withdrawal(number="F-9")))
    (one,), end, more = sold.page(at, 10)

    assert quiet == ([], at, False)
    assert (one.sale.number, one.sale.state, one.changed_at) == (
        "F-1",
        "CANCELLED",
        version(4).as_of,
    )
    assert (end, more) == (Place(4, 1), False)


def test_an_order_of_which_every_line_is_cancelled_is_cancelled() -> None:
    sold = Sold()
    sold.take(1, version(1), a_file(Withdrawal(number="F-1", lines=frozenset({"1"}))))
    sold.take(2, version(0), a_file(a_sale("F-1", lines=lines(1, 2))))
    (part,) = sold.find(["F-1"])
    sold.take(3, version(2), a_file(Withdrawal(number="F-1", lines=frozenset({"2"}))))
    (over,) = sold.find(["F-1", "F-1"])

    assert (part.sale.state, [line.cancelled for line in part.sale.lines]) == (
        "OPEN",
        [True, False],
    )
    assert over.sale.state == "CANCELLED"


def test_what_is_old_is_forgotten() -> None:
    sold = Sold()
    sold.take(1, version(1), a_file(a_sale("F-1"), Withdrawal(number="F-3")))
    sold.take(2, version(5), a_file(a_sale("F-2")))

    sold.forget(version(2).as_of)

    assert [one.sale.number for one in sold.find(NUMBERS)] == ["F-2"]
    assert [one.sale.number for one in sold.page(FIRST, 10)[0]] == ["F-2"]


@pytest.mark.parametrize(
    "said", ["", ".", "1", "1.", ".1", "1.x", "-1.2", "1.2.3", "1" * 50 + ".1"]
)
def test_whatever_is_no_place_is_told(said: str) -> None:
    assert place(said) is None


@given(st.integers(0, 10**15), st.integers(0, 10**6))
def test_a_place_is_the_same_as_text(arrival: int, nth: int) -> None:
    assert place(Place(arrival, nth).cursor) == Place(arrival, nth)
