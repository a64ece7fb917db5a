"""Rules that cannot work are told before anything is served."""

from copy import deepcopy
from typing import Any

import pytest

from app.errors import MisconfiguredError
from app.settings import parse
from tests.promises.worlds import RULES, World

DOCUMENT: dict[str, Any] = {
    "connections": {"shop": {"connector": "made-up"}},
    "bind": {"catalogue": "shop", "prices": "shop"},
    "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
}


def with_rule(path: str, value: object) -> dict[str, Any]:
    rules = deepcopy(RULES)
    *above, last = path.split(".")
    part: Any = rules
    for step in above:
        part = part[int(step) if step.isdigit() else step]
    part[last] = value
    return {**DOCUMENT, "promises": rules}


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        ("order", ["COST", "COST"], "order names each of COST, SPEED and EMISSIONS at most once"),
        ("weights", {"cost": 0, "speed": 0, "emissions": 0}, "must count"),
        ("transfers.prices", [[1000, "2"], [500, "3"]], "prices must rise with the weight"),
        ("transfers.prices", [[1000, "3"], [5000, "2"]], "prices must rise with the weight"),
        ("transfers.collects", "sometimes", "is not an OpenStreetMap opening_hours expression"),
        (
            "carriers.post.services.parcel.lanes.0.days",
            [3, 1],
            "days are the fewest, then the most",
        ),
        ("cells.IT.time_zone", "Europe/Milan", "is not an IANA time zone"),
        ("max_steps", 1, "greater than or equal to 100"),
        ("carrier", {}, "did you mean 'carriers'?"),
    ],
)
def test_a_mistake_is_told_with_its_place(path: str, value: object, mistake: str) -> None:
    with pytest.raises(MisconfiguredError) as refused:
        parse(with_rule(path, value))

    [told] = refused.value.problems
    assert told.startswith("promises")
    assert mistake in told


async def test_a_factor_that_there_is_not_is_told_at_start() -> None:
    world = World({})
    world.rules["transfers"]["line_haul"] = "road.cart"
    with pytest.raises(MisconfiguredError, match=r"unknown emission factor 'road\.cart', known:"):
        async with world.service():
            pass
