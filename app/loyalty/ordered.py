"""What does an order do to points? They are spent with its goods, and earned once it is placed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.loyalty import ledger, program, repository, sums, undoing
from app.loyalty.ledger import Earned
from app.loyalty.model import Account, Kind
from app.loyalty.rules import part_of
from app.store import Work
from app.values import CustomerId, Money

ALL = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPoints:
    """What was agreed about points with an order.

    `spent` pay `value` of it, and the rest is charged. It `earns` so many, that can be spent from
    `available_at` until `expires_at`. What is given back late is good for `good_for`. `external`
    points are in the books of others.
    """

    spent: int
    value: Money
    earns: int
    available_at: datetime
    expires_at: datetime | None
    good_for: timedelta
    external: bool = False


def placed(work: Work, order: str, customer: CustomerId | None, points: OrderPoints | None) -> None:
    """The order is paid for: what it earns is pending. Whoever takes no part earns nothing."""
    if points is None or customer is None or not points.earns:
        return
    member = repository.find_member(work.connection, customer)
    if member is None:
        return
    if points.external:
        program.earn(work, order, member.customer, points.earns, points.available_at)
        return
    earned = Earned(
        points=points.earns,
        at=work.now,
        available_at=points.available_at,
        expires_at=points.expires_at,
        order=order,
    )
    ledger.earn(work, customer, f"order:{order}:earn", earned)


def undone(work: Work, order: str, points: OrderPoints | None, *, part: Decimal = ALL) -> None:
    """So much of the order is over, all told: as much of what was spent and earned is undone.

    Asked again for as much, or for less, nothing happens.
    """
    if points is None:
        return
    if points.external:
        program.undone(work, order, part)
        return
    connection = work.connection
    for row in repository.of_order(connection, order):
        account = Account.REDEEMED if row.kind == Kind.REDEEM else Account.LIABILITY
        if row.kind not in {Kind.REDEEM, Kind.EARN}:
            continue
        moved = abs(sum(sums.lots_of(connection, row.id, account).values()))
        target = part_of(moved, part, ALL)
        left = target - sums.undone(connection, row.id)
        if left <= 0:
            continue
        customer = CustomerId(row.member)
        key = f"order:{order}:{row.kind.lower()}:back:{target}"
        if row.kind == Kind.REDEEM:
            undoing.restore(work, row.id, customer, key, left, good=points.good_for)
        else:
            undoing.reverse(work, row.id, customer, key, left)
