"""How are points held, spent and let go of? As rewards, which lock them.

Square knows a reward by its own id and the request that made it by our key, which is enough to find
it: made again with the same key, it is told and not made. As it is told as it was then, what became
of it is another question. A call that made a reward and could not go on must not say that nothing
happened, so whoever would tell which of the two it was looks at the rewards of before.
"""

from collections.abc import Mapping
from typing import Any

from app.errors import (
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from app.ports import MemberReference, RedeemedPoints, Redemption, RedemptionState
from connectors.kit.cells import text, whole
from connectors.square import loyalty_mapping as mapping
from connectors.square.api import Api, Call, each_once, refusal, understood
from connectors.square.loyalty import Loyalty

REWARDS_PER_PAGE = 30
ISSUED = Call(operation="rewards", path="v2/loyalty/rewards/search", rows="rewards")
MAKE = Call(operation="hold", path="v2/loyalty/rewards", safe=False)
LOOK = Call(operation="reward", path="v2/loyalty/rewards/{reward}", method="GET")
REDEEM = Call(operation="capture", path="v2/loyalty/rewards/{reward}/redeem", safe=False)
DELETE = Call(operation="release", path="v2/loyalty/rewards/{reward}", method="DELETE", safe=False)
CAPTURED, RELEASED = RedemptionState.CAPTURED, RedemptionState.RELEASED
NEVER = (UpstreamRefused, UpstreamThrottled, UpstreamUnauthorized)


class Rewards:
    """Fulfils what `LoyaltyProgram` asks of points that are to be spent."""

    def __init__(self, api: Api, loyalty: Loyalty) -> None:
        self._api = api
        self._loyalty = loyalty

    async def hold(self, redemption: Redemption) -> RedeemedPoints:
        """See `LoyaltyProgram`."""
        return await self._now(redemption, await self._made(redemption))

    async def capture(self, redemption: Redemption) -> RedeemedPoints:
        """See `LoyaltyProgram`."""
        place = await self._loyalty.place(redemption.location)
        before = await self._issued(redemption.member)
        reward = await self._made(redemption)
        asked = {"location_id": place, "idempotency_key": f"{redemption.key}-capture"}
        try:
            await self._api.send(REDEEM, asked, ids={"reward": reward})
        except NEVER as error:
            return await self._refused(
                redemption, reward, _now_unsure(error, made=reward not in before), CAPTURED
            )
        return _told(redemption, reward, CAPTURED)

    async def release(self, redemption: Redemption) -> RedeemedPoints | None:
        """See `LoyaltyProgram`."""
        before = await self._issued(redemption.member)
        try:
            reward = await self._made(redemption)
        except UpstreamRefused as error:
            if not refusal(error):
                raise
            return None  # Square locks nothing under this key, so there is nothing to unlock
        try:
            await self._api.send(DELETE, ids={"reward": reward})
        except NEVER as error:
            return await self._refused(
                redemption, reward, _now_unsure(error, made=reward not in before), RELEASED
            )
        return _told(redemption, reward, RELEASED)

    async def _issued(self, member: MemberReference) -> frozenset[str]:
        """The rewards of a member that lock points."""
        query = {"loyalty_account_id": member, "status": "ISSUED"}
        pages = await self._api.pages(ISSUED, {"query": query, "limit": REWARDS_PER_PAGE})
        return frozenset(str(one["id"]) for one in each_once(pages, "id"))

    async def _made(self, redemption: Redemption) -> str:
        """The id of the reward that the key stands for; it is made unless it was."""
        tier = (await self._loyalty.program()).tiers.get(redemption.points)
        if tier is None:
            raise UpstreamRefused("has no reward for so many points")
        reward = {"loyalty_account_id": redemption.member, "reward_tier_id": tier}
        asked = {"reward": reward, "idempotency_key": f"{redemption.key}-hold"}
        made = (await self._api.send(MAKE, asked)).thing("reward")
        return understood(made, lambda row: _own(row, redemption), "reward")

    async def _now(self, redemption: Redemption, reward: str) -> RedeemedPoints:
        """What became of a reward that is there, so that no error may say that nothing is."""
        try:
            found = (await self._api.send(LOOK, ids={"reward": reward})).thing("reward")
        except NEVER as error:
            raise UpstreamUnavailable(f"{error}, when asked about what was held") from error
        return understood(found, lambda row: mapping.redeemed(row, redemption.key), "reward")

    async def _refused(
        self,
        redemption: Redemption,
        reward: str,
        error: UpstreamError,
        wanted: RedemptionState,
    ) -> RedeemedPoints:
        """The reward, if it came to what was wanted all the same."""
        if not refusal(error):
            raise error
        now = await self._now(redemption, reward)
        if now.state is wanted:
            return now
        if now.state is RedemptionState.HELD:
            raise error
        raise UpstreamRefused(f"the points were {now.state.lower()} already") from error


def _own(row: Mapping[str, Any], redemption: Redemption) -> str:
    if (text(row, "loyalty_account_id"), whole(row, "points")) != (
        redemption.member,
        redemption.points,
    ):
        raise ValueError("it is another one")
    return text(row, "id")


def _told(redemption: Redemption, reward: str, state: RedemptionState) -> RedeemedPoints:
    return RedeemedPoints(
        key=redemption.key, reference=reward, state=state, points=redemption.points
    )


def _now_unsure(error: UpstreamError, *, made: bool) -> UpstreamError:
    """After a reward was made, an error must not say that nothing happened."""
    if not made:
        return error
    return UpstreamUnavailable(
        f"{error}, after points were held", status=error.status, body=error.body
    )
