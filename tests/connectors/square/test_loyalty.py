"""What points in Square's programme come to; what goes wrong is tried by the suites."""

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import InvalidInputError, UpstreamBroken, UpstreamRefused, UpstreamUnavailable
from app.ports import (
    Adjustment,
    Earning,
    Enrolment,
    ExpiringPoints,
    MemberKey,
    MemberReference,
    PointsKey,
    PointsMove,
    ProgramMember,
    Redemption,
    RedemptionState,
)
from app.values import LocationCode
from connectors.square.specimen_desk import RefusedError
from connectors.square.specimen_loyalty import ALICE, BASIL, CHLOE, NEWCOMER
from connectors.square.specimen_shop import CORK, DUBLIN
from tests.connectors.square.seller import ORK, Seller, a_seller

MEMBER = MemberReference("ACCOUNT-1")
SEARCH, JOIN = "/v2/loyalty/accounts/search", "/v2/loyalty/accounts"
REWARDS, PROGRAM = "/v2/loyalty/rewards", "/v2/loyalty/programs/main"
EARN, ADJUST = "/v2/loyalty/accounts/ACCOUNT-1/accumulate", "/v2/loyalty/accounts/ACCOUNT-1/adjust"
LONGEST = PointsKey("k" * 80)


def redemption(points: int = 10, key: str = "K-1", at: LocationCode | None = None) -> Redemption:
    return Redemption(key=PointsKey(key), member=MEMBER, points=points, location=at)


def phones(*numbers: str) -> list[MemberKey]:
    return [MemberKey("phone", number) for number in numbers]


def balance(seller: Seller) -> tuple[int, int]:
    account = seller.square.loyalty.accounts[MEMBER]
    return account.balance, seller.square.loyalty.locked(account)


async def test_an_account_is_told_with_what_finds_it_and_what_will_be_gone() -> None:
    async with a_seller() as seller:
        answer = await seller.connection.members(phones(ALICE))

    assert answer.rows == (
        ProgramMember(
            reference=MEMBER,
            keys=frozenset({MemberKey("phone", ALICE), MemberKey("customer", "CUSTOMER-1")}),
            available=120,
            lifetime=300,
            expiring=(
                ExpiringPoints(points=20, expires_at=datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)),
            ),
        ),
    )


async def test_numbers_and_customers_are_asked_apart_thirty_at_a_time() -> None:
    numbers = [f"+3538600{number:05}" for number in range(30)]
    customers = [MemberKey("customer", f"NOBODY-{number}") for number in range(31)]
    async with a_seller() as seller:
        keys = [*phones(*numbers, CHLOE), *customers, MemberKey("customer", "CUSTOMER-2")]
        answer = await seller.connection.members([*keys, *keys])

    assert {one.reference for one in answer.rows} == {"ACCOUNT-2", "ACCOUNT-3"}
    asked = [one.body["query"] for one in seller.asked(SEARCH)]
    assert sorted(len(one.get("mappings", ())) for one in asked) == [0, 0, 1, 30]
    assert sorted(len(one.get("customer_ids", ())) for one in asked) == [0, 0, 2, 30]


@pytest.mark.parametrize("number", ["0850000001", "+35385000000x", "", "+0850000001", "++353"])
async def test_what_is_no_number_finds_nobody_and_spoils_no_search(number: str) -> None:
    async with a_seller() as seller:
        answer = await seller.connection.members([*phones(number, BASIL), MemberKey("card", "7")])

    assert [one.reference for one in answer.rows] == ["ACCOUNT-2"]
    assert [one.body["query"] for one in seller.asked(SEARCH)] == [
        {"mappings": [{"phone_number": BASIL}]}
    ]


async def test_keys_are_as_long_as_square_takes_them() -> None:
    async with a_seller() as seller:
        connection = seller.connection
        await connection.earn_points(Earning(key=LONGEST, member=MEMBER, points=1))
        await connection.adjust_points(
            Adjustment(key=LONGEST, member=MEMBER, points=-1, reason="x" * 4000)
        )
        await connection.enrol(Enrolment(key=LONGEST, keys=tuple(phones(NEWCOMER))))
        await connection.capture_points(redemption(key=LONGEST))

    written = [one.body for one in seller.watched.exchanges if b"idempotency_key" in one.asked]
    keys = [one["idempotency_key"] for one in written]
    assert len(set(keys)) == len(keys) == 5
    assert max(map(len, keys)) <= 128
    assert [len(one["adjust_points"]["reason"]) for one in written if "adjust_points" in one] == [
        3500
    ]


@pytest.mark.parametrize(
    ("place", "booked"), [(ORK, CORK), (None, DUBLIN), (LocationCode("WEB-DC"), DUBLIN)]
)
async def test_points_move_where_the_purchase_was_or_where_all_others_do(
    place: LocationCode | None, booked: str
) -> None:
    async with a_seller() as seller:
        await seller.connection.earn_points(
            Earning(key=PointsKey("K"), member=MEMBER, points=3, location=place)
        )
        await seller.connection.capture_points(redemption(at=place))

    assert [one.body["location_id"] for one in seller.asked(EARN)] == [booked]
    assert [one.body["location_id"] for one in seller.asked(f"{REWARDS}/REWARD-1/redeem")] == [
        booked
    ]


async def test_a_write_made_again_is_the_same_though_its_location_has_closed() -> None:
    async with a_seller() as seller:
        earning = Earning(key=PointsKey("K"), member=MEMBER, points=3, location=ORK)
        first = await seller.connection.earn_points(earning)
        seller.clock.ahead += timedelta(minutes=11)
        cork, *others = seller.square.shop.locations
        seller.square.shop.locations = ({**cork, "status": "INACTIVE"}, *others)
        again = await seller.connection.earn_points(earning)

    assert (again, balance(seller)) == (first, (123, 0))


async def test_so_many_points_as_a_reward_costs_are_held_and_no_others() -> None:
    async with a_seller() as seller:
        with pytest.raises(UpstreamRefused, match="has no reward for so many points"):
            await seller.connection.hold_points(redemption(11))
        held = await seller.connection.hold_points(redemption(50))

    assert (held.state, held.points, balance(seller)) == (RedemptionState.HELD, 50, (70, 50))
    assert [one.body["reward"]["reward_tier_id"] for one in seller.asked(REWARDS)] == ["TIER-50"]


async def test_a_key_stands_for_one_redemption() -> None:
    async with a_seller() as seller:
        await seller.connection.hold_points(redemption(10))
        for spend in (seller.connection.hold_points, seller.connection.release_points):
            with pytest.raises(UpstreamBroken, match="IDEMPOTENCY_KEY_REUSED"):
                await spend(redemption(50))

    assert balance(seller) == (110, 10)


async def test_what_cannot_be_held_cannot_be_released_either() -> None:
    async with a_seller() as seller:
        seller.square.loyalty.accounts[MEMBER].balance = 3
        released = await seller.connection.release_points(redemption(10))

    assert (released, balance(seller)) == (None, (3, 0))


async def test_a_reward_that_the_till_redeemed_is_captured_and_not_released() -> None:
    async with a_seller() as seller:
        held = await seller.connection.hold_points(redemption())
        seller.square.loyalty.rewards[held.reference]["status"] = "REDEEMED"
        captured = await seller.connection.capture_points(redemption())
        with pytest.raises(UpstreamRefused, match="the points were captured already"):
            await seller.connection.release_points(redemption())

    assert captured.state is RedemptionState.CAPTURED


async def test_a_reward_that_was_made_and_cannot_be_redeemed_is_not_called_undone() -> None:
    async with a_seller() as seller:
        await seller.connection.hold_points(redemption(key="K-2"))

        def refuse(*_: object) -> dict[str, object]:
            raise RefusedError("FORBIDDEN", status=403, category="AUTHENTICATION_ERROR")

        seller.square.handlers["POST", "/v2/loyalty/rewards/{reward_id}/redeem"] = refuse
        with pytest.raises(UpstreamUnavailable, match="after points were held"):
            await seller.connection.capture_points(redemption(key="K-1"))

    assert balance(seller) == (100, 20)


async def test_the_programme_is_asked_for_once_in_a_while() -> None:
    async with a_seller() as seller:
        await seller.connection.hold_points(redemption(key="K-1"))
        await seller.connection.hold_points(redemption(key="K-2"))
        seller.clock.ahead += timedelta(minutes=11)
        await seller.connection.hold_points(redemption(key="K-3"))

    assert seller.paths.count(PROGRAM) == 2


async def test_a_programme_that_cannot_be_read_holds_nothing() -> None:
    async with a_seller(lying=True) as seller:
        seller.square.loyalty.main = {"id": "PROGRAM-1", "reward_tiers": [{"points": "10"}]}
        with pytest.raises(UpstreamBroken, match="told of no sound programme"):
            await seller.connection.hold_points(redemption())

    assert balance(seller) == (120, 0)


async def test_the_history_tells_what_became_of_what_can_be_spent() -> None:
    async with a_seller() as seller:
        connection = seller.connection
        await connection.earn_points(Earning(key=PointsKey("K"), member=MEMBER, points=5))
        await connection.capture_points(redemption(10, "K-1"))
        await connection.hold_points(redemption(50, "K-2"))
        await connection.release_points(redemption(50, "K-2"))
        page = await connection.points_history(MEMBER, first=100)

    assert [(one.move, one.points) for one in page.entries] == [
        (PointsMove.RELEASED, 50),
        (PointsMove.HELD, -50),
        (PointsMove.REDEEMED, 0),
        (PointsMove.HELD, -10),
        (PointsMove.EARNED, 5),
        (PointsMove.ADJUSTED, 300),
    ]
    assert page.after is None


async def test_a_page_has_thirty_entries_at_most_and_one_at_least() -> None:
    async with a_seller() as seller:
        await seller.connection.points_history(MEMBER, first=1000)
        await seller.connection.points_history(MEMBER, first=0)

    asked = [one.body["limit"] for one in seller.asked("/v2/loyalty/events/search")]
    assert asked == [30, 1]


async def test_a_cursor_of_another_member_is_told() -> None:
    async with a_seller() as seller:
        for number in range(3):
            earning = Earning(key=PointsKey(f"K-{number}"), member=MEMBER, points=1)
            await seller.connection.earn_points(earning)
        page = await seller.connection.points_history(MEMBER, first=2)
        with pytest.raises(InvalidInputError):
            await seller.connection.points_history(
                MemberReference("ACCOUNT-2"), first=2, after=page.after
            )


@pytest.mark.parametrize("after", ["rubbish", "", "\u00fcnlesbar", "WzEsMl0="])
async def test_square_is_not_asked_with_a_cursor_nobody_handed_out(after: str) -> None:
    async with a_seller() as seller:
        with pytest.raises(InvalidInputError, match="not a cursor") as caught:
            await seller.connection.points_history(MEMBER, first=2, after=after)

    assert caught.value.argument == "after"
    assert seller.asked("/v2/loyalty/events/search") == []


async def test_nobody_joins_without_a_number_and_nobody_twice() -> None:
    async with a_seller() as seller:
        join = seller.connection.enrol
        with pytest.raises(UpstreamRefused, match="nobody without a phone number"):
            await join(Enrolment(key=PointsKey("K-1"), keys=(MemberKey("card", "77"),)))
        both = (MemberKey("phone", ALICE), MemberKey("customer", "CUSTOMER-2"))
        with pytest.raises(UpstreamRefused, match="the keys are of several members"):
            await join(Enrolment(key=PointsKey("K-2"), keys=both))
        known = await join(Enrolment(key=PointsKey("K-3"), keys=tuple(phones(CHLOE))))

    assert known.reference == "ACCOUNT-3"
    assert JOIN not in seller.paths


async def test_of_two_who_enrol_the_same_the_slower_finds_the_account() -> None:
    async with a_seller() as seller:
        search = seller.square.loyalty._search
        asked: list[object] = []

        def late(body: dict[str, object]) -> dict[str, object]:
            asked.append(body)
            return {} if len(asked) == 1 else search(body)

        seller.square.handlers["POST", "/v2/loyalty/accounts/search"] = late
        joined = await seller.connection.enrol(
            Enrolment(key=PointsKey("K-1"), keys=tuple(phones(BASIL)))
        )

    assert joined.reference == "ACCOUNT-2"
    assert seller.paths.count(JOIN) == 1
