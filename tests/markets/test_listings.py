"""A marketplace ends by showing what we say, whatever fails in between, and hears no more."""

import random
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from app.availability import ledger
from app.availability.model import Spot
from app.markets import listing_rows
from app.markets.desk import MarketDesk
from app.ports import StockLevel
from app.settings import UnknownStock
from app.store import Store, Work
from app.values import LocationCode, Sku
from tests.markets.stalls import MODES, NAME, Stand
from tests.orders.dying import Died, Life

A, B = Sku("A"), Sku("B")


async def test_it_is_told_what_there_is_and_then_only_what_changes(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5, "19.90")
    there.sells("B", 0, "5.00")
    teller = there.teller()
    await there.told(teller)
    first = [(one.sku, one.quantity, one.price) for one in there.stall.calls[0]]
    there.sells("A", 4, "19.90")
    for _ in range(3):
        there.passes(31)
        await there.told(teller)
    there.sells("B", 0, "6.50")
    there.passes(31)
    await there.told(teller)

    assert [(sku, quantity) for sku, quantity, _ in first] == [("A", 5), ("B", 0)]
    assert there.shows("A") == (4, "19.90")
    assert there.shows("B") == (0, "6.50")
    assert [
        [(one.sku, one.quantity, one.price is None) for one in call]
        for call in there.stall.calls[1:]
    ] == [[("A", 4, True)], [("B", None, False)]]


async def test_many_changes_between_two_looks_are_one_word(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 9)
    teller = there.teller()
    await there.told(teller)
    there.stall.mode = "throttled"
    for left in (8, 7, 6, 5):
        there.sells("A", left)
        there.passes(31)
        await there.told(teller)
    there.stall.mode = "well"
    there.passes(91)
    await there.told(teller)

    assert [one.quantity for call in there.stall.calls for one in call] == [9, 8, 5, 5]
    assert there.shows("A") == (5, None)


async def test_it_waits_as_long_as_it_is_asked_to(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 9)
    there.stall.mode = "throttled"
    teller = there.teller()
    await there.told(teller)
    there.stall.mode = "well"
    there.passes(89)
    await there.told(teller)
    early = len(there.stall.calls)
    count, since = there.book.behind[NAME]
    lag = there.clock() - (since or there.clock())
    there.passes(2)
    await there.told(teller)

    assert (early, len(there.stall.calls)) == (1, 2)
    assert (count, lag) == (1, timedelta(seconds=89))
    assert there.shows("A") == (9, None)


async def test_what_is_held_here_is_told_without_waiting_for_the_next_look(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 9)
    teller = there.teller()
    await there.told(teller)
    spot = Spot(A, LocationCode("DC"))
    level = StockLevel(sku=A, location=spot.location, on_hand=9, as_of=there.clock())
    await store.act(partial(ledger.record, source="test", levels=[level]), now=there.clock())
    there.sells("A", 7)
    until = there.clock() + timedelta(minutes=15)

    def hold(work: Work) -> None:
        ledger.place(work, "cart:1", {spot: 2}, until=until)

    await store.act(hold, now=there.clock())
    await there.told(teller)

    assert there.shows("A") == (7, None)


@pytest.mark.parametrize(("unknown", "shown"), [("ZERO", 0), ("KEEP", 5)])
async def test_what_nobody_knows_is_kept_for_a_while(
    store: Store, unknown: str, shown: int
) -> None:
    there = Stand(store)
    there.sells("A", 5)
    teller = there.teller(unknown=UnknownStock(unknown))
    await there.told(teller)
    there.sells("A", None)
    for _ in range(19):
        there.passes(31)
        await there.told(teller)
    before = there.shows("A")
    for _ in range(2):
        there.passes(31)
        await there.told(teller)
    after = there.shows("A")
    there.sells("A", 5)
    there.passes(31)
    await there.told(teller)

    assert (before, after, there.shows("A")) == ((5, None), (shown, None), (5, None))


async def test_what_is_refused_is_seen_and_told_again_when_it_changes(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5)
    there.sells("B", 5)
    there.stall.unlisted = {A}
    teller = there.teller()
    for _ in range(3):
        await there.told(teller)
        there.passes(31)
    refused = await MarketDesk(store, {NAME: teller.terms}).listings(NAME)
    there.sells("A", 6)
    await there.told(teller)

    assert [(one.sku, one.state, one.reason) for one in refused] == [("A", "REFUSED", "no_page")]
    assert [[one.sku for one in call] for call in there.stall.calls] == [["A", "B"], ["A"]]
    assert there.shows("B") == (5, None)


async def test_what_was_refused_is_tried_again_when_all_is_compared(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5)
    there.stall.unlisted = {A}
    teller = there.teller(resync_every="PT1H")
    await there.told(teller)
    there.stall.unlisted = set()
    there.passes(3_601)
    await there.told(teller)

    assert there.shows("A") == (5, None)


async def test_one_that_is_to_blame_does_not_hold_up_the_others(store: Store) -> None:
    there = Stand(store)
    for sku in "AB":
        there.sells(sku, 5)
    there.stall.mode = "refused"
    await there.told(there.teller())

    assert [len(call) for call in there.stall.calls] == [2, 1, 1]


async def test_what_is_sold_no_more_is_told_as_none(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5)
    there.sells("B", 5)
    teller = there.teller()
    await there.told(teller)
    del there.has[A]
    there.passes(31)
    await there.told(teller)
    there.passes(31)
    await there.told(teller)
    left = await store.read(partial(listing_rows.counted, name=NAME))

    assert there.shows("A") == (0, None)
    assert left == {"TOLD": 1}


async def test_what_the_marketplace_changed_by_itself_is_set_right(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5, "19.90")
    teller = there.teller(resync_every="PT1H")
    await there.told(teller)
    there.stall.listed[A] = (3, "1.00")
    there.passes(3_601)
    await there.told(teller)

    assert there.shows("A") == (5, "19.90")


async def test_all_is_told_anew_on_demand(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 5)
    teller = there.teller()
    await there.told(teller)
    there.stall.listed = {}
    count = await MarketDesk(store, {NAME: teller.terms}).resync(NAME, there.clock())
    await there.told(teller)

    assert (count, there.shows("A")) == (1, (5, None))


async def test_what_it_sold_meanwhile_is_told_anew(store: Store) -> None:
    """Our figure is the same, and the marketplace's own is not."""
    there = Stand(store)
    there.sells("A", 5)
    teller = there.teller()
    await there.told(teller)
    there.stall.listed[A] = (4, None)  # it sold one, and we got one more

    def took(work: Work) -> None:
        listing_rows.unsettle(work.connection, NAME, {A}, work.now)

    await store.act(took, now=there.clock())
    await there.told(teller)

    assert there.shows("A") == (5, None)


async def test_a_word_that_comes_late_does_not_stay(store: Store) -> None:
    there = Stand(store)
    there.sells("A", 9)
    await there.told(there.teller())
    there.stall.mode = "late"
    there.sells("A", 5)
    there.passes(31)
    await there.told(there.teller())
    there.stall.mode = "well"
    there.sells("A", 2)
    there.passes(31)
    await there.told(there.teller())
    newer = there.shows("A")
    there.passes(10)
    late = there.shows("A")
    await there.settled()

    assert (newer, late, there.shows("A")) == ((2, None), (5, None), (2, None))


async def test_dying_at_any_point_forgets_nothing(store: Store) -> None:
    there, point = Stand(store), 0
    while True:
        point += 1
        for number, sku in enumerate("ABCD"):
            there.sells(sku, point + number, f"{point}.00")
        there.passes(31)
        life = Life(at=point)
        with suppress(Died):
            await there.told(there.teller(life))
        there.passes(300)
        await there.told(there.teller())
        shown = [there.shows(sku) for sku in "ABCD"]
        assert shown == [(point + number, f"{point}.00") for number in range(4)]
        if not life.over:
            break

    assert point > 8


@pytest.mark.parametrize("seed", range(16))
async def test_after_whatever_happens_it_shows_what_we_say(store: Store, seed: int) -> None:
    dice, there = random.Random(seed), Stand(store)
    for _ in range(30):
        there.stall.mode = dice.choice(MODES)
        for sku in dice.sample("ABCDEFG", dice.randint(0, 3)):
            there.sells(sku, dice.choice([None, 0, 1, 5, 9]), dice.choice([None, "1.00", "2.50"]))
        if there.has and not dice.randrange(6):
            del there.has[dice.choice(sorted(there.has))]
        life = Life(at=dice.choice([None, None, *range(1, 12)]))
        with suppress(Died):
            await there.teller(life).once()
        there.passes(dice.choice([0, 1, 10, 31, 100, 700]))
    for sku, said in there.has.items():  # what nobody knows in the end is no figure to compare
        there.sells(sku, 3 if said.quantity is None else said.quantity)
    await there.settled()
    quiet = len(there.stall.calls)
    there.passes(31)
    await there.told(there.teller())

    shown = {sku: quantity for sku, (quantity, _) in there.stall.listed.items() if quantity}
    assert shown == {sku: said.quantity for sku, said in there.has.items() if said.quantity}
    assert len(there.stall.calls) == quiet


@pytest.mark.parametrize("seed", range(8))
async def test_prices_end_as_we_say_too(store: Store, seed: int) -> None:
    dice, there = random.Random(seed), Stand(store)
    for _ in range(20):
        there.stall.mode = dice.choice(MODES)
        for sku in dice.sample("ABCD", 2):
            there.sells(sku, dice.randrange(9), dice.choice(["1.00", "2.50", "12.00"]))
        with suppress(Died):
            await there.teller(Life(at=dice.choice([None, *range(1, 12)]))).once()
        there.passes(dice.choice([0, 10, 31, 100]))
    for sku in "ABCD":
        there.sells(sku, dice.randrange(9), dice.choice(["1.00", "2.50", "12.00"]))
    await there.settled()

    wanted = {sku: (one.quantity, (one.price or "").split()[0]) for sku, one in there.has.items()}
    assert there.stall.listed == wanted
