"""What does a loyalty programme write, and what must its members have afterwards?"""

from collections.abc import Hashable
from typing import Any

from app.ports import (
    Adjustment,
    Earning,
    Enrolment,
    LoyaltyProgram,
    PointsKey,
    Redemption,
    RedemptionState,
)
from connectors.kit.specimen import Effect, LoyaltySpecimen, Specimen
from connectors.kit.write import Make, Write

EARNED = 12  # points of one purchase
TAKEN = -7  # points of one adjustment


def loyalty_of(specimen: Specimen) -> LoyaltySpecimen:
    """The specimen's members."""
    if specimen.loyalty is None:
        raise LookupError(f"specimen {specimen.label}: LoyaltyProgram needs `loyalty`")
    return specimen.loyalty


def an_earning(specimen: Specimen, key: str = "T-100", points: int = EARNED) -> Earning:
    """Points for a purchase of the specimen's member."""
    return Earning(key=PointsKey(key), member=loyalty_of(specimen).member, points=points)


def an_adjustment(specimen: Specimen, points: int, key: str = "T-100") -> Adjustment:
    """Points given to the specimen's member, or taken."""
    member = loyalty_of(specimen).member
    return Adjustment(key=PointsKey(key), member=member, points=points, reason="Goodwill")


def a_redemption(specimen: Specimen, key: str = "T-100", points: int | None = None) -> Redemption:
    """Points that the specimen's member is to spend."""
    loyalty = loyalty_of(specimen)
    asked = loyalty.redeemable if points is None else points
    return Redemption(key=PointsKey(key), member=loyalty.member, points=asked)


def an_enrolment(specimen: Specimen, key: str = "T-100") -> Enrolment:
    """Somebody joins."""
    return Enrolment(key=PointsKey(key), keys=(loyalty_of(specimen).newcomer,))


def points_held(specimen: Specimen, app: Any) -> list[Effect]:
    """What the specimen's member and its newcomer have."""
    return loyalty_of(specimen).held(app)


def has(specimen: Specimen, *, more: int = 0, held: int = 0) -> list[Effect]:
    """The specimen's member alone, with so many points more than at first."""
    loyalty = loyalty_of(specimen)
    return [(loyalty.keys[0].value, (loyalty.available + more, held))]


async def _earn(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.earn_points(an_earning(specimen))
    return told.move, told.points


async def _adjust(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.adjust_points(an_adjustment(specimen, TAKEN))
    return told.move, told.points


async def _enrol(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.enrol(an_enrolment(specimen))
    return loyalty_of(specimen).newcomer in told.keys, told.available


async def _hold(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.hold_points(a_redemption(specimen))
    return told.key, told.state, told.points


async def _capture(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.capture_points(a_redemption(specimen))
    return told.key, told.state, told.points


async def _release(connection: LoyaltyProgram, specimen: Specimen) -> Hashable:
    told = await connection.release_points(a_redemption(specimen))
    return told is None or told.state is RedemptionState.RELEASED


def _write(
    name: str, make: Make, *before: Make, given: int = 0, spent: int = 0, held: int = 0
) -> Write:
    """`given`: points there at last; `spent`, `held`: how often the redeemable are gone, kept."""

    def effects(specimen: Specimen) -> list[Effect]:
        redeemable = loyalty_of(specimen).redeemable
        more = given - redeemable * (spent + held)
        newcomer = loyalty_of(specimen).newcomer.value
        joined: list[Effect] = [(newcomer, (0, 0))] if make == _enrol else []
        return has(specimen, more=more, held=redeemable * held) + joined

    return Write(
        port="LoyaltyProgram",
        name=name,
        make=make,
        before=before,
        effects=effects,
        held=points_held,
    )


LOYALTY_WRITES = (
    _write("earn_points", _earn, given=EARNED),
    _write("adjust_points", _adjust, given=TAKEN),
    _write("enrol", _enrol),
    _write("hold_points", _hold, held=1),
    _write("capture_points", _capture, _hold, spent=1),
    _write("capture_points of what was never held", _capture, spent=1),
    _write("release_points", _release, _hold),
    _write("release_points of nothing", _release),
)
