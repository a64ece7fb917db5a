"""Products that came by in a listing: under which names are they found, and for how long?"""

from datetime import timedelta
from typing import Literal

from app.ports import Product, ProductKey
from app.products.seen import Seen
from app.values import ProductId
from tests.builders import NOON, a_product, a_variant

LATER = NOON + timedelta(minutes=1)


def shoe(id_: str, handle: str, *skus: str) -> Product:
    variants = tuple(a_variant(sku) for sku in skus)
    return a_product(id=ProductId(id_), handle=handle, variants=variants)


def found(seen: Seen, by: Literal["id", "handle", "sku"], value: str) -> Product | None:
    sighting = seen.find(ProductKey(by, value))
    return None if sighting is None else sighting.product


def test_a_product_is_found_by_each_of_its_names_with_its_times() -> None:
    seen, boot = Seen(9), shoe("1", "boot", "B-1", "B-2")
    seen.note([boot], NOON, LATER)

    assert [found(seen, "id", "1"), found(seen, "handle", "boot")] == [boot, boot]
    assert [found(seen, "sku", sku) for sku in ("B-1", "B-2", "1", "boot")] == [
        boot,
        boot,
        None,
        None,
    ]
    sighting = seen.find(ProductKey("id", "1"))
    assert sighting is not None
    assert (sighting.product, sighting.as_of, sighting.read_at) == (boot, NOON, LATER)


def test_a_product_is_not_found_by_names_it_gave_up() -> None:
    seen = Seen(9)
    seen.note([shoe("1", "boot", "B-1", "B-2"), shoe("2", "clog", "C-1")], NOON, NOON)
    renamed, taker = shoe("1", "heel", "B-1"), shoe("2", "boot", "C-1", "B-2")
    seen.note([taker], NOON, LATER)
    seen.note([renamed], NOON, LATER)

    assert [found(seen, "handle", name) for name in ("heel", "boot", "clog")] == [
        renamed,
        taker,
        None,
    ]
    assert [found(seen, "sku", name) for name in ("B-1", "B-2", "C-1")] == [renamed, taker, taker]


def test_those_seen_last_are_kept_and_the_others_forgotten_under_all_names() -> None:
    seen = Seen(2)
    first = shoe("1", "one", "A")
    seen.note([first, shoe("2", "two", "B")], NOON, NOON)
    seen.note([first], NOON, LATER)
    third = shoe("3", "three", "C")
    seen.note([third], NOON, LATER)

    assert [found(seen, "id", one) for one in "123"] == [first, None, third]
    assert [found(seen, "handle", "two"), found(seen, "sku", "B")] == [None, None]
    assert len(seen) == 6


def test_what_is_made_of_a_product_stays_while_it_is_told_in_the_same_words() -> None:
    seen, boot = Seen(9), shoe("1", "boot", "B-1")
    seen.note([boot], NOON, NOON)
    seen.faces(boot).keep("face", "made")
    seen.note([boot], LATER, LATER)

    sighting = seen.find(ProductKey("id", "1"))
    assert sighting is not None
    assert (sighting.as_of, sighting.read_at) == (LATER, LATER)
    assert seen.faces(boot) == {"face": "made"}

    changed = shoe("1", "boot", "B-1", "B-2")
    assert seen.faces(changed) == {}
    seen.note([changed], LATER, LATER)
    assert [seen.faces(one) for one in (changed, boot)] == [{}, {}]


def test_nothing_is_kept_of_a_product_that_never_came_by() -> None:
    seen, boot = Seen(9), shoe("1", "boot", "B-1")
    seen.faces(boot).keep("face", "made")

    assert seen.faces(boot) == {}


def test_a_product_told_again_has_its_names_back_with_what_was_made_of_it() -> None:
    seen, boot = Seen(9), shoe("1", "boot", "B-1", "B-2")
    taker = shoe("2", "boot", "B-2")
    seen.note([boot], NOON, NOON)
    seen.faces(boot).keep("face", "made")
    seen.note([taker], NOON, LATER)
    assert [found(seen, "handle", "boot"), found(seen, "sku", "B-2")] == [taker, taker]
    seen.note([boot], NOON, LATER)

    assert [found(seen, "handle", "boot"), found(seen, "sku", "B-2")] == [boot, boot]
    assert seen.faces(boot) == {"face": "made"}
    seen.note([taker], NOON, LATER)
    assert [found(seen, "handle", "boot"), found(seen, "sku", "B-1")] == [taker, boot]
