"""Groups of customers: who says so, what they pay for it, and what becomes of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from app.api.nodes import key_of
from app.customers.tables import customer_groups
from app.store.auditing import entries
from app.store.tables import facts
from app.values import PrincipalKind
from connectors.sandbox.faults import Fault
from tests.customers.shoppers import FROM_THE_DEPOT, House, a_key, house, known_to_both, proved
from tests.gateways import Asker
from tests.staff import as_

ADA = known_to_both(confirmed=True, checked=True, works=True)
BOB = known_to_both(confirmed=True, checked=True, works=False)
CHANNELS = dict.fromkeys(("WEB", "APP", "POS"), FROM_THE_DEPOT)
GROUPS = {
    "staff": {"label": "Staff", "named": {"shop": ["Colleagues"], "tills": ["PERS"]}},
    "friends": {"label": "Friends of the house"},
    "nobody-names-it": {"label": "No rule"},
}
RULES = {
    "promotions": {
        "staff-ten": {"percent": "10", "groups": ["staff"]},
        "friends-half": {"percent": "50", "groups": ["friends"], "priority": 9},
    }
}
SAID = "groups { code label source since }"
CART = """... on Problem { code message path }
  ... on CartChanged { cart { id version discounts { rule } } }"""

CODES = f"""mutation Do($i: CartDiscountCodesSetInput!) {{
  done: cartDiscountCodesSet(input: $i) {{ {CART} }} }}"""


@asynccontextmanager
async def a_house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    told = {"channels": CHANNELS, "groups": GROUPS, "pricing": RULES, **changes}
    async with house(folder, **told) as at:
        yield at


async def said(at: House, customer: dict[str, Any]) -> list[tuple[str, str]]:
    found = (await at.seen(customer["id"], SAID))["groups"]
    return [(one["code"], one["source"]) for one in found]


async def put(at: House, customer: dict[str, Any], *groups: str, **more: Any) -> dict[str, Any]:
    """What came of it when staff said so."""
    version = (await at.seen(customer["id"], "version"))["version"]
    given = {"customerId": customer["id"], "version": version, "groups": groups, **more}
    return await at.done(at.staff, "customerGroupsSet", **given)


async def do(asker: Asker, name: str, **given: Any) -> dict[str, Any]:
    kind = name[0].upper() + name[1:]
    text = f"mutation Do($i: {kind}Input!) {{ done: {name}(input: $i) {{ {CART} }} }}"
    done: dict[str, Any] = (await asker.data(text, i=given))["done"]
    return done


async def a_cart(at: House, asker: Asker, channel: str = "WEB") -> dict[str, Any]:
    lines = [{"sku": await at._sold_by_the_shop(), "quantity": 1}]
    cart: dict[str, Any] = (await do(asker, "cartCreate", channel=channel, lines=lines))["cart"]
    return cart


def off(cart: dict[str, Any]) -> list[str]:
    return [one["rule"] for one in cart["discounts"]]


async def test_who_is_in_a_group_somewhere_pays_its_price_on_every_channel(tmp_path: Path) -> None:
    async with a_house(tmp_path) as at:
        ada, bob = await at.registered(proved(ADA)), await at.registered(proved(BOB))
        assert await said(at, ada) == [("staff", "shop"), ("staff", "tills")]
        assert await said(at, bob) == []
        own = (await at.by(proved(ADA)).data(f"{{ me {{ {SAID} }} }}"))["me"]["groups"]
        assert [(one["label"], one["since"]) for one in own] == [("Staff", None)] * 2
        for channel in CHANNELS:
            assert off(await a_cart(at, at.by(proved(ADA)), channel)) == ["staff-ten"]
            assert off(await a_cart(at, at.by(proved(BOB)), channel)) == []
        guests = await a_cart(at, at.by({}))
        at_version = {"cartId": guests["id"], "version": guests["version"]}
        theirs = await do(at.by(proved(ADA)), "cartCustomerSet", **at_version)
        assert (off(guests), off(theirs["cart"])) == ([], ["staff-ten"])
        served = await a_cart(at, at.staff, "POS")
        named = {"cartId": served["id"], "version": served["version"], "customerId": ada["id"]}
        assert off((await do(at.staff, "cartCustomerSet", **named))["cart"]) == ["staff-ten"]


async def test_staff_says_who_is_in_a_group_and_it_is_written_down(tmp_path: Path) -> None:
    async with a_house(tmp_path) as at:
        bob = await at.registered(proved(BOB))
        done = await put(at, bob, "friends", "nobody-names-it")
        assert done["customer"]["version"] == bob["version"] + 1
        assert await said(at, bob) == [("friends", "tessera"), ("nobody-names-it", "tessera")]
        assert off(await a_cart(at, at.by(proved(BOB)), "POS")) == ["friends-half"]
        again = await put(at, bob, "nobody-names-it", "friends", "friends")
        assert again["customer"]["version"] == bob["version"] + 1
        stale = {"version": bob["version"]}
        assert (await put(at, bob, **stale))["__typename"] == "CustomerVersionConflict"
        unknown = await put(at, bob, "friends", "frends")
        assert (unknown["__typename"], unknown["path"], unknown["message"]) == (
            "InvalidInput",
            ["input", "groups", "1"],
            "Unknown group 'frends', did you mean 'friends'?",
        )
        await put(at, bob)
        assert await said(at, bob) == []
        assert off(await a_cart(at, at.by(proved(BOB)), "POS")) == []

        def told(db: Connection) -> list[Any]:
            asked = select(facts.c.body).where(facts.c.kind == "CustomerGroupsSet")
            return [row.body for row in db.execute(asked.order_by(facts.c.seq))]

        kept = at.sandbox.gateway.store
        assert await kept.read(told) == [
            {"groups": ["friends", "nobody-names-it"]},
            {"groups": []},
        ]
        log = await kept.read(lambda db: [one.entry for one in entries(db)])
        done_ = [one for one in log if one.what == "CustomerGroupsSet"]
        assert [(one.by.kind, one.entity) for one in done_] == [
            (PrincipalKind.STAFF, key_of(bob["id"], "Customer"))
        ] * 2


@pytest.mark.parametrize("kind", [one for one in PrincipalKind if one is not PrincipalKind.STAFF])
async def test_nobody_else_says_so(tmp_path: Path, kind: PrincipalKind) -> None:
    text = """mutation Do($i: CustomerGroupsSetInput!) {
      customerGroupsSet(input: $i) { __typename } }"""
    async with a_house(tmp_path) as at:
        given = {"customerId": "x", "version": 1, "groups": ["friends"]}
        refused = await at.by(as_(kind))(text, i=given)
        code = "UNAUTHENTICATED" if kind is PrincipalKind.GUEST else "FORBIDDEN"
        assert [one["extensions"]["code"] for one in refused["errors"]] == [code]


async def test_groups_are_one_persons_and_whose_they_were_after_all(tmp_path: Path) -> None:
    async with a_house(tmp_path) as at:
        ada, bob = await at.registered(proved(ADA)), await at.registered(proved(BOB))
        await put(at, ada, "friends")
        bobs = await a_cart(at, at.by(proved(BOB)))
        await at.done(at.staff, "customerMerge", customerId=ada["id"], intoId=bob["id"])
        for one in (ada, bob):
            assert await said(at, one) == [
                *[("friends", "tessera"), ("staff", "shop"), ("staff", "tills")]
            ]
        assert off(await a_cart(at, at.by(proved(BOB)))) == ["friends-half", "staff-ten"]
        held = await do(at.by(proved(BOB)), "cartHold", cartId=bobs["id"], version=bobs["version"])
        assert held["code"] == "PRICE_CHANGED"
        await put(at, bob, "friends", "nobody-names-it")
        await at.done(at.staff, "customerUnmerge", customerId=ada["id"])
        assert await said(at, ada) == [
            *[("friends", "tessera"), ("staff", "shop"), ("staff", "tills")]
        ]
        assert await said(at, bob) == [("nobody-names-it", "tessera")]
        assert off(await a_cart(at, at.by(proved(BOB)))) == []


async def test_a_group_goes_with_who_is_linked(tmp_path: Path) -> None:
    async with a_house(tmp_path) as at:
        ada = await at.registered(proved(ADA))
        cart = await a_cart(at, at.by(proved(ADA)))
        known = (await at.seen(ada["id"], "identities { id source }"))["identities"]
        for one in known:
            if one["source"] != "sign-in":
                at_id = {"customerId": ada["id"], "identityId": one["id"]}
                await at.done(at.staff, "customerUnlink", **at_id)
        assert await said(at, ada) == []
        given = {"cartId": cart["id"], "version": cart["version"]}
        assert (await do(at.by(proved(ADA)), "cartHold", **given))["code"] == "PRICE_CHANGED"
        agreed = await do(at.by(proved(ADA)), "cartDiscountCodesSet", **given, codes=[])
        assert off(agreed["cart"]) == []


async def test_while_a_system_is_silent_what_was_known_of_a_cart_counts(tmp_path: Path) -> None:
    short = {"fresh_for": "PT1S", "if_error_for": "PT10S"}
    async with a_house(tmp_path, freshness={"groups": short}) as at:
        ada = await at.registered(proved(ADA))
        cart = await a_cart(at, at.by(proved(ADA)))
        for name in ("shop", "tills"):
            at.sandbox.upstreams[name].break_with(Fault(kind="fail", path="*customers*"))
        at.clock.ahead += timedelta(minutes=1)
        body = await at.staff(f'{{ customer(id: "{ada["id"]}") {{ {SAID} }} }}')
        assert body["data"]["customer"]["groups"] == []
        assert {one["extensions"]["connection"] for one in body["errors"]} == {"shop", "tills"}
        given = {"cartId": cart["id"], "version": cart["version"], "codes": []}
        body = await at.by(proved(ADA))(CODES, i=given)
        assert off(body["data"]["done"]["cart"]) == ["staff-ten"]
        assert {one["extensions"]["connection"] for one in body["errors"]} == {"shop", "tills"}


async def test_they_are_told_to_whom_they_are_of_and_forgotten_with_them(tmp_path: Path) -> None:
    async with a_house(tmp_path) as at:
        bob = await at.registered(proved(BOB))
        await put(at, bob, "friends")
        mine = at.by(proved(BOB))
        asked = await at.done(mine, "customerExport", idempotencyKey=a_key())
        done = await at.until(mine, asked["request"]["id"], lambda one: one["doneAt"] is not None)
        told = {one["source"]: one["documents"] for one in done["receipts"] if one["documents"]}
        (own,) = told["tessera"]["groups"]
        assert (own["group"], own["source"]) == ("friends", "tessera")
        assert told["shop"]["account"]["groups"] == []
        asked = await at.done(mine, "customerErase", idempotencyKey=a_key())
        await at.until(mine, asked["request"]["id"], lambda one: one["doneAt"] is not None)
        kept = at.sandbox.gateway.store
        assert await kept.read(lambda db: db.execute(select(customer_groups)).all()) == []


async def test_where_no_rule_names_a_group_nobody_is_asked_for_any(tmp_path: Path) -> None:
    async with a_house(tmp_path, pricing={}) as at:
        await at.registered(proved(ADA))
        at.sandbox.forget_calls()
        await a_cart(at, at.by(proved(ADA)))
        assert at.sandbox.upstreams["shop"].requests["/v1/customers/lookup"] == 0
        assert at.sandbox.upstreams["tills"].requests == {}
