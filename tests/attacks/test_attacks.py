"""Every attack is refused or costed, over every transport, within its time."""

from collections.abc import Iterator

import pytest

from tests.attacks.corpus import ATTACKS, COSTED, Attack
from tests.attacks.measuring import MOST_CPU, MOST_LAG, measured
from tests.attacks.served import Served, served_gateway
from tests.attacks.transports import LARGE, TRANSPORTS
from tests.builders import a_location, a_product, a_variant
from tests.gateways import Retailer

MOST_HELD = 0.05  # seconds of CPU on a quiet machine between two turns of the loop


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with served_gateway() as one:
        yield one


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_is_refused_or_costed(
    served: Served, attack: Attack, transport: str
) -> None:
    found = await measured(served, attack, transport)

    assert found.answer.told <= {attack.told, LARGE}
    assert LARGE not in found.answer.told or attack.size > 10_000
    # A router is told of each entity: 50 entries, where others are told once.
    assert found.answer.size < (15_000 if "_entities" in attack.document else 5_000)
    assert found.cpu < MOST_CPU
    assert found.lag < MOST_LAG


async def test_a_large_answer_that_is_meant_gives_others_their_turn() -> None:
    """A listing of 100 with 10 locations each, and ten times that: the most that is one answer."""
    listing = (
        "query ($v: Int) { products(first: 100) { edges { node { name variants(first: $v) { sku"
        " availability(first: 10) { status availableToSell location { code } } } } } } }"
    )
    with served_gateway(a_large_shop(), requests={"budget": "PT30S"}) as one:
        found = {
            variants: await measured(
                one, Attack("", listing, COSTED, {"v": variants}), "POST", least=3, most=3
            )
            for variants in (1, 10)
        }

    assert {str(one.answer) for one in found.values()} == {COSTED}
    assert found[1].held < MOST_HELD
    assert found[10].held < MOST_HELD * 3


def a_large_shop() -> Retailer:
    products = [
        a_product(
            id=str(n), handle=f"p{n}", variants=tuple(a_variant(f"{n}-{v}") for v in range(10))
        )
        for n in range(100)
    ]
    return Retailer(
        known_products=products, known_locations=[a_location(f"ST-{n}") for n in range(10)]
    )
