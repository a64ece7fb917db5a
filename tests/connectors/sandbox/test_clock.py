from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.clock import Leaving, Shelf, Shelves
from connectors.sandbox.retailer.places import DEPOT, STORES, SUPPLIER, WAREHOUSE
from connectors.sandbox.retailer.shelves import Stock

SEED = 7
MONDAY = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
PLACES = (DEPOT, WAREHOUSE, SUPPLIER, *(store.number for store in STORES))
SKUS = assortment(SEED).skus
moments = st.integers(0, 3 * 365 * 24 * 3600).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
shelves = st.builds(
    Shelf,
    key=st.tuples(st.integers(0, 1000)),
    level=st.integers(0, 60),
    days=st.integers(1, 10),
    pace=st.integers(1, 80),
    bulk=st.integers(1, 9),
    opens=st.integers(0, 12),
    closes=st.integers(13, 24),
)


def fresh_stock(seed: int = SEED) -> Stock:
    return Stock(seed, assortment(seed))


def all_counts(stock: Stock, at: datetime) -> list[object]:
    return [stock.count(sku, place, at) for sku in SKUS for place in PLACES]


def test_the_same_seed_holds_the_same_stock_whatever_was_asked_before() -> None:
    asked_before = fresh_stock()
    all_counts(asked_before, MONDAY - timedelta(days=40))

    assert all_counts(asked_before, MONDAY) == all_counts(fresh_stock(), MONDAY)


def test_another_seed_holds_other_stock() -> None:
    sku = SKUS[0]
    mine = [fresh_stock().count(sku, place, MONDAY) for place in PLACES]

    other = Stock(8, assortment(SEED))

    assert [other.count(sku, place, MONDAY) for place in PLACES] != mine


def test_stock_moves_within_minutes_while_the_doors_are_open() -> None:
    stock = fresh_stock()

    assert all_counts(stock, MONDAY) != all_counts(stock, MONDAY + timedelta(minutes=5))


def test_stores_rest_at_night_and_the_depot_does_not() -> None:
    stock, night = fresh_stock(), MONDAY.replace(hour=1)
    later = night + timedelta(hours=2)
    in_milan = [stock.count(sku, "ST-MIL", night) for sku in SKUS]
    in_depot = [stock.count(sku, DEPOT, night) for sku in SKUS]

    after_hours = [count and count.pieces for count in in_milan]
    assert [c and c.pieces for c in (stock.count(s, "ST-MIL", later) for s in SKUS)] == after_hours
    assert [stock.count(sku, DEPOT, later) for sku in SKUS] != in_depot


def test_every_place_has_sold_out_of_something_and_has_plenty_of_something() -> None:
    stock = fresh_stock()
    for place in PLACES:
        counts = [count for sku in SKUS if (count := stock.count(sku, place, MONDAY))]
        assert any(count.pieces == 0 for count in counts), place
        assert any(count.pieces > 3 for count in counts), place
        assert any(count.set_aside for count in counts), place
        assert any(count.damaged for count in counts), place


def test_stores_carry_a_part_and_the_depot_everything() -> None:
    stock = fresh_stock()
    carried = {
        place: sum(stock.count(sku, place, MONDAY) is not None for sku in SKUS) for place in PLACES
    }
    assert carried[DEPOT] == carried[WAREHOUSE] == len(SKUS)
    assert 250 < carried[SUPPLIER] < 400
    assert carried["ST-PMO"] < carried["ST-VRN"] < carried["ST-MIL"] < len(SKUS)


def test_a_sku_nobody_sells_stands_nowhere() -> None:
    stock = fresh_stock()

    assert [stock.count("NO-SUCH-SKU", place, MONDAY) for place in PLACES] == [None] * len(PLACES)
    assert stock.count(SKUS[0], "ST-NOWHERE", MONDAY) is None


@given(shelf=shelves, at=moments)
def test_a_count_is_never_below_zero_nor_above_the_usual_level(shelf: Shelf, at: datetime) -> None:
    count = Shelves().count(shelf, at)

    assert 0 <= count.set_aside <= count.pieces <= shelf.level
    assert 0 <= count.damaged <= shelf.level - count.pieces
    assert count.moved <= at


@given(shelf=shelves, at=moments)
def test_what_left_and_what_is_left_add_up_to_the_usual_level(shelf: Shelf, at: datetime) -> None:
    cycle = Shelves().cycle(shelf, at)
    left = shelf.level
    for event in cycle.events:
        left -= event.pieces
        assert event.pieces > 0
        assert event.left == left >= 0
    assert cycle.reorder == shelf.level - left
    assert cycle.begins <= at < cycle.ends


@given(shelf=shelves, at=moments)
def test_the_next_cycle_begins_where_this_one_ends_with_what_was_reordered(
    shelf: Shelf, at: datetime
) -> None:
    shelves, cycle = Shelves(), Shelves().cycle(shelf, at)
    last = shelves.count(shelf, cycle.ends - timedelta(microseconds=1))

    delivered = shelves.count(shelf, cycle.ends)

    assert shelves.cycle(shelf, cycle.ends).begins == cycle.ends
    sold_at_once = sum(
        event.pieces for event in shelves.cycle(shelf, cycle.ends).events if event.at <= cycle.ends
    )
    assert last.pieces + cycle.reorder == delivered.pieces + sold_at_once


def test_pieces_leave_in_every_way() -> None:
    shelf = Shelf(key=("busy",), level=500, days=10, pace=400)
    events = Shelves().cycle(shelf, MONDAY).events

    assert {event.why for event in events} == set(Leaving)
