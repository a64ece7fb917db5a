"""Does a healthy loyalty programme move points once, and only as it is told?"""

from collections.abc import Collection
from contextlib import suppress

from app.errors import UpstreamRefused
from app.ports import (
    LoyaltyProgram,
    MemberReference,
    PointsEntry,
    PointsMove,
    RedemptionState,
)
from connectors.kit.bench import Bench, Plugged
from connectors.kit.findings import Finding, Findings
from connectors.kit.loyalty_writes import (
    EARNED,
    TAKEN,
    a_redemption,
    an_adjustment,
    an_earning,
    an_enrolment,
    has,
    loyalty_of,
    points_held,
)

HELD, CAPTURED, RELEASED = (
    RedemptionState.HELD,
    RedemptionState.CAPTURED,
    RedemptionState.RELEASED,
)
FAR_TOO_MANY = 1_000_000_000  # points that nobody has
FOREIGN_CURSOR = "not-a-cursor-of-this-history"
MOST_PAGES = 50


async def loyalty_laws(place: Bench) -> Collection[Finding]:
    """Of `LoyaltyProgram`."""
    plugged, second = await place.plug(), (await place.plug()).connection
    first = plugged.connection
    counter = _Counter(place)
    with counter.caught("the programme"):
        await _earned(counter, first, second)
        await _adjusted(counter, first, second)
        await _captured(counter, first, second)
        await _released(counter, first, second)
        await _too_many(counter, first)
        await _history(counter, plugged)
        await _joined(counter, first, second)
    return counter.findings


class _Counter(Findings):
    """What the member has to have by now."""

    def __init__(self, place: Bench) -> None:
        super().__init__()
        self.specimen = place.specimen
        self._wire = place.wire
        self.more = 0

    def holds(self, law: str, *, held: int = 0) -> None:
        """The member has what it has to have; `held` of it are kept."""
        there = points_held(self.specimen, self._wire.app)
        wanted = has(self.specimen, more=self.more - held, held=held)
        if there != wanted:
            self.found("writes-idempotent", f"{law}: the programme has {there}, not {wanted}")


async def _earned(counter: _Counter, first: LoyaltyProgram, second: LoyaltyProgram) -> None:
    earning = an_earning(counter.specimen, "T-1")
    entry = await first.earn_points(earning)
    counter.more += EARNED
    counter.check("earned", (entry.move, entry.points), (PointsMove.EARNED, EARNED))
    counter.holds("earned")
    counter.check("earned again", await first.earn_points(earning), entry)
    counter.check("again by another connection", await second.earn_points(earning), entry)
    counter.holds("earned again")
    await second.earn_points(an_earning(counter.specimen, "T-2"))
    counter.more += EARNED
    counter.holds("earned for another purchase")


async def _adjusted(counter: _Counter, first: LoyaltyProgram, second: LoyaltyProgram) -> None:
    for key, points in (("T-3", TAKEN), ("T-4", -TAKEN)):
        adjustment = an_adjustment(counter.specimen, points, key)
        entry = await first.adjust_points(adjustment)
        counter.more += points
        counter.check("adjusted", (entry.move, entry.points), (PointsMove.ADJUSTED, points))
        counter.check("adjusted again", await second.adjust_points(adjustment), entry)
        counter.holds("adjusted")


async def _captured(counter: _Counter, first: LoyaltyProgram, second: LoyaltyProgram) -> None:
    redemption = a_redemption(counter.specimen, "T-5")
    held = await first.hold_points(redemption)
    counter.check("held", (held.state, held.points), (HELD, redemption.points))
    counter.check("held again", await second.hold_points(redemption), held)
    counter.holds("held", held=redemption.points)
    for law in ("captured", "captured again"):
        captured = await second.capture_points(redemption)
        counter.check(law, (captured.state, captured.points), (CAPTURED, redemption.points))
    counter.more -= redemption.points
    counter.holds("captured")
    with suppress(UpstreamRefused):
        done = await first.release_points(redemption)
        counter.found("conformance", f"released after it was captured: {done!r}")
    counter.holds("released after it was captured")


async def _released(counter: _Counter, first: LoyaltyProgram, second: LoyaltyProgram) -> None:
    redemption, never = (a_redemption(counter.specimen, key) for key in ("T-6", "T-7"))
    await first.hold_points(redemption)
    for law in ("released", "released again"):
        done = await second.release_points(redemption)
        counter.check(law, done and done.state, RELEASED)
    counter.holds("released")
    done = await first.release_points(never)
    counter.check("released before it was held", done and done.state, done and RELEASED)
    for late in (redemption, never):
        counter.check("held after release", (await first.hold_points(late)).state, RELEASED)
        with suppress(UpstreamRefused):
            taken = await first.capture_points(late)
            counter.found("conformance", f"captured after release: {taken!r}")
    counter.holds("held after release")


async def _too_many(counter: _Counter, program: LoyaltyProgram) -> None:
    specimen = counter.specimen
    with suppress(UpstreamRefused):
        held = await program.hold_points(a_redemption(specimen, "T-8", FAR_TOO_MANY))
        counter.found("conformance", f"more was held than there is: {held!r}")
    with suppress(UpstreamRefused):
        entry = await program.adjust_points(an_adjustment(specimen, -FAR_TOO_MANY, "T-9"))
        counter.found("conformance", f"more was taken than there is: {entry!r}")
    counter.holds("more than there is")


async def _history(counter: _Counter, plugged: Plugged) -> None:
    """The latest first, in small pages the same, and foreign cursors are told."""
    program: LoyaltyProgram = plugged.connection
    member = loyalty_of(counter.specimen).member
    earning = an_earning(counter.specimen, "T-10")
    entry = await program.earn_points(earning)
    counter.more += EARNED
    whole = await program.points_history(member, first=100)
    counter.check("the latest entry", whole.entries[:1], (entry,))
    pages = await _leafed(program, member)
    counter.check("the history in small pages", pages[: len(whole.entries)], list(whole.entries))
    asking = program.points_history(member, first=2, after=FOREIGN_CURSOR)
    if (wrong := await plugged.refuses(asking)) is not None:
        counter.found("errors-ours", f"the history, with a foreign cursor: {wrong}")


async def _leafed(program: LoyaltyProgram, member: MemberReference) -> list[PointsEntry]:
    found: list[PointsEntry] = []
    after: str | None = None
    for _ in range(MOST_PAGES):
        page = await program.points_history(member, first=2, after=after)
        found += page.entries
        if (after := page.after) is None:
            break
    return found


async def _joined(counter: _Counter, first: LoyaltyProgram, second: LoyaltyProgram) -> None:
    loyalty = loyalty_of(counter.specimen)
    joined = await first.enrol(an_enrolment(counter.specimen, "T-11"))
    counter.check("joined", (loyalty.newcomer in joined.keys, joined.available), (True, 0))
    again = await second.enrol(an_enrolment(counter.specimen, "T-12"))
    counter.check("joined again under another key", again.reference, joined.reference)
    asked = await second.members([loyalty.newcomer, loyalty.newcomer])
    counter.check("a new member by key", [row.reference for row in asked.rows], [joined.reference])
    known = await first.members([loyalty.keys[0]])
    counter.check("a member by key", [row.reference for row in known.rows], [loyalty.member])
    wanted = loyalty.available + counter.more
    counter.check("available", [row.available for row in known.rows], [wanted])
    counter.check("no keys", (await first.members([])).rows, ())
