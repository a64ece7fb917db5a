"""Where are buckets kept when several processes serve? In one Redis, one script a step.

The script is the same arithmetic as `Bucket`, by the clock of Redis, so that processes whose clocks
differ spend from one budget. A key goes when its bucket is full again. Keys hold a hash of the
principal: whoever reads the Redis does not learn who calls.
"""

from hashlib import sha256

from redis.asyncio import Redis

from app.engine.budget.account import Charge
from app.engine.budget.bucket import MILLIONTHS, Allowance
from app.engine.budget.shared import SharedRedis

PREFIX = "tessera:budget:"
SCRIPT = """
local size, rate, change = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local all_or_nothing = ARGV[4] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local kept = redis.call('HMGET', KEYS[1], 'spent', 'at')
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
    redis.call('DEL', KEYS[1])
else
    redis.call('HSET', KEYS[1],
        'spent', string.format('%.0f', wanted), 'at', string.format('%.0f', now))
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil(wanted / rate / 1000) + 1))
end
return {taken, wanted}
"""


class RedisBudgets:
    """A `BudgetStore` that processes share. It raises `SilentRedis`; see `FallbackBudgets`."""

    def __init__(self, shared: SharedRedis) -> None:
        self._shared = shared
        self._script = shared.client.register_script(SCRIPT)

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

    async def _step(
        self, principal: str, points: int, allowance: Allowance, *, all_or_nothing: bool
    ) -> tuple[bool, int]:
        change = points * MILLIONTHS
        arguments = [allowance.whole, allowance.restore_rate, change, int(all_or_nothing)]

        async def run(client: Redis) -> tuple[bool, int]:
            taken, spent = await self._script([key_of(principal)], arguments, client)
            return bool(taken), int(spent)

        return await self._shared.ask(run)


def key_of(principal: str) -> str:
    """The key of a principal's bucket."""
    return PREFIX + sha256(principal.encode()).hexdigest()[:32]
