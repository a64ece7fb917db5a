"""One person in a live Vendure, a live Tryton and the tills: known, told of, and forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
from tests.real.tryton.customers_user import KEEPER, keeper
from tests.real.tryton.people import cancelled_sale, shopper
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.people import PASSWORD, account
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator, buy_as
from tests.staff import ACCESS, ISSUER, STAFF

SEED = 7
KEY = "a-key-of-this-request-alone-"
STREET = "zz-canary road 7"
REQUEST = "id doneAt unresolved receipts { source task state reason kept documents }"
BOUGHT = "purchases(first: 50) { missing edges { node { source reference lines { sku } } } }"
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
    shop: VendureServer, erp: TrytonServer, store: Path
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
                    },
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
                "customers": ["shop", "erp", "tills"],
            },
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "en"}},
            "requests": {"budget": "PT60S", "max_cost": 100_000},
            "store": {"url": f"sqlite:///{store}"},
            "access": ACCESS,
        }
        secrets = {"SHOP_PASSWORD": shop.password, "ERP_PASSWORD": KEEPER[1]}
        settings = config.parse(told)
        made = Gateway(settings, plan(settings, find_connectors(CONNECTORS), secrets))
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


async def test_one_person_everywhere(
    vendure: VendureServer, tryton: TrytonServer, tmp_path: Path
) -> None:
    ada, store = somebody(), tmp_path / "store.db"
    admin = TrytonRpc(tryton.url, tryton.database, *tryton.admin)
    keeper(admin)
    name = f"{ada.given} {ada.family}"
    party = shopper(admin, name, ada.email, ada.phone, STREET)
    cancelled_sale(admin, party, "BOTTLE")
    names = {"given": ada.given, "family": ada.family}
    account(vendure, ada.email, phone=ada.phone, street=STREET, **names)
    buy_as(vendure, ada.email, PASSWORD, STREET)
    await upgrade(f"sqlite:///{store}")
    words = [ada.email, STREET, ada.phone[-6:], ada.card]
    assert left_in_vendure(vendure, words[:2]) == words[:2]
    assert left_in_tryton(tryton, words[:2]) == words[:2]

    async with gateway(vendure, tryton, store) as (made, ask, tills):
        claims = {"email": ada.email, "email_verified": True}
        token = ISSUER.token(PrincipalKind.CUSTOMER, "ada", **claims)
        mine = Asker(ask.http, {"authorization": f"Bearer {token}"})
        text = """mutation M($i: CustomerRegisterInput!) { done: customerRegister(input: $i) {
          ... on Problem { code message }
          ... on CustomerChanged { silent customer { id } } } }"""
        given = {"profile": {"givenName": ada.given}, "idempotencyKey": KEY + "1"}
        done = (await mine.data(text, i=given))["done"]
        assert done["silent"] == []
        query = "query Q($id: ID!) { customer(id: $id) { identities { source evidence } } }"
        staff = Asker(ask.http, STAFF)
        known = (await staff.data(query, id=done["customer"]["id"]))["customer"]["identities"]
        assert sorted((one["source"], one["evidence"]) for one in known) == [
            ("erp", "VERIFIED_EMAIL"),
            ("shop", "VERIFIED_EMAIL"),
            ("sign-in", "SIGN_IN"),
            ("tills", "VERIFIED_EMAIL"),
        ]
        history = (await mine.data(f"{{ me {{ {BOUGHT} }} }}"))["me"]["purchases"]
        assert history["missing"] == []
        sources = [edge["node"]["source"] for edge in history["edges"]]
        assert set(sources) == {"shop", "erp", "tills"}
        assert [sources.count(one) for one in ("shop", "erp")] == [1, 1]

        told = await asked(mine, "customerExport", "2")
        for source in ("shop", "erp", "tills"):
            documents = [one["documents"] for one in told["receipts"] if one["source"] == source]
            assert ada.email in repr(documents).lower(), source

        gone = await asked(mine, "customerErase", "3")
        assert gone["unresolved"] == 0
        assert {one["state"] for one in gone["receipts"]} == {"DONE"}
        assert len(gone["receipts"]) == 7  # ours, three look-ups, three customers
        assert repr([ada.tills, tills.served.state.register.rows]).count(ada.email) == 0
        assert made.services is not None
    assert left_in_vendure(vendure, words) == []
    assert left_in_tryton(tryton, words) == []
    for file in (store, store.with_name("store.db-wal")):
        kept = file.read_bytes().lower() if file.exists() else b""
        assert [word for word in words if word.lower().encode() in kept] == []
