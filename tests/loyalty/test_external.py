"""The same with points in the books of others: the tills of the sandbox have such a programme."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.api.paging import encode_cursor
from app.loyalty.writing import ProgramWriter
from connectors.sandbox.faults import Fault
from tests.loyalty.builders import SECTION
from tests.loyalty.test_flows import (
    ADJUST,
    CANCEL,
    ENROL,
    HISTORY,
    HOLD,
    SET,
    Member,
    members,
)
from tests.redis import until

LATER = timedelta(minutes=6)  # what was earned can be spent then


@asynccontextmanager
async def somebody() -> AsyncIterator[Member]:
    burning = [{**SECTION["burning"][0], "least": 10}]
    loyalty = {**SECTION, "burning": burning, "programme": "tills", "pending_for": "PT5M"}
    async with members(loyalty=loyalty) as found:
        yield found


@pytest.fixture
async def member(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Member]:
    """A member of whom nobody but the test tells the programme."""

    async def idle(_writer: ProgramWriter) -> None:
        return None

    monkeypatch.setattr(ProgramWriter, "run", idle)
    async with somebody() as found:
        yield found


def account(member: Member, number: int = 0) -> Any:
    """What the programme itself has of one of its members."""
    served: Any = member.sandbox.upstreams["tills"].served
    return list(served.state.bonus.accounts.values())[number]


async def told(member: Member) -> None:
    """Everything that is due is told the programme."""
    writer = member.sandbox.gateway.services.points.writer
    assert writer.desk is not None
    while await writer.desk.work(member.clock()):
        pass


async def with_card(member: Member) -> int:
    """Enrolled with the card of somebody the programme knows; how many points they have."""
    theirs = account(member)
    done = await member.done(ENROL, cardNumber=theirs.card)
    assert done["__typename"] == "LoyaltyChanged", done
    assert done["account"]["balance"]["available"] == theirs.points
    return int(theirs.points)


async def bought(member: Member) -> tuple[int, int, dict[str, Any]]:
    """An order that spends forty points: how many there were, what it earns, and the order."""
    had = await with_card(member)
    cart = await member.spending(40)
    assert (account(member).points, account(member).reserved) == (had - 40, 40)
    placed = await member.bought(cart)
    order = placed["order"]
    charged = Decimal(order["payment"]["amount"]["amount"])
    assert charged + Decimal("0.40") == Decimal(order["total"]["amount"])
    await member.until(placed, "SOURCED")
    await told(member)
    earned = order["points"]["earned"]
    assert (account(member).points, account(member).reserved) == (had - 40, 0)
    assert await member.balance() == (had - 40, earned, 0)
    return had, earned, placed


async def test_the_gateway_tells_the_programme_by_itself() -> None:
    async with somebody() as member:
        had = await with_card(member)
        placed = await member.bought(await member.spending(40))

        async def told_all() -> bool:
            await member.until(placed, "SOURCED")
            return (account(member).points, account(member).reserved) == (had - 40, 0)

        await until(told_all)


async def test_an_order_spends_there_and_earns_when_it_can_be_spent(member: Member) -> None:
    had, earned, _ = await bought(member)
    member.clock.ahead += LATER
    await told(member)

    assert account(member).points == had - 40 + earned
    assert await member.balance() == (had - 40 + earned, 0, 0)


@pytest.mark.parametrize("wait", [timedelta(), LATER])
async def test_what_is_cancelled_is_given_and_taken_back(member: Member, wait: timedelta) -> None:
    had, earned, placed = await bought(member)
    member.clock.ahead += wait
    await told(member)
    given = {"number": placed["order"]["number"], "accessToken": placed["accessToken"]}
    await member.done(CANCEL, **given)
    await member.until(placed, "CANCELLED")
    await told(member)
    assert (account(member).points, account(member).reserved) == (had, 0)
    assert await member.balance() == (had, 0, 0)
    member.clock.ahead += LATER
    await told(member)
    assert await member.balance() == (had, 0, 0)

    history = (await member.ask.data(HISTORY, first=3))["loyaltyAccount"]["history"]
    kinds = [edge["node"]["kind"] for edge in history["edges"]]
    rest = await member.ask.data(HISTORY, after=history["pageInfo"]["endCursor"])
    kinds += [edge["node"]["kind"] for edge in rest["loyaltyAccount"]["history"]["edges"]]
    assert sorted(kinds) == ["ADJUST", "ADJUST", "EARN", "HOLD", "REDEEM"]
    assert kinds[-1] == "HOLD"
    assert earned > 0


@pytest.mark.parametrize(
    "place", ["rubbish", "rubbish|0", "E-|0", "E-1|x", "E-\u0661|0", "|101", "|" + "9" * 4400]
)
async def test_a_cursor_of_no_history_is_the_callers_mistake(member: Member, place: str) -> None:
    await with_card(member)
    body = await member.ask(HISTORY, after=encode_cursor(place))
    seen = await member.sandbox.ask.staff(
        "{ upstreams { name state lastFailure { code } operations { name failures retries } } }"
    )
    [error] = body["errors"]
    [tills] = [one for one in seen["data"]["upstreams"] if one["name"] == "tills"]

    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}
    assert (tills["state"], tills["lastFailure"]) == ("UP", None)
    assert [one for one in tills["operations"] if one["failures"] or one["retries"]] == []


async def test_a_hold_that_ends_is_let_go_there(member: Member) -> None:
    had = await with_card(member)
    await member.spending(40)
    member.clock.ahead += timedelta(minutes=15)
    await told(member)

    assert (account(member).points, account(member).reserved) == (had, 0)


async def test_another_hold_of_the_same_cart_holds_no_more(member: Member) -> None:
    had = await with_card(member)
    cart = await member.spending(40)
    again = await member.done(HOLD, cartId=cart["id"], version=cart["version"])
    assert again["cart"]["hold"]["points"] == 40
    assert (account(member).points, account(member).reserved) == (had - 40, 40)
    less = await member.done(SET, cartId=cart["id"], version=again["cart"]["version"], points=20)
    held = await member.done(HOLD, cartId=cart["id"], version=less["cart"]["version"])
    assert held["cart"]["hold"]["points"] == 20
    assert (account(member).points, account(member).reserved) == (had - 20, 20)


async def test_what_is_not_there_is_refused_with_what_is(member: Member) -> None:
    had = await with_card(member)
    cart = await member.own_cart(5)
    asked = had - had % 10 + 10
    refused = await member.done(SET, cartId=cart["id"], version=1, points=asked)
    assert (refused["code"], refused["available"]) == ("INSUFFICIENT_POINTS", had)

    some = await member.done(SET, cartId=cart["id"], version=1, points=had - had % 10)
    account(member).points -= 20  # somebody else spends at a till
    before = await member.sellable()
    late = await member.done(HOLD, cartId=cart["id"], version=some["cart"]["version"])
    assert (late["code"], late["available"]) == ("INSUFFICIENT_POINTS", had - 20)
    assert await member.sellable() == before
    await told(member)
    assert account(member).reserved == 0


@pytest.mark.parametrize("call", ["reserve", "collect", "free", "book"])
async def test_a_lost_answer_is_no_second_effect(member: Member, call: str) -> None:
    had = await with_card(member)
    tills = member.sandbox.upstreams["tills"]
    tills.break_with(Fault(kind="cut", path=f"/rpc/bonus.{call}", times=1))
    cart = await member.spending(40)
    placed = await member.bought(cart)
    await member.until(placed, "SOURCED")
    earned = placed["order"]["points"]["earned"]
    for wait in (timedelta(minutes=1), LATER, timedelta(minutes=1)):
        await told(member)
        member.clock.ahead += wait
    await told(member)

    assert (account(member).points, account(member).reserved) == (had - 40 + earned, 0)


async def test_who_is_silent_keeps_nothing_of_what_was_asked(member: Member) -> None:
    had = await with_card(member)
    cart = await member.own_cart()
    some = await member.done(SET, cartId=cart["id"], version=1, points=40)
    tills = member.sandbox.upstreams["tills"]
    tills.break_with(Fault(kind="cut", path="/rpc/bonus.reserve", times=2))
    done = await member.done(HOLD, cartId=cart["id"], version=some["cart"]["version"])
    assert done["code"] == "LOYALTY_UNAVAILABLE"
    assert account(member).reserved == 40  # it did happen, and nobody was told
    await told(member)
    assert (account(member).points, account(member).reserved) == (had, 0)


async def test_staff_adjust_there_once_a_key(member: Member) -> None:
    had = await with_card(member)
    given = {"customerId": await member.id(), "reason": "sorry", "points": -5}
    for _ in range(2):
        key = "a-key-of-this-adjustment"
        done = await member.done(ADJUST, by=member.staff, idempotencyKey=key, **given)
        assert done["account"]["balance"]["available"] == had - 5
    for other in ({"points": 5}, {"reason": "happy"}):
        told = {**given, **other, "idempotencyKey": "a-key-of-this-adjustment"}
        done = await member.done(ADJUST, by=member.staff, **told)
        assert done["code"] == "IDEMPOTENCY_KEY_REUSED", other
    assert account(member).points == had - 5
    given["points"] = -had
    key = "a-key-of-another-adjustment"
    short = await member.done(ADJUST, by=member.staff, idempotencyKey=key, **given)
    assert (short["code"], short["available"]) == ("INSUFFICIENT_POINTS", had - 5)


async def test_whoever_is_new_gets_a_card_there(member: Member) -> None:
    done = await member.done(ENROL)
    assert done["account"]["balance"]["available"] == 0
    assert account(member, -1).card == done["account"]["cardNumber"]
