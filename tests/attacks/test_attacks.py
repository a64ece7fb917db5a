"""Every attack is refused or costed, over every transport, within its time."""

from collections.abc import Iterator

import pytest

from tests.attacks.corpus import ATTACKS, Attack
from tests.attacks.measuring import MOST_CPU, MOST_LAG, measured
from tests.attacks.served import Served, served_gateway
from tests.attacks.transports import LARGE, TRANSPORTS


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
    assert found.answer.size < 5_000
    assert found.cpu < MOST_CPU
    assert found.lag < MOST_LAG
