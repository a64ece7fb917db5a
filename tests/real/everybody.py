"""A person with several ways to sign in, at a gateway over a live shop, a live ERP and tills."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.upstream.registry import plan
from app.values import PrincipalKind
from connectors.kit.manifests import CONNECTORS
from connectors.kit.serve import serve
from connectors.sandbox.retailer.people import Person
from connectors.sandbox.retailer.upstreams import upstream
from tests.gateways import Asker, asking
from tests.real.assortment import DEPOT
from tests.real.tryton.customers_user import KEEPER
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.server import VendureServer
from tests.staff import ACCESS, ISSUER, STAFF

SEED = 7
GROUP, IN = "Friends of the house", ("shop", "erp")
KEY = "a-key-of-this-request-alone-"


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
                "tills": {
                    "connector": "sandbox",
                    "timeout": "PT20S",
                    "settings": {"url": url, "system": "tills"},
                },
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
