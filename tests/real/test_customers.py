"""One person in a live Vendure, a live Tryton and the tills: known, told of, and forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.store.opening import upgrade
from app.upstream.registry import plan
from app.values import PrincipalKind
from connectors.kit.manifests import CONNECTORS
from connectors.kit.serve import serve
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.sales import at_tills
from connectors.sandbox.retailer.upstreams import upstream
from tests.gateways import Asker, asking
from tests.real.assortment import DEPOT
from tests.real.test_ordering import CANCEL, CREATE, HOLD, PLACE, done, until
from tests.real.traces_of import found_in, listening, spoken, told
from tests.real.tryton.customers_user import KEEPER, keeper
from tests.real.tryton.people import cancelled_sale, put_into, shopper
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.people import PASSWORD, account, grouped
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator, buy_as
from tests.redis import redis_for_tests
from tests.spans import recorder
from tests.staff import ACCESS, ISSUER, STAFF

SEED = 7
GROUP, IN = "Friends of the house", ("shop", "erp")
KEY = "a-key-of-this-request-alone-"
STREET = "zz-canary road 7"
REQUEST = "id doneAt unresolved receipts { source task state reason kept documents }"
BOUGHT = "purchases(first: 50) { missing edges { node { source reference lines { sku } } } }"
BY_CONTACT = """query Q($email: String!, $card: String!) {
  a: customer(email: $email) { id } b: customer(loyaltyCard: $card) { id } }"""
IN_VENDURE = """query($e: String!) {
  customers(options: { filter: { emailAddress: { eq: $e } } }) { totalItems }
  orders { items { shippingAddress { fullName streetLine1 } billingAddress { streetLine1 }
    customer { firstName emailAddress } history { items { data } } } } }"""


def somebody() -> Person:
    """A holder of a card who has bought at the tills."""
    bought = {sale.customer for sale in at_tills(SEED)}
    return next(one for one in people(SEED) if one.tills in bought and one.checked)


@asynccontextmanager
async def gateway(
    shop: VendureServer, erp: TrytonServer, store: Path, redis: str
) -> AsyncIterator[tuple[Gateway, Asker, Any]]:
    tills = upstream("tills", seed=SEED)
    async with serve(tills) as url:
        told: dict[str, Any] = {
            "connections": {
                "shop": {
                    "connector": "vendure",
                    "timeout": "PT20S",
                    "settings": {
                        "url": shop.url,
                        "username": shop.username,
                        "password": {"env": "SHOP_PASSWORD"},
                        "customers": {"phone_country": "GB"},
                        "orders": {
                            "key_field": "orderKey",
                            "location_field": "location",
                            "shipping_methods": {"SHIP_TO_HOME": "standard-shipping"},
                        },
                    },
                    "locations": {DEPOT: "E-commerce depot"},
                },
                "erp": {
                    "connector": "tryton",
                    "timeout": "PT20S",
                    "settings": {
                        "url": erp.url,
                        "database": erp.database,
                        "username": KEEPER[0],
                        "password": {"env": "ERP_PASSWORD"},
                        "customers": {"contacts_verified": True, "phone_country": "GB"},
                    },
                },
                "tills": {"connector": "sandbox", "settings": {"url": url, "system": "tills"}},
            },
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["shop"],
                "stock": {"shop": ["ECOM-*"]},
                "orders": {"shop": ["ECOM-*"]},
                "customers": ["shop", "erp", "tills"],
            },
            "locations": {DEPOT: {"kind": "ECOM_DC"}},
            "freshness": {"stock": {"fresh_for": "PT0S"}},
            "groups": {"friends": {"label": "Friends", "named": {key: [GROUP] for key in IN}}},
            "pricing": {"promotions": {"friends": {"percent": "10", "groups": ["friends"]}}},
            "loyalty": {
                "receipts": ["tills"],
                "every": "PT0.2S",
                "expires_after": None,
                "earning": [{"starts": "2020-01-01T00:00:00Z", "per_unit": {"EUR": "1"}}],
            },
            "redis": {"url": {"env": "REDIS_URL"}, "timeout": "PT2S"},
            "budget": {"size": 1_000_000, "restore_rate": 1_000},
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "en"}},
            "requests": {"budget": "PT60S", "max_cost": 100_000},
            "store": {"url": f"sqlite:///{store}"},
            "access": ACCESS,
        }
        secrets = {"SHOP_PASSWORD": shop.password, "ERP_PASSWORD": KEEPER[1], "REDIS_URL": redis}
        settings = config.parse(told)
        planned = plan(settings, find_connectors(CONNECTORS), secrets)
        made = Gateway(settings, planned, environ=secrets)
        app = made.app()
        async with app.router.lifespan_context(app), asking(app) as ask:
            yield made, ask, tills


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


def left_in_vendure(server: VendureServer, words: list[str]) -> list[str]:
    admin = administrator(server)
    told = repr(admin.ask(IN_VENDURE, {"e": words[0]})).lower()
    admin.close()
    return [word for word in words if word.lower() in told]


def left_in_tryton(server: TrytonServer, words: list[str]) -> list[str]:
    rpc = TrytonRpc(server.url, server.database, *server.admin)
    told = []
    for model, fields in (
        ("party.party", ["name"]),
        ("party.address", ["street", "city", "party_name"]),
        ("party.contact_mechanism", ["value", "name"]),
    ):
        ever = [("active", "in", [True, False])]
        told.append(rpc.call(f"model.{model}.search_read", ever, 0, None, [], fields))
    return [word for word in words if word.lower() in repr(told).lower()]


@dataclass
class Everybody:
    """The person under both ways to sign in, staff, and whatever systems there are."""

    ask: Asker
    person: Person
    ids: list[str] = field(default_factory=list)

    @property
    def ada(self) -> Asker:
        return self._signed_in("ada", email=self.person.email, email_verified=True)

    @property
    def again(self) -> Asker:
        """The same one by another account of theirs, of which nobody knows that yet."""
        return self._signed_in("ada-at-work")

    @property
    def staff(self) -> Asker:
        return Asker(self.ask.http, STAFF)

    def _signed_in(self, subject: str, **claims: Any) -> Asker:
        token = ISSUER.token(PrincipalKind.CUSTOMER, subject, **claims)
        return Asker(self.ask.http, {"authorization": f"Bearer {token}"})

    async def balances(self) -> list[tuple[int, int]]:
        """What each side says of available and of pending points, each as it asks."""
        one = "balance { available pending }"
        seen = [
            (await who.data(f"{{ me {{ loyalty {{ {one} }} }} }}"))["me"]["loyalty"]
            for who in (self.ada, self.again)
        ]
        seen += [
            (await who.data(f"{{ loyaltyAccount {{ {one} }} }}"))["loyaltyAccount"]
            for who in (self.ada, self.again)
        ]
        for id_ in self.ids:
            text = f"query Q($id: ID!) {{ customer(id: $id) {{ loyalty {{ {one} }} }} }}"
            seen.append((await self.staff.data(text, id=id_))["customer"]["loyalty"])
        return [(row["balance"]["available"], row["balance"]["pending"]) for row in seen]

    async def until(self, who: Asker, points: int) -> tuple[int, int]:
        """Wait until somebody has so many, those that cannot be spent yet among them."""
        text = "{ loyaltyAccount { balance { available pending } } }"
        found = (0, 0)
        for _ in range(300):
            balance = (await who.data(text))["loyaltyAccount"]["balance"]
            found = balance["available"], balance["pending"]
            if sum(found) == points:
                return found
            await asyncio.sleep(0.1)
        raise AssertionError((found, points))


def earned(tills: Any, card: str) -> int:
    """What receipts of a card come to at a point a euro, less what was brought back."""
    slips, points = tills.served.state.journal.slips, 0
    for sale in (one for one in slips if one.card == card):
        back = sum(one.total for one in slips if one.refunds == sale.number)
        points += int(sale.total) - int(int(sale.total) * back / sale.total)
    return points


async def registered(who: Asker, given: str, key: str) -> str:
    text = """mutation M($i: CustomerRegisterInput!) { done: customerRegister(input: $i) {
      ... on Problem { code message }
      ... on CustomerChanged { silent customer { id } } } }"""
    told = {"profile": {"givenName": given}, "idempotencyKey": KEY + key}
    done = (await who.data(text, i=told))["done"]
    assert done["silent"] == []
    return str(done["customer"]["id"])


async def enrolled(who: Asker, card: str | None) -> str:
    text = """mutation M($i: LoyaltyEnrolInput!) { done: loyaltyEnrol(input: $i) {
      ... on Problem { code } ... on LoyaltyChanged { account { cardNumber } } } }"""
    done = (await who.data(text, i={"cardNumber": card}))["done"]
    return str(done["account"]["cardNumber"])


async def rung_up(tills: Any, card: str, amount: str) -> None:
    """A sale at a till."""
    item = {"itemNo": "TRAIL-42", "qty": 1, "amount": amount}
    slip = {"branchNo": "ST-MIL", "cardNo": card, "items": [item]}
    transport = httpx.ASGITransport(app=tills)
    async with httpx.AsyncClient(transport=transport, base_url="http://tills") as http:
        (await http.post("/rpc/receipts.record", json=slip)).raise_for_status()


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
        assert len(kept) > 3
        assert len(shared.heard) > 3
        assert found_in([kept, shared.heard], words) == []
    said = spoken(spans.get_finished_spans())
    assert any('"graphql.operation.type"' in one for one in said)
    assert any("upstream" in one for one in said)
    assert found_in(said, words) == []
    assert found_in(capfd.readouterr(), words) == []
    assert left_in_vendure(vendure, words) == []
    assert left_in_tryton(tryton, words) == []
    for file in (store, store.with_name("store.db-wal")):
        on_disk = file.read_bytes().lower() if file.exists() else b""
        assert [word for word in words if word.lower().encode() in on_disk] == []
