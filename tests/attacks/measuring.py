"""What does an attack cost: time of the processor, and patience of other callers?"""

import asyncio
from dataclasses import dataclass, replace
from itertools import count

import httpx

from tests.attacks.corpus import Attack
from tests.attacks.served import Served
from tests.attacks.transports import TRANSPORTS, WITHIN, Answer

MOST_CPU = 0.1  # seconds on a quiet machine; the goal is half of that
MOST_LAG = 2.0  # seconds, whatever else the machine does: unguarded it would be many more
TRIES = 5  # a machine with other guests takes longer now and then, an attack always
UNSEEN = count(1)


@dataclass(slots=True)
class Measured:
    """The best of several tries, in seconds; `cpu` and `held` as on a quiet machine."""

    answer: Answer
    cpu: float
    held: float
    lag: float

    @property
    def bounded(self) -> bool:
        return self.cpu < MOST_CPU and self.lag < MOST_LAG

    def better(self, other: "Measured | None") -> "Measured":
        if other is None:
            return self
        cpu, held = min(self.cpu, other.cpu), min(self.held, other.held)
        return Measured(self.answer, cpu, held, min(self.lag, other.lag))


async def measured(
    served: Served, attack: Attack, transport: str, *, least: int = 1, most: int = TRIES
) -> Measured:
    """Attack until the bounds are kept, each time with a text that was not seen before."""
    best: Measured | None = None
    async with httpx.AsyncClient(base_url=served.url, timeout=WITHIN) as http:
        for number in range(most):
            fresh = replace(attack, document=attack.document + _unseen())
            best = (await _once(served, http, fresh, transport)).better(best)
            if best.bounded and number + 1 >= least:
                break
    assert best is not None
    return best


def _unseen() -> str:
    """A little white space that no text had before; commas are some."""
    return f"{next(UNSEEN):b}".replace("0", " ").replace("1", ",")


async def _once(
    served: Served, http: httpx.AsyncClient, attack: Attack, transport: str
) -> Measured:
    """One try, while somebody asks for the gateway's health."""
    slow, before = await served.mark(), await served.spent()
    asking = asyncio.create_task(TRANSPORTS[transport](http, attack.document, attack.variables))
    probe = await http.get("/livez")
    answer = await asking
    cpu = await served.spent() - before
    assert probe.text == "alive"
    return Measured(answer, cpu / slow, served.held / slow, served.lag)
