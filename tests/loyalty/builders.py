"""Members and what they earn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.loyalty import ledger, repository
from app.loyalty.ledger import Earned
from app.loyalty.model import Balance, Member, settled
from app.settings import Loyalty
from app.store import Store, Work
from app.values import CustomerId
from tests.builders import NOON

ADA, BOB, CARL = CustomerId("ada"), CustomerId("bob"), CustomerId("carl")
CARD = "2800000000011"
DELAY, GOOD = timedelta(days=14), timedelta(days=365)
SECTION: Mapping[str, Any] = {
    "pending_for": "P14D",
    "expires_after": "P365D",
    "earning": [{"starts": "2020-01-01T00:00:00Z", "per_unit": {"EUR": "1"}}],
    "burning": [
        {
            "starts": "2020-01-01T00:00:00Z",
            "worth": {"EUR": "0.01"},
            "least": 100,
            "step": 10,
            "share": "0.5",
        }
    ],
    "tiers": [{"code": "SILVER", "points": 100}, {"code": "GOLD", "points": 500}],
}
RULES = Loyalty.model_validate(SECTION)


async def joined(store: Store, *customers: CustomerId, card: str | None = None) -> None:
    def change(work: Work) -> None:
        for customer in customers:
            member = Member(customer=customer, card=card, enrolled_at=work.now)
            assert repository.add_member(work.connection, member)

    await store.act(change, now=NOON)


def at_once(points: int, *, at: datetime = NOON, good: timedelta | None = GOOD) -> Earned:
    """Points that can be spent from the moment they are earned."""
    until = None if good is None else at + good
    return Earned(points=points, at=at, available_at=at, expires_at=until)


def later(points: int, *, at: datetime = NOON) -> Earned:
    """Points as the rules give them."""
    return Earned(points=points, at=at, available_at=at + DELAY, expires_at=at + DELAY + GOOD)


async def earned(
    store: Store,
    key: str,
    what: Earned,
    *,
    customer: CustomerId = ADA,
    now: datetime = NOON,
) -> int:
    earn = partial(ledger.earn, customer=customer, key=key, earned=what)
    return await store.act(earn, now=now)


async def balance(store: Store, customer: CustomerId = ADA, *, now: datetime = NOON) -> Balance:
    position = await store.read(partial(repository.position, member=customer))
    return position.after(settled(position, now)).balance
