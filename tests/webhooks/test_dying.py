"""A process that dies at any point leaves nothing out; at worst it is told twice."""

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from app.store import Store
from app.webhooks.delivering import Delivering
from app.webhooks.messages import Message
from app.webhooks.sending import Sender, Sent
from tests.orders.dying import Died, Life, Mortal
from tests.webhooks.receiving import House, drained, events_of, house

LONG = timedelta(minutes=1)  # longer than any lease


@dataclass(frozen=True, slots=True)
class MortalSender(Sender):
    """It may die before the endpoint has the message, and after."""

    life: Life = field(default_factory=Life)

    async def send(self, message: Message) -> Sent:
        self.life.passed("before send")
        sent = await Sender.send(self, message)
        self.life.passed("after send")
        return sent


def mortal(there: House, process: Delivering, life: Life) -> Delivering:
    sending: Mapping[str, Sender] = {
        name: MortalSender(one.endpoint, one.secrets, one.http, one.now, life)
        for name, one in process.senders.items()
    }
    store: Any = Mortal(there.store, life)
    return replace(process, events=events_of(store, there.clock), senders=sending)


def in_order(there: House) -> list[int]:
    """Versions in the order in which they came first; ids that came again left out."""
    seen: dict[str, int] = {}
    for one in there.receiver.taken:
        seen.setdefault(one.id, one.event["version"])
    return list(seen.values())


def chained(there: House) -> bool:
    """Whether each event names the one before it, but for those that are told again."""
    known = set[int]()
    for place, one in enumerate(there.receiver.taken):
        if place and one.event["prevSeq"] not in known:
            return False
        known.add(one.event["seq"])
    return True


async def test_dying_at_any_point_skips_nothing(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        version, point = 0, 0
        while True:
            point += 1
            for _ in range(2):
                version += 1
                await there.has(A=version)
            life = Life(at=point)
            with suppress(Died):
                await drained(mortal(there, process, life))
            there.clock.passes(LONG)
            await drained(process)
            assert in_order(there) == list(range(1, version + 1))
            if not life.over:
                break

        assert chained(there)
        assert point > 10  # it died at each of them
        # After the endpoint had it and before that was written: told twice.
        assert len(there.receiver.taken) > version


@pytest.mark.parametrize("seed", range(2))
async def test_an_endpoint_that_fails_by_chance_has_everything_in_order(
    store: Store, seed: int
) -> None:
    chance = random.Random(seed)
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        for version in range(1, 31):
            await there.has(A=version)
            there.receiver.answers = [chance.choice([200, 500, 429]) for _ in range(3)]
            await drained(process)
            there.clock.passes(LONG)
        there.receiver.answers = []
        there.clock.passes(timedelta(hours=1))
        await drained(process)

    assert [one.event["version"] for one in there.receiver.taken] == list(range(1, 31))


async def test_one_whose_lease_is_over_moves_nothing(store: Store) -> None:
    """It wakes up after another has gone on."""
    async with house(store) as there, there.process(begin="NOW") as process:
        await drained(process)
        await there.has(A=1)
        await there.has(A=2)

        @dataclass(frozen=True, slots=True)
        class Late(Sender):
            async def send(self, message: Message) -> Sent:  # noqa: ARG002
                there.clock.passes(LONG)
                await drained(process)  # another does it all
                return Sent("TIMEOUT")

        late: Mapping[str, Sender] = {
            name: Late(one.endpoint, one.secrets, one.http, one.now)
            for name, one in process.senders.items()
        }
        await replace(process, senders=late).once("acme")
        await there.has(A=3)
        await drained(process)

    assert [one.event["version"] for one in there.receiver.taken] == [1, 2, 3]
