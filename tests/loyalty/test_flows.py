"""From enrolling to an order paid with points and back, over HTTP and the embedded retailer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app import settings as config
from app.api.paging import encode_cursor
from app.values import PrincipalKind
from connectors.kit.manifests import CONNECTORS
from tests.gateways import Asker, sandbox_gateway
from tests.loyalty.sums import in_all, wrongs
from tests.loyalty.tills import all_read
from tests.orders.test_ordering import CREATE, PLACE, Shopper
from tests.staff import STAFF, as_

ACCOUNT = """cardNumber balance { available pending held expiringSoonest { points } }
  tier { code pointsEarned nextCode pointsToNext }"""
LOOK = f"query Look($customer: ID) {{ loyaltyAccount(customer: $customer) {{ {ACCOUNT} }} }}"
HISTORY = """query History($first: Int, $after: String) { loyaltyAccount { history(first: $first,
  after: $after) { edges { node { kind available pending held orderNumber receiptNumber reason } }
  pageInfo { hasNextPage endCursor } } } }"""
ENROL = f"""mutation Enrol($input: LoyaltyEnrolInput!) {{ done: loyaltyEnrol(input: $input) {{
  __typename ... on Problem {{ code }} ... on LoyaltyChanged {{ account {{ {ACCOUNT} }} }} }} }}"""
ADJUST = f"""mutation Adjust($input: PointsAdjustInput!) {{ done: pointsAdjust(input: $input) {{
  __typename ... on Problem {{ code path }} ... on InsufficientPoints {{ asked available }}
  ... on LoyaltyChanged {{ account {{ {ACCOUNT} }} }} }} }}"""
PROBLEMS = """... on Problem { code } ... on InsufficientPoints { asked available }
  ... on PointsNotUsable { least step most }"""
CART = """cart { id version points pointsForecast pointsValue { amount }
  subtotal { amount } hold { points expiresAt } }"""
SET = f"""mutation Set($input: CartPointsSetInput!) {{ done: cartPointsSet(input: $input) {{
  __typename {PROBLEMS} ... on CartChanged {{ {CART} }} }} }}"""
HOLD = f"""mutation Hold($input: CartHoldInput!) {{ done: cartHold(input: $input) {{
  __typename {PROBLEMS} ... on CartChanged {{ {CART} }} }} }}"""
RELEASE = f"""mutation Release($input: CartHoldReleaseInput!) {{
  done: cartHoldRelease(input: $input) {{ __typename ... on CartChanged {{ {CART} }} }} }}"""
POINTS = "total { amount } points { spent earned value { amount } } payment { amount { amount } }"
PAID = PLACE.replace("payment {", f"{POINTS} payment {{", 1)
CANCEL = """mutation Cancel($input: OrderCancelInput!) { done: orderCancel(input: $input) {
  __typename ... on Problem { code } } }"""
ME = "{ me { id } }"
KEY = "a-key-of-this-request-only"
DEMO = CONNECTORS / "sandbox" / "demo.toml"


@dataclass
class Clock:
    """Goes on from now when it is moved."""

    ahead: timedelta = field(default_factory=timedelta)
    begun: datetime = field(default_factory=lambda: datetime.now().astimezone())

    def __call__(self) -> datetime:
        return self.begun + self.ahead


@dataclass
class Member(Shopper):
    """A shopper who has signed in."""

    clock: Clock = field(default_factory=Clock)

    @property
    def ask(self) -> Asker:
        return Asker(self.sandbox.ask.http, as_(PrincipalKind.CUSTOMER))

    @property
    def staff(self) -> Asker:
        return Asker(self.sandbox.ask.http, STAFF)

    async def done(self, document: str, *, by: Asker | None = None, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await (by or self.ask).data(document, input=given))["done"]
        return found

    async def id(self) -> str:
        return str((await self.ask.data(ME))["me"]["id"])

    async def account(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ask.data(LOOK))["loyaltyAccount"]
        return found

    async def balance(self) -> tuple[int, int, int]:
        balance = (await self.account())["balance"]
        return balance["available"], balance["pending"], balance["held"]

    async def joined(self, points: int = 0) -> None:
        """Enrolled, with some points."""
        assert (await self.done(ENROL))["__typename"] == "LoyaltyChanged"
        if points:
            given = {"points": points, "reason": "welcome", "idempotencyKey": KEY}
            done = await self.done(ADJUST, by=self.staff, customerId=await self.id(), **given)
            assert done["__typename"] == "LoyaltyChanged", done

    async def own_cart(self, quantity: int = 2) -> dict[str, Any]:
        """A cart of the member's own."""
        lines = [{"sku": self.sku, "quantity": quantity}]
        cart: dict[str, Any] = (await self.done(CREATE, channel="WEB", lines=lines))["cart"]
        return cart

    async def spending(self, points: int, quantity: int = 2) -> dict[str, Any]:
        """A cart that spends points, and holds them with its units."""
        cart = await self.own_cart(quantity)
        done = await self.done(SET, cartId=cart["id"], version=cart["version"], points=points)
        assert done["__typename"] == "CartChanged", done
        held = await self.done(HOLD, cartId=cart["id"], version=done["cart"]["version"])
        assert held["__typename"] == "CartChanged", held
        found: dict[str, Any] = held["cart"]
        return found

    async def bought(self, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
        given = {
            "cartId": cart["id"],
            "version": cart["version"],
            "buyer": {"name": "Ada Byron", "email": "ada@example.com"},
            "method": "SHIP_TO_HOME",
            "address": {
                "lines": ["Via Roma 1"],
                "city": "Verona",
                "postalCode": "37121",
                "country": "IT",
            },
            "paymentToken": "tok_ok",
            "idempotencyKey": "a-key-of-this-order-only",
        }
        return await self.done(PAID, **{**given, **more})

    async def even(self) -> None:
        store = self.sandbox.gateway.store
        assert await store.read(wrongs) == []
        assert await store.read(in_all) == 0


@asynccontextmanager
async def members(**sections: Any) -> AsyncIterator[Member]:
    """A member at a sandbox whose settings have some sections of their own."""
    clock = Clock()
    settings: dict[str, Any] = {
        "freshness": {"stock": {"fresh_for": "PT0S"}},
        "connection": {"timeout": "PT20S"},
        "requests": {"budget": "PT60S"},  # how busy the machine is, is no matter
        "now": clock,
        "loyalty": config.load(DEMO).model_dump()["loyalty"],
        **sections,
    }
    async with sandbox_gateway(**settings) as sandbox:
        found = await sandbox.ask.data(
            "{ products(first: 5) { edges { node { variants { sku } } } } }"
        )
        skus = [
            one["sku"] for edge in found["products"]["edges"] for one in edge["node"]["variants"]
        ]
        for sku in skus:
            shopper = Member(sandbox, sku, clock)
            if await shopper.sellable() > 5:
                break
        yield shopper


@pytest.fixture
async def member() -> AsyncIterator[Member]:
    async with members() as found:
        yield found


async def test_points_are_held_with_the_goods_spent_with_the_order_and_given_back(
    member: Member,
) -> None:
    await member.joined(1_000)
    cart = await member.spending(500)
    assert cart["hold"]["points"] == 500
    assert Decimal(cart["pointsValue"]["amount"]) == 5
    assert cart["pointsForecast"] == int(Decimal(cart["subtotal"]["amount"]) - 5)
    assert await member.balance() == (500, 0, 500)

    placed = await member.bought(cart)
    order = placed["order"]
    assert order["points"] == {
        "spent": 500,
        "earned": cart["pointsForecast"],
        "value": {"amount": "5.00"},
    }
    charged = Decimal(order["payment"]["amount"]["amount"])
    assert charged + 5 == Decimal(order["total"]["amount"])
    assert await member.balance() == (500, cart["pointsForecast"], 0)

    await member.until(placed, "SOURCED")
    given = {"number": order["number"], "accessToken": placed["accessToken"]}
    assert (await member.done(CANCEL, **given))["__typename"] == "OrderCancelled"
    await member.until(placed, "CANCELLED")
    assert await member.balance() == (1_000, 0, 0)
    await member.even()
    told = (await member.ask.data(HISTORY))["loyaltyAccount"]["history"]["edges"]
    assert [one["node"]["kind"] for one in told] == [
        *("REVERSE", "RESTORE", "EARN", "REDEEM", "HOLD", "ADJUST")
    ]


@pytest.mark.parametrize(
    "place",
    [
        "rubbish",
        "2026-01-01T00:00:00|1",
        "2026-01-01T00:00:00+00:00|",
        "2026-01-01T00:00:00+00:00|\u0661",
        f"2026-01-01T00:00:00+00:00|{2**64}",
        f"2026-01-01T00:00:00+00:00|{'9' * 4400}",
    ],
)
async def test_a_cursor_of_no_history_is_the_callers_mistake(member: Member, place: str) -> None:
    await member.done(ENROL)
    body = await member.ask(HISTORY, after=encode_cursor(place))

    [error] = body["errors"]
    assert error["path"] == ["loyaltyAccount", "history"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "after"}


@pytest.mark.parametrize("token", [None, "", "x" * 501, "tok_declined"])
async def test_what_points_pay_all_of_needs_no_means_of_payment_and_ignores_it(
    token: str | None,
) -> None:
    loyalty = config.load(DEMO).model_dump()["loyalty"]
    [burning] = loyalty["burning"]
    loyalty["burning"] = [burning | {"share": "1", "step": 1}]
    async with members(loyalty=loyalty) as member:
        await member.joined(100_000)
        total = Decimal((await member.own_cart(2))["subtotal"]["amount"])
        cart = await member.spending(int(total * 100))
        placed = await member.bought(cart, paymentToken=token)
        order = await member.until(placed, "SOURCED")

        assert order["payment"] is None
        assert Decimal(order["total"]["amount"]) == total
        assert await member.balance() == (100_000 - int(total * 100), 0, 0)
        served: Any = member.sandbox.upstreams["payments"].served
        assert served.state.till.charges == {}
        await member.even()


async def test_what_points_leave_is_to_be_paid(member: Member) -> None:
    await member.joined(1_000)
    cart = await member.spending(500)
    needed = await member.bought(cart, paymentToken=None)

    assert (needed["__typename"], needed["code"]) == ("PaymentNeeded", "PAYMENT_NEEDED")
    assert Decimal(needed["due"]["amount"]) == Decimal(cart["subtotal"]["amount"]) - 5
    assert await member.balance() == (500, 0, 500)


async def test_an_order_that_is_not_paid_gives_them_back(member: Member) -> None:
    await member.joined(1_000)
    cart = await member.spending(500)
    done = await member.bought(cart, paymentToken="tok_declined")

    assert done["__typename"] == "PaymentDeclined"
    assert await member.balance() == (1_000, 0, 0)
    await member.even()


async def test_a_hold_that_ends_lets_go_of_both(member: Member) -> None:
    await member.joined(1_000)
    cart = await member.spending(1_000, quantity=3)
    assert await member.balance() == (0, 0, 1_000)
    member.clock.ahead += timedelta(minutes=15)
    assert await member.balance() == (1_000, 0, 0)
    assert (await member.bought(cart))["code"] == "ORDER_NOT_HELD"

    held = await member.done(HOLD, cartId=cart["id"], version=cart["version"])
    again = held["cart"]
    assert await member.balance() == (0, 0, 1_000)
    await member.done(RELEASE, cartId=again["id"], version=again["version"])
    assert await member.balance() == (1_000, 0, 0)


async def test_all_or_nothing_is_held(member: Member) -> None:
    """Two carts of one customer: the second gets neither points nor units."""
    await member.joined(1_000)
    first, second = [await member.own_cart() for _ in range(2)]
    for cart in (first, second):
        done = await member.done(SET, cartId=cart["id"], version=1, points=600)
        cart["version"] = done["cart"]["version"]
    await member.done(HOLD, cartId=first["id"], version=first["version"])
    before = await member.sellable()
    refused = await member.done(HOLD, cartId=second["id"], version=second["version"])

    assert refused["code"] == "INSUFFICIENT_POINTS"
    assert (refused["asked"], refused["available"]) == (600, 400)
    assert await member.sellable() == before
    await member.even()


async def test_what_cannot_be_spent_is_refused_with_what_can(member: Member) -> None:
    guest = await member.cart(2)
    assert (await member.done(SET, cartId=guest["id"], version=1, points=100))["code"] == (
        "CART_HAS_NO_CUSTOMER"
    )
    assert (await member.sandbox.ask.data(LOOK_FORECAST, id=guest["id"]))["cart"][
        "pointsForecast"
    ] == int(Decimal(guest["subtotal"]["amount"]))
    await member.done(ENROL)
    cart = await member.own_cart()
    few = await member.done(SET, cartId=cart["id"], version=1, points=100)
    assert (few["code"], few["asked"], few["available"]) == ("INSUFFICIENT_POINTS", 100, 0)
    odd = await member.done(SET, cartId=cart["id"], version=1, points=120)
    assert (odd["code"], odd["least"], odd["step"]) == ("POINTS_NOT_USABLE", 100, 50)
    many = await member.done(SET, cartId=cart["id"], version=1, points=1_000_000)
    half = int(Decimal(cart["subtotal"]["amount"]) * 50)
    assert many["most"] == half - half % 50
    negative = await member.done(SET, cartId=cart["id"], version=1, points=-1)
    assert negative["code"] == "INVALID_INPUT"
    await member.even()


LOOK_FORECAST = "query Look($id: ID!) { cart(id: $id) { pointsForecast } }"


async def test_only_the_member_and_staff_see_an_account(member: Member) -> None:
    assert (await member.ask.data(LOOK))["loyaltyAccount"] is None
    await member.joined(5)
    id_ = await member.id()
    other = Asker(member.sandbox.ask.http, as_(PrincipalKind.CUSTOMER, "somebody else"))

    seen = await member.staff.data(LOOK, customer=id_)
    assert seen["loyaltyAccount"] == await member.account()
    assert (await member.ask.data(LOOK, customer=id_))["loyaltyAccount"] == await member.account()
    assert (await other.data(LOOK, customer=id_))["loyaltyAccount"] is None
    assert (await member.staff.data(LOOK))["loyaltyAccount"] is None
    assert (await member.staff.data(LOOK, customer="nonsense"))["loyaltyAccount"] is None
    refused = await member.done(ENROL, by=other, customerId=id_)
    assert refused["code"] == "LOYALTY_NOT_A_MEMBER"
    guest = await member.sandbox.ask(LOOK, customer=id_)
    assert guest["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    own = await member.ask(ADJUST, input={})
    assert own["errors"][0]["extensions"]["code"] in {"FORBIDDEN", "GRAPHQL_VALIDATION_FAILED"}


async def test_staff_adjust_once_a_key_and_not_below_zero(member: Member) -> None:
    await member.joined(50)
    id_ = await member.id()
    given = {"customerId": id_, "reason": "sorry", "idempotencyKey": "another-key-of-a-request"}
    for _ in range(2):
        done = await member.done(ADJUST, by=member.staff, points=-20, **given)
        assert done["account"]["balance"]["available"] == 30
    for other in ({"points": 20}, {"points": -20, "reason": "happy"}):
        done = await member.done(ADJUST, by=member.staff, **{**given, **other})
        assert done["code"] == "IDEMPOTENCY_KEY_REUSED", other
    given["idempotencyKey"] = "a-third-key-of-a-request"
    short = await member.done(ADJUST, by=member.staff, points=-31, **given)
    assert (short["code"], short["asked"], short["available"]) == ("INSUFFICIENT_POINTS", 31, 30)
    for wrong in (
        {"points": 0},
        {"points": 1, "reason": " "},
        {"points": 1, "idempotencyKey": "x"},
    ):
        done = await member.done(ADJUST, by=member.staff, **{**given, **wrong})
        assert done["code"] == "INVALID_INPUT", wrong
    await member.even()


async def test_receipts_of_the_tills_earn_when_their_card_is_somebodys(member: Member) -> None:
    await all_read(member.sandbox)
    member.clock.ahead += timedelta(minutes=1)
    served: Any = member.sandbox.upstreams["tills"].served
    recent = [one for one in served.state.journal.slips if one.number.startswith("R-")]
    card = recent[0].card
    sold = [one for one in recent if one.card == card]  # older ones earn nothing
    done = await member.done(ENROL, cardNumber=card)

    assert done["account"]["cardNumber"] == card
    expected = sum(int(one.total) for one in sold)
    refund = next(one for one in served.state.journal.slips if one.refunds == sold[0].number)
    expected -= int(int(sold[0].total) * refund.total / sold[0].total)
    assert done["account"]["balance"]["pending"] == expected
    wrong = await member.done(ENROL, cardNumber=f"{card[:-1]}{(int(card[-1]) + 1) % 10}")
    assert wrong["code"] == "LOYALTY_CARD_REFUSED"
    await member.even()
