"""What happened to points? Facts in the past tense; a member is told by our own id."""

from app.loyalty.model import Kind
from app.store import Fact
from app.values import CustomerId

NAMES = {
    Kind.EARN: "PointsEarned",
    Kind.MATURE: "PointsMatured",
    Kind.REVERSE: "PointsReversed",
    Kind.ADJUST: "PointsAdjusted",
    Kind.HOLD: "PointsHeld",
    Kind.RELEASE: "PointsReleased",
    Kind.REDEEM: "PointsRedeemed",
    Kind.RESTORE: "PointsRestored",
    Kind.EXPIRE: "PointsExpired",
    Kind.MOVE: "PointsMoved",
}


def enrolled(customer: CustomerId) -> Fact:
    """Somebody takes part."""
    return Fact(kind="LoyaltyEnrolled", entity=customer, body={})


def posted(customer: CustomerId, kind: Kind, transaction: int, points: int, **more: object) -> Fact:
    """Points went from one account to another."""
    body = {"transaction": transaction, "points": points, **more}
    return Fact(kind=NAMES[kind], entity=customer, body=body)
