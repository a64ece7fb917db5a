"""Where are buckets kept when several processes serve? In one Redis, by one script.

The script is the same arithmetic as `Bucket`, by the clock of Redis, so that processes whose clocks
differ spend from one budget. A key goes when its bucket is full again. Keys hold a hash of the
principal: whoever reads the Redis does not learn who calls.

Steps that are asked for in the same turn of the loop go there in one call: what a call costs us,
its way through tasks and sockets, is many times what a step costs there.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from hashlib import sha256
from typing import NamedTuple

from redis.asyncio import Redis

from app.engine.budget.account import Charge
from app.engine.budget.bucket import MILLIONTHS, Allowance
from app.engine.budget.shared import SharedRedis

MOST = 64  # steps of one call: Redis does nothing else meanwhile
PREFIX = "tessera:budget:"
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local told = {}
for place, key in ipairs(KEYS) do
    local at = 4 * place - 4
    local size, rate = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local change, all_or_nothing = tonumber(ARGV[at + 3]), ARGV[at + 4] == '1'
    local kept = redis.call('HMGET', key, 'spent', 'at')
    local leaked = math.max(0, now - (tonumber(kept[2]) or now)) * rate
    local spent = math.max(0, (tonumber(kept[1]) or 0) - leaked)
    local wanted, taken = spent + change, 1
    if change > 0 and wanted > size then
        if all_or_nothing then
            wanted, taken = spent, 0
        else
            wanted = math.max(size, spent)
        end
    end
    wanted = math.max(0, wanted)
    if wanted == 0 then
        redis.call('DEL', key)
    else
        redis.call('HSET', key,
            'spent', string.format('%.0f', wanted), 'at', string.format('%.0f', now))
        redis.call('PEXPIRE', key, string.format('%.0f', math.ceil(wanted / rate / 1000) + 1))
    end
    told[2 * place - 1], told[2 * place] = taken, wanted
end
return told
"""


class _Step(NamedTuple):
    """A step that is asked for; `told` becomes whether the change was taken, and what is spent."""

    key: str
    arguments: tuple[int, int, int, int]
    told: asyncio.Future[tuple[bool, int]]


class RedisBudgets:
    """A `BudgetStore` that processes share. It raises `SilentRedis`; see `FallbackBudgets`."""

    def __init__(self, shared: SharedRedis) -> None:
        self._shared = shared
        self._script = shared.client.register_script(SCRIPT)
        self._coming: list[_Step] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def charge(self, principal: str, points: int, allowance: Allowance) -> Charge:
        """Take all of `points`, or nothing.

        Raises:
            SilentRedis: Redis did not say whether they were taken.
        """
        taken, spent = await self._step(principal, points, allowance, all_or_nothing=True)
        return Charge(
            principal=principal, points=points, allowance=allowance, taken=taken, spent=spent
        )

    async def settle(self, charge: Charge, points: int) -> int:
        """Take `points` more, or fewer; the millionths spent then.

        Raises:
            SilentRedis: Redis did not say.
        """
        _, spent = await self._step(
            charge.principal, points, charge.allowance, all_or_nothing=False
        )
        return spent

    def _step(
        self, principal: str, points: int, allowance: Allowance, *, all_or_nothing: bool
    ) -> asyncio.Future[tuple[bool, int]]:
        loop = asyncio.get_running_loop()
        most = 1 if self._shared.silent else MOST  # one finds out whether it is back, not many
        if not 0 < len(self._coming) < most:
            self._coming = []
            call = loop.create_task(self._call(self._coming), context=Context())
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        change = points * MILLIONTHS
        arguments = allowance.whole, allowance.restore_rate, change, int(all_or_nothing)
        step = _Step(key_of(principal), arguments, loop.create_future())
        self._coming.append(step)
        return step.told

    async def _call(self, steps: list[_Step]) -> None:
        """Take steps, but for those that nobody waits for any more."""
        if steps is self._coming:
            self._coming = []
        steps = [step for step in steps if not step.told.cancelled()]
        if not steps:
            return
        keys = [step.key for step in steps]
        arguments = [argument for step in steps for argument in step.arguments]

        async def run(client: Redis) -> Sequence[int]:
            told: Sequence[int] = await self._script(keys, arguments, client)
            return told

        try:
            told = await self._shared.ask(run)
        except Exception as error:  # noqa: BLE001  it is raised where each is waited for
            for step in steps:
                if not step.told.done():
                    step.told.set_exception(error)
            return
        for step, taken, spent in zip(steps, told[::2], told[1::2], strict=True):
            if not step.told.done():
                step.told.set_result((bool(taken), int(spent)))


def key_of(principal: str) -> str:
    """The key of a principal's bucket."""
    return PREFIX + sha256(principal.encode()).hexdigest()[:32]
