"""Whatever grows in a document, the gate's work grows no faster."""

from collections.abc import Callable
from itertools import pairwise
from random import Random
from time import thread_time

import pytest

from app.api.admission import build_gate
from app.api.schema import build_schema
from app.engine.gate import Gate
from app.settings import Requests
from tests.attacks.generated import made
from tests.attacks.measuring import MOST_CPU, TRIES
from tests.attacks.series import SERIES, SIZES, Bomb, ample_gate, steps, tried
from tests.attacks.served import slowness

SEARCHED = 150


@pytest.fixture(scope="module")
def ample() -> Gate:
    return ample_gate()


@pytest.mark.parametrize("make", SERIES.values(), ids=SERIES)
def test_the_steps_of_a_bomb_grow_with_its_size(ample: Gate, make: Callable[[int], Bomb]) -> None:
    steps(ample, make(SIZES[0]))  # what is imported or kept at first use is not the bomb's
    found = {size: steps(ample, make(size)) for size in SIZES}

    growth = [found[b][0] - found[a][0] for a, b in pairwise(SIZES) if found[a][1] == found[b][1]]
    assert max(growth) <= 2 * max(growth[:3])  # of what grows with its square, ten times as much
    first, _ = found[SIZES[0]]
    assert all(taken <= 1.3 * first * size / SIZES[0] for size, (taken, _) in found.items())


@pytest.mark.parametrize("introspection", [True, False])
def test_no_document_that_was_searched_for_takes_the_gate_longer(introspection: bool) -> None:  # noqa: FBT001  a parameter
    requests = Requests(document_cache=0)
    gate = build_gate(build_schema(tell=False), requests, introspection=introspection)
    chance = Random(7)

    taken = {text: seconds(gate, text) for text in (made(chance) for _ in range(SEARCHED))}

    assert max(taken.values()) < MOST_CPU


def seconds(gate: Gate, text: str) -> float:
    """Of CPU on a quiet machine, the best of a few tries."""
    best = float("inf")
    for _ in range(TRIES):
        slow, started = slowness(), thread_time()
        tried(gate, (text, {}))
        best = min(best, (thread_time() - started) / slow)
        if best < MOST_CPU:
            break
    return best
