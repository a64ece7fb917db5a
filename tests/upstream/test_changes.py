"""What is said to have changed is not forgotten before it stops to matter."""

from datetime import timedelta

from app.upstream.changes import KEPT_FOR, MOST, Changes
from tests.builders import NOON
from tests.caching.builders import Clock

SECOND = timedelta(seconds=1)


def test_a_name_is_known_for_as_long_as_values_are_served() -> None:
    clock = Clock()
    changes = Changes(clock)
    before = bool(changes), changes.since({"a"})
    changes.note({"a", "b"})
    clock.passes(1)
    changes.note({"b"})
    clock.passes(1)
    heard = bool(changes), [changes.since(names) for names in ({"a"}, {"a", "b"}, {"c"}, ())]
    clock.at = NOON + KEPT_FOR
    late = bool(changes), [changes.since(names) for names in ({"a"}, {"b"})]
    clock.passes(1)

    assert before == (False, None)
    assert heard == (True, [2 * SECOND, SECOND, None, None])
    assert late == (True, [None, KEPT_FOR - SECOND])
    assert (bool(changes), changes.since({"b"})) == (False, None)


def test_with_too_many_names_all_may_have_changed_when_the_first_of_them_did() -> None:
    clock = Clock()
    changes = Changes(clock)
    changes.note({"a"})
    clock.passes(1)
    changes.note({"b"})
    clock.passes(1)
    changes.note({"a"})
    changes.note({f"{number}" for number in range(MOST - 1)})
    clock.passes(1)

    told = [changes.since(names) for names in ({"a"}, {"b"}, {"c"}, {"b", "0"}, ())]
    assert told == [SECOND, 2 * SECOND, 2 * SECOND, SECOND, 2 * SECOND]
    clock.at = NOON + SECOND + KEPT_FOR
    assert (bool(changes), changes.since({"b"}), changes.since({"a"})) == (
        True,
        None,
        KEPT_FOR - SECOND,
    )


def test_changes_are_counted_by_kind_and_each_that_may_be_of_anything_with_all() -> None:
    changes = Changes(Clock())
    changes.note({"Product:1", "Product:2", "Stock:shop"})
    changes.note(None)
    changes.note({"Product"})

    assert [
        changes.count(*kinds) for kinds in (("Product",), ("Stock", "Product"), ("Price",))
    ] == [
        4,
        5,
        1,
    ]
