"""The arithmetic of what may be sold, over every stock level there can be."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.availability.model import (
    MOST_UNITS,
    Aggregate,
    Availability,
    AvailabilityStatus,
    Promises,
    Spot,
    Spread,
    bounded,
    sellable,
    uncommitted,
)
from app.ports import IncomingSupply, StockLevel
from app.upstream.reader import Reading
from app.upstream.report import Freshness
from app.values import LocationCode, Sku
from tests.builders import NOON, a_level

levels = st.builds(
    a_level,
    on_hand=st.integers(-50, 200),
    reserved=st.integers(0, 100),
    safety_stock=st.integers(0, 20),
    damaged=st.integers(0, 20),
)
freshness = st.sampled_from([Freshness.LIVE, Freshness.CACHED, Freshness.STALE])


def at(number: int, level: StockLevel | None, how: Freshness = Freshness.LIVE) -> Availability:
    spot = Spot(Sku("SHIRT-M"), LocationCode(f"L{number}"))
    return Availability.of(spot, Reading(level, NOON, how, "tills"))


def nobody(number: int) -> Availability:
    return Availability.unknown(Spot(Sku("SHIRT-M"), LocationCode(f"L{number}")), source="tills")


parts = st.lists(st.none() | levels | st.just("unknown"), max_size=6).map(
    lambda told: [
        nobody(n) if level == "unknown" else at(n, level)  # type: ignore[arg-type]  # narrowed
        for n, level in enumerate(told)
    ]
)


@given(levels)
def test_what_is_sellable_is_what_is_left_and_never_below_zero(level: StockLevel) -> None:
    left = level.on_hand - level.reserved - level.safety_stock
    assert sellable(level) == (max(0, left))


@given(levels, st.integers(1, 50))
def test_more_on_hand_never_means_less_to_sell(level: StockLevel, more: int) -> None:
    richer = a_level(
        on_hand=level.on_hand + more, reserved=level.reserved, safety_stock=level.safety_stock
    )
    assert sellable(richer) >= sellable(level)


@given(levels | st.none(), freshness)
def test_the_status_follows_from_the_level(level: StockLevel | None, how: Freshness) -> None:
    answer = at(1, level, how)
    if level is None:
        assert (answer.status, answer.available_to_sell) == (AvailabilityStatus.NOT_CARRIED, None)
    else:
        expected = (
            AvailabilityStatus.IN_STOCK if sellable(level) else AvailabilityStatus.OUT_OF_STOCK
        )
        assert (answer.status, answer.available_to_sell) == (expected, sellable(level))
    assert answer.freshness is how


FIGURES = st.integers(-(10**30), 10**30) | st.integers(-50, 200)


@given(FIGURES, FIGURES, FIGURES, FIGURES, FIGURES)
def test_no_figure_of_a_level_is_told_beyond_its_bound(
    on_hand: int, reserved: int, damaged: int, safety_stock: int, coming: int
) -> None:
    told = a_level(
        on_hand=on_hand,
        reserved=reserved,
        damaged=damaged,
        safety_stock=safety_stock,
        incoming=(IncomingSupply(quantity=coming, expected_at=NOON),),
    )

    level = bounded(told)

    for said, cut in (
        (on_hand, level.on_hand),
        (reserved, level.reserved),
        (damaged, level.damaged),
        (safety_stock, level.safety_stock),
        (coming, level.incoming[0].quantity),
    ):
        assert cut == max(-999_999_999, min(said, 999_999_999))
    assert level.incoming[0].expected_at == NOON
    assert 0 <= sellable(level) <= 999_999_999


def test_together_there_is_no_more_than_the_bound_either() -> None:
    several = [at(number, a_level(on_hand=MOST_UNITS, reserved=1)) for number in range(3)]

    assert Aggregate.over(several, global_buffer=5).available_to_sell == 999_999_999
    assert Aggregate.over(several[:1], global_buffer=5).available_to_sell == 999_999_993


def test_unknown_is_not_zero() -> None:
    unread = Availability.of(
        Spot(Sku("S"), LocationCode("L")), Reading(None, None, Freshness.UNKNOWN, "tills")
    )
    unbound = Availability.of(Spot(Sku("S"), LocationCode("L")), None)
    for answer, source in ((unread, "tills"), (unbound, None)):
        assert (answer.status, answer.available_to_sell, answer.source) == (
            AvailabilityStatus.UNKNOWN,
            None,
            source,
        )


@given(parts, st.integers(0, 50))
def test_together_is_never_more_than_the_sum_and_never_below_zero(
    several: list[Availability], buffer: int
) -> None:
    together = Aggregate.over(several, global_buffer=buffer)
    known = [part.level for part in several if part.level is not None]
    most = sum(map(sellable, known))
    if together.available_to_sell is not None:
        assert 0 <= together.available_to_sell <= most
        raw = sum(level.on_hand - level.reserved for level in known) - buffer
        assert together.available_to_sell == max(0, min(most, raw))


@given(parts)
def test_locations_that_could_not_say_are_counted_apart(several: list[Availability]) -> None:
    together = Aggregate.over(several, global_buffer=0)
    unknown = [p.spot.location for p in several if p.status is AvailabilityStatus.UNKNOWN]
    assert list(together.unknown) == unknown
    assert set(together.unknown).isdisjoint(together.counted)
    if unknown and not any(part.level for part in several):
        assert together.available_to_sell is None
    if unknown and not together.available_to_sell:
        assert together.status is AvailabilityStatus.UNKNOWN


@given(parts)
def test_an_unknown_location_changes_no_quantity_that_is_known(several: list[Availability]) -> None:
    without = Aggregate.over(several, global_buffer=3)
    with_unknown = Aggregate.over([*several, nobody(99)], global_buffer=3)
    if any(part.level for part in several):
        assert with_unknown.available_to_sell == without.available_to_sell


def test_the_aggregate_is_as_old_and_as_sure_as_its_weakest_part() -> None:
    older = NOON - timedelta(hours=1)
    spot = Spot(Sku("SHIRT-M"), LocationCode("L2"))
    stale = Availability.of(spot, Reading(a_level(), older, Freshness.STALE, "tills"))
    together = Aggregate.over([at(1, a_level()), stale], global_buffer=0)
    assert (together.as_of, together.freshness) == (older, Freshness.STALE)


told = st.tuples(levels | st.none(), freshness, st.integers(0, 3), st.integers(0, 60))


@given(st.lists(told, max_size=6), st.integers(0, 50))
def test_what_is_promised_is_taken_off_where_it_is_and_each_part_counts(
    several: list[tuple[StockLevel | None, Freshness, int, int]], buffer: int
) -> None:
    parts = [
        Availability.of(
            Spot(Sku("SHIRT-M"), LocationCode(f"L{number}")),
            Reading(level, NOON - timedelta(hours=hours), how, "tills"),
        ).less(Promises(held=promised))
        for number, (level, how, hours, promised) in enumerate(several)
    ]
    together = Aggregate.over(parts, global_buffer=buffer)
    levels = [(part.level, part.promised) for part in parts if part.level is not None]
    most = sum(max(0, sellable(level) - promised) for level, promised in levels)
    free = sum(uncommitted(level) - promised for level, promised in levels) - buffer

    assert together.available_to_sell == max(0, min(most, free))
    assert most == sum(part.available_to_sell or 0 for part in parts)
    assert together.counted == tuple(level.location for level, _ in levels)
    if parts:
        assert together.as_of == min(part.as_of for part in parts if part.as_of is not None)
        assert together.freshness == max(
            (how for _, how, _, _ in several), key=list(Freshness).index
        )


def test_what_is_promised_as_before_is_the_same_spread_and_only_its_places_are_others() -> None:
    spread = Spread(tuple(at(number, a_level(on_hand=5)) for number in range(3)))
    first, second = LocationCode("L0"), LocationCode("L1")
    some = spread.less({first: Promises(held=1), second: Promises(ordered=((2, NOON),))})
    again = spread.less({first: Promises(held=1), second: Promises(ordered=((2, NOON),))})
    more = spread.less({first: Promises(held=2), second: Promises(ordered=((2, NOON),))})

    assert again is some
    assert [part.available_to_sell for part in some.parts] == [4, 5, 5]
    assert [part.available_to_sell for part in more.parts] == [3, 5, 5]
    assert some.parts[2] is spread.parts[2]
    assert [part.available_to_sell for part in spread.parts] == [5, 5, 5]
    assert spread.less({}) is spread is spread.less(None)
