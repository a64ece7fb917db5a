"""How is a loyalty programme asked?"""

from collections.abc import Hashable

from app.ports import LoyaltyProgram, MemberKey
from connectors.kit.loyalty_writes import loyalty_of
from connectors.kit.question import Keys, Question, Reading, reading_of
from connectors.kit.specimen import Specimen

PAGE = 50  # entries asked for at once


async def _members(connection: LoyaltyProgram, _specimen: Specimen, keys: Keys) -> Reading:
    asked = [key for key in keys if isinstance(key, MemberKey)]
    return reading_of(await connection.members(asked), lambda member: member.reference)


def _nobody(specimen: Specimen, count: int) -> Keys:
    """Of the first kind the specimen is asked by, and in the shape of a key of that kind."""
    by = loyalty_of(specimen).keys[0].by
    shape = "+390000{:06}" if by == "phone" else "NO-SUCH-{:04}"
    return tuple(MemberKey(by, shape.format(number)) for number in range(count))


def _strays(read: Reading, _specimen: Specimen, keys: Keys) -> list[Hashable]:
    return [key for key, member in read.rows if not member.keys & set(keys)]


async def _history(connection: LoyaltyProgram, specimen: Specimen, _keys: Keys) -> Reading:
    page = await connection.points_history(loyalty_of(specimen).member, first=PAGE)
    return Reading(
        rows=tuple((entry.reference, entry) for entry in page.entries),
        as_of=(page.as_of, *(entry.at for entry in page.entries)),
        rejected=len(page.rejected),
    )


LOYALTY_QUESTIONS = (
    Question(
        port="LoyaltyProgram",
        name="members",
        ask=_members,
        keys=lambda specimen: loyalty_of(specimen).keys,
        unknown=_nobody,
        strays=_strays,
        figures=True,
    ),
    Question(
        port="LoyaltyProgram",
        name="points_history",
        ask=_history,
        takes_keys=False,
        figures=True,
    ),
)
