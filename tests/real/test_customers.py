"""One person in a live Vendure, a live Tryton and the tills: known, told of, and forgotten."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.main import Gateway
from app.store.opening import upgrade
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.sales import at_tills
from tests.gateways import Asker
from tests.real.assortment import DEPOT
from tests.real.everybody import (
    GROUP,
    KEY,
    SEED,
    Everybody,
    earned,
    enrolled,
    gateway,
    registered,
    rung_up,
)
from tests.real.test_ordering import CANCEL, CREATE, HOLD, PLACE, done, until
from tests.real.traces_of import (
    found_in,
    left_in_tryton,
    left_in_vendure,
    listening,
    spoken,
    told,
)
from tests.real.tryton.customers_user import keeper
from tests.real.tryton.people import cancelled_sale, put_into, shopper
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.people import PASSWORD, account, grouped
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import buy_as
from tests.redis import redis_for_tests
from tests.spans import recorder

STREET = "zz-canary road 7"
REQUEST = "id doneAt unresolved receipts { source task state reason kept documents }"
BOUGHT = "purchases(first: 50) { missing edges { node { source reference lines { sku } } } }"
BY_CONTACT = """query Q($email: String!, $card: String!) {
  a: customer(email: $email) { id } b: customer(loyaltyCard: $card) { id } }"""


def somebody() -> Person:
    """A holder of a card who has bought at the tills."""
    bought = {sale.customer for sale in at_tills(SEED)}
    return next(one for one in people(SEED) if one.tills in bought and one.checked)


async def asked(ask: Asker, name: str, key: str) -> dict[str, Any]:
    """A request about the caller's data, once every system has done its part."""
    kind = name[0].upper() + name[1:]
    text = f"""mutation M($i: {kind}Input!) {{ done: {name}(input: $i) {{
      ... on Problem {{ code }} ... on PrivacyRequested {{ request {{ id }} }} }} }}"""
    done = (await ask.data(text, i={"idempotencyKey": KEY + key}))["done"]
    query = f"query Q($id: ID!) {{ privacyRequest(id: $id) {{ {REQUEST} }} }}"
    found: dict[str, Any] = {}
    for _ in range(300):
        found = (await ask.data(query, id=done["request"]["id"]))["privacyRequest"]
        if found["doneAt"] is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def ordered(made: Gateway, who: Asker, ada: Person) -> tuple[dict[str, Any], int]:
    """An order on the site that the shop has taken, and what its goods cost her."""
    lines = [{"sku": "TRAIL-42", "quantity": 1}]
    cart = (await done(who, CREATE, channel="WEB", lines=lines))["cart"]
    part = {"lineId": cart["lines"][0]["id"], "location": DEPOT, "quantity": 1}
    at = {"cartId": cart["id"], "version": cart["version"]}
    held = (await done(who, HOLD, **at, parts=[part]))["cart"]
    query = "query Q($id: ID!) { cart(id: $id) { discounts { rule } total { amount } } }"
    seen = (await who.data(query, id=cart["id"]))["cart"]
    assert seen["discounts"] == [{"rule": "friends"}]
    order = await done(
        who,
        PLACE,
        cartId=held["id"],
        version=held["version"],
        buyer={"name": f"{ada.given} {ada.family}", "email": ada.email, "phone": ada.phone},
        method="SHIP_TO_HOME",
        address={"lines": [STREET], "city": "Verona", "postalCode": "37121", "country": "IT"},
        idempotencyKey=KEY + "order",
    )
    assert order["__typename"] == "OrderPlaced", order
    await until(made, who, order, "SOURCED")
    return order, int(Decimal(seen["total"]["amount"]))


async def one_balance(made: Gateway, at: Everybody, tills: Any) -> None:
    """Receipts and an order earn into one account, whoever she has signed in as."""
    card = at.person.card
    long_ago = earned(tills, card)
    assert long_ago > 0
    assert await enrolled(at.ada, card) == card
    other = await enrolled(at.again, None)
    await rung_up(tills, card, "40.90")
    order, online = await ordered(made, at.ada, at.person)
    await rung_up(tills, other, "7.50")
    hers = long_ago + 40 + online
    await at.until(at.ada, hers)
    await at.until(at.again, 7)
    merge = """mutation M($i: CustomerMergeInput!) { done: customerMerge(input: $i) {
      ... on Problem { code } ... on CustomerChanged { customer { id } } } }"""
    given = {"customerId": at.ids[1], "intoId": at.ids[0]}
    assert (await at.staff.data(merge, i=given))["done"]["customer"]["id"] == at.ids[0]
    seen = await at.balances()
    assert [sum(one) for one in seen] == [hers + 7] * 6
    assert len(set(seen)) == 1
    await rung_up(tills, other, "5.20")  # her second card is as good as the first
    await at.until(at.again, hers + 7 + 5)
    assert len(set(await at.balances())) == 1
    cancelled = await done(at.ada, CANCEL, number=order["order"]["number"])
    assert cancelled["__typename"] == "OrderCancelled", cancelled
    await until(made, at.ada, order, "CANCELLED")
    assert {sum(one) for one in await at.balances()} == {hers + 7 + 5 - online}


async def told_and_forgotten(at: Everybody, tills: Any) -> None:
    told_ = await asked(at.ada, "customerExport", "2")
    for source in ("shop", "erp", "tills"):
        documents = [one["documents"] for one in told_["receipts"] if one["source"] == source]
        assert at.person.email in repr(documents).lower(), source
    gone = await asked(at.ada, "customerErase", "3")
    assert gone["unresolved"] == 0
    assert {one["state"] for one in gone["receipts"]} == {"DONE"}
    assert len(gone["receipts"]) == 7  # ours, three look-ups, three customers
    state = tills.served.state
    kept = [state.register.rows, state.journal.slips, state.bonus.accounts]
    assert found_in(kept, [at.person.email, at.person.card]) == []


async def known_everywhere(at: Everybody) -> None:
    """Linked by what is proved, with the groups of each system and one history."""
    query = """query Q($id: ID!) { customer(id: $id) {
      identities { source evidence } groups { code source } } }"""
    known = (await at.staff.data(query, id=at.ids[0]))["customer"]
    assert sorted((one["source"], one["evidence"]) for one in known["identities"]) == [
        ("erp", "VERIFIED_EMAIL"),
        ("shop", "VERIFIED_EMAIL"),
        ("sign-in", "SIGN_IN"),
        ("tills", "VERIFIED_EMAIL"),
    ]
    assert sorted((one["code"], one["source"]) for one in known["groups"]) == [
        ("friends", "erp"),
        ("friends", "shop"),
    ]
    history = (await at.ada.data(f"{{ me {{ {BOUGHT} }} }}"))["me"]["purchases"]
    assert history["missing"] == []
    sources = [edge["node"]["source"] for edge in history["edges"]]
    assert set(sources) == {"shop", "erp", "tills"}
    assert [sources.count(one) for one in ("shop", "erp")] == [1, 1]


def seeded(vendure: VendureServer, tryton: TrytonServer, ada: Person) -> None:
    """She has bought in the shop and from the ERP, and is a friend of the house in both."""
    admin = TrytonRpc(tryton.url, tryton.database, *tryton.admin)
    keeper(admin)
    party = shopper(admin, f"{ada.given} {ada.family}", ada.email, ada.phone, STREET)
    put_into(admin, party, GROUP)
    cancelled_sale(admin, party, "BOTTLE")
    names = {"given": ada.given, "family": ada.family}
    id_ = account(vendure, ada.email, phone=ada.phone, street=STREET, **names)
    grouped(vendure, id_, GROUP)
    buy_as(vendure, ada.email, PASSWORD, STREET)


async def test_one_person_everywhere(
    vendure: VendureServer,
    tryton: TrytonServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    ada, store, spans = somebody(), tmp_path / "store.db", recorder()
    seeded(vendure, tryton, ada)
    await upgrade(f"sqlite:///{store}")
    words = [ada.email, STREET, ada.phone[-9:], ada.card]
    assert left_in_vendure(vendure, words[:2]) == words[:2]
    assert left_in_tryton(tryton, words[:2]) == words[:2]
    spans.clear()
    with redis_for_tests() as redis:
        async with (
            listening(redis.url) as shared,
            gateway(vendure, tryton, store, redis.url) as (made, ask, tills),
        ):
            at = Everybody(ask, ada)
            at.ids.append(await registered(at.ada, ada.given, "1"))
            at.ids.append(await registered(at.again, ada.given, "1"))
            await known_everywhere(at)
            await one_balance(made, at, tills)
            found = await at.staff.data(BY_CONTACT, email=ada.email, card=ada.card)
            assert found["a"] == found["b"] == {"id": at.ids[0]}
            await told_and_forgotten(at, tills)
            facts = await told(made.store)
            kept = await shared.kept()
        assert len(facts) > 20
        assert found_in(facts, words) == []
        assert kept  # what the shop has told of its catalogue
        assert len(shared.heard) > 3
        assert found_in([kept, shared.heard], words) == []
    said = spoken(spans.get_finished_spans())
    assert any('"graphql.operation.type"' in one for one in said)
    assert any('"tessera.operation"' in one for one in said)
    assert found_in(said, words) == []
    assert found_in(capfd.readouterr(), words) == []
    assert left_in_vendure(vendure, words) == []
    assert left_in_tryton(tryton, words) == []
    for file in (store, store.with_name("store.db-wal")):
        on_disk = file.read_bytes().lower() if file.exists() else b""
        assert [word for word in words if word.lower().encode() in on_disk] == []
