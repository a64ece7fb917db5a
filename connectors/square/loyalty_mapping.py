"""What do Square's words of accounts, points and rewards mean in ours?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.ports import (
    ExpiringPoints,
    MemberKey,
    MemberReference,
    PointsEntry,
    PointsKey,
    PointsMove,
    ProgramMember,
    RedeemedPoints,
    RedemptionState,
)
from connectors.kit.cells import instant, text, whole
from connectors.square.mapping import inner, optional, rows

Row = Mapping[str, Any]
MOVES = {
    "ACCUMULATE_POINTS": PointsMove.EARNED,
    "ACCUMULATE_PROMOTION_POINTS": PointsMove.EARNED,
    "ADJUST_POINTS": PointsMove.ADJUSTED,
    "CREATE_REWARD": PointsMove.HELD,
    "DELETE_REWARD": PointsMove.RELEASED,
    "EXPIRE_POINTS": PointsMove.EXPIRED,
    "OTHER": PointsMove.OTHER,
    "REDEEM_REWARD": PointsMove.REDEEMED,
}
TOLD_IN = {"OTHER": "other_event"}  # else in lower case
GIVEN = frozenset({PointsMove.EARNED, PointsMove.RELEASED})
TAKEN = frozenset({PointsMove.HELD, PointsMove.EXPIRED})
STATES = {
    "ISSUED": RedemptionState.HELD,
    "REDEEMED": RedemptionState.CAPTURED,
    "DELETED": RedemptionState.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Program:
    """The seller's programme: the reward tiers by the points that they cost."""

    id: str
    tiers: Mapping[int, str]


def program(row: Row) -> Program:
    """The programme. Of several tiers that cost the same, the first one told is meant."""
    tiers = [(whole(one, "points"), text(one, "id")) for one in rows(row, "reward_tiers")]
    return Program(text(row, "id"), dict(reversed(tiers)))


def member(row: Row) -> ProgramMember:
    """An account. Square keeps apart neither what is held nor what is still to come."""
    phone = optional(inner(row, "mapping"), "phone_number")
    customer = optional(row, "customer_id")
    keys = {
        *([] if phone is None else [MemberKey("phone", phone)]),
        *([] if customer is None else [MemberKey("customer", customer)]),
    }
    expiring = (
        ExpiringPoints(points=whole(one, "points"), expires_at=instant(one, "expires_at"))
        for one in rows(row, "expiring_point_deadlines")
    )
    return ProgramMember(
        reference=MemberReference(text(row, "id")),
        keys=frozenset(keys),
        available=whole(row, "balance"),
        lifetime=whole(row, "lifetime_points"),
        expiring=tuple(sorted(expiring, key=lambda one: one.expires_at)),
    )


def entry(row: Row) -> PointsEntry:
    """An event. A reward takes its points when it is made, and none when it is redeemed."""
    kind = text(row, "type")
    move = MOVES[kind]
    points = 0
    if move is not PointsMove.REDEEMED:
        points = whole(inner(row, TOLD_IN.get(kind, kind.lower())), "points")
    if move in GIVEN:
        points = abs(points)
    if move in TAKEN:
        points = -abs(points)
    return PointsEntry(
        reference=text(row, "id"), move=move, points=points, at=instant(row, "created_at")
    )


def redeemed(row: Row, key: PointsKey) -> RedeemedPoints:
    """A reward, as what became of a redemption of ours."""
    return RedeemedPoints(
        key=key,
        reference=text(row, "id"),
        state=STATES[text(row, "status")],
        points=whole(row, "points"),
    )
