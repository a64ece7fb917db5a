"""Points go with the person: in their record, their prices, their mergers, and their erasure."""

from pathlib import Path
from typing import Any

from tests.customers.shoppers import House, house, shopper
from tests.gateways import Asker
from tests.loyalty.tills import all_read

ADA, BOB = shopper("ada"), shopper("bob")
ENROL = """mutation Enrol($input: LoyaltyEnrolInput!) { done: loyaltyEnrol(input: $input) {
  __typename ... on LoyaltyChanged { account { cardNumber balance { available } } } } }"""
ADJUST = """mutation Adjust($input: PointsAdjustInput!) { done: pointsAdjust(input: $input) {
  __typename ... on LoyaltyChanged { account { balance { available } } } } }"""
MINE = """{ me { id loyalty { cardNumber balance { available } tier { code } } }
  loyaltyAccount { cardNumber balance { available } tier { code } } }"""
CREATE = """mutation Create($input: CartCreateInput!) { done: cartCreate(input: $input) {
  ... on Problem { code } ... on CartChanged { cart { id version subtotal { amount }
    total { amount } discounts { rule amount { amount } } } } } }"""
OWN = """mutation Own($input: CartCustomerSetInput!) { done: cartCustomerSet(input: $input) {
  ... on Problem { code } ... on CartChanged { cart { version total { amount }
    discounts { rule } } } } }"""
GOLD = {"promotions": {"gold": {"label": "gold", "tiers": ["GOLD"], "percent": 10}}}
EARNING = {
    "receipts": ["tills"],
    "earning": [{"starts": "2026-01-01T00:00:00Z", "per_unit": {"EUR": "1"}}],
    "tiers": [{"code": "GOLD", "points": 1}],
}


class Members(House):
    """People who take part in the programme."""

    async def told(self, asker: Asker, document: str, **given: Any) -> dict[str, Any]:
        done: dict[str, Any] = (await asker.data(document, input=given))["done"]
        return done

    async def joined(
        self, headers: dict[str, str], points: int = 0, card: str | None = None
    ) -> str:
        """Registered and enrolled, with points; the id of the customer."""
        customer = await self.registered(headers)
        enrolled = await self.told(self.by(headers), ENROL, cardNumber=card)
        assert enrolled["__typename"] == "LoyaltyChanged", enrolled
        if points:
            key = f"given-to-{customer['id'][:12]}-once"
            given = {"points": points, "reason": "welcome", "idempotencyKey": key}
            await self.told(self.staff, ADJUST, customerId=customer["id"], **given)
        return str(customer["id"])

    async def a_shopper_s_card(self) -> str:
        """The card of somebody who has bought at the tills, whose receipts were read."""
        await all_read(self.sandbox)
        served: Any = self.sandbox.upstreams["tills"].served
        recent = (one for one in served.state.journal.slips if one.number == "R-000001")
        return str(next(recent).card)

    async def available(self, headers: dict[str, str]) -> int:
        found = await self.by(headers).data(MINE)
        assert found["me"]["loyalty"] == found["loyaltyAccount"]
        return int(found["loyaltyAccount"]["balance"]["available"])

    async def a_sku(self) -> str:
        query = "{ products(first: 1) { edges { node { variants { sku } } } } }"
        [edge] = (await self.sandbox.ask.data(query))["products"]["edges"]
        return str(edge["node"]["variants"][0]["sku"])


def members(at: House) -> Members:
    return Members(at.sandbox, at.clock, at.store)


def everything(folder: Path) -> bytes:
    """What is on the disk."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def test_points_of_merged_customers_are_one_balance_and_come_apart_again(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        people = members(at)
        ada, bob = await people.joined(ADA, 300), await people.joined(BOB, 50)
        merged = await people.done(people.staff, "customerMerge", customerId=bob, intoId=ada)
        together = await people.available(ADA), await people.available(BOB)
        await people.done(people.staff, "customerUnmerge", customerId=bob)
        apart = await people.available(ADA), await people.available(BOB)
        again = await people.done(people.staff, "customerMerge", customerId=bob, intoId=ada)

        assert merged["__typename"] == again["__typename"] == "CustomerChanged"
        assert (together, apart) == ((350, 350), (300, 50))
        assert await people.available(ADA) == 350


async def test_a_tier_has_its_prices_in_carts_of_its_members(tmp_path: Path) -> None:
    async with house(tmp_path, pricing=GOLD, loyalty=EARNING) as at:
        people = members(at)
        ada = await people.joined(ADA, card=await people.a_shopper_s_card())
        lines = [{"sku": await people.a_sku(), "quantity": 1}]
        own = (await people.told(people.by(ADA), CREATE, channel="WEB", lines=lines))["cart"]
        guest = (await people.told(people.by({}), CREATE, channel="WEB", lines=lines))["cart"]
        at_ = {"cartId": guest["id"], "version": guest["version"], "customerId": ada}
        given = (await people.told(people.staff, OWN, **at_))["cart"]

    assert [one["rule"] for one in own["discounts"]] == ["gold"]
    assert guest["discounts"] == []
    assert guest["total"] == guest["subtotal"] == own["subtotal"]
    assert (given["total"], given["discounts"]) == (own["total"], [{"rule": "gold"}])


async def test_a_member_is_told_what_happened_to_their_points(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        people = members(at)
        await people.joined(ADA, 300)
        card = (await people.by(ADA).data(MINE))["me"]["loyalty"]["cardNumber"]
        mine = people.by(ADA)
        asked = await people.done(mine, "customerExport", idempotencyKey="tell-ada-of-points")
        done = await people.until(mine, asked["request"]["id"], lambda one: bool(one["doneAt"]))

    (own,) = [one["documents"] for one in done["receipts"] if one["source"] == "tessera"]
    told = own["loyalty"]
    assert [one["card"] for one in told["accounts"]] == [card]
    assert [(one["kind"], one["points"]) for one in told["entries"] if one["points"] > 0] == [
        ("ADJUST", 300)
    ]


async def test_the_card_of_who_is_forgotten_is_forgotten(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        people = members(at)
        ada = await people.joined(ADA, 300)
        card = (await people.by(ADA).data(MINE))["me"]["loyalty"]["cardNumber"]
        key = "forget-ada-and-her-card"
        asked = await people.done(
            people.by(ADA), "customerErase", customerId=ada, idempotencyKey=key
        )
        await people.until(people.staff, asked["request"]["id"], lambda one: bool(one["doneAt"]))

    assert len(card) > 8
    assert card.encode() not in everything(tmp_path)
