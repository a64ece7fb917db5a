"""Shoppers and staff at a gateway over the sandbox's systems, and people whom these know."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app.api.nodes import key_of
from app.carts.tables import carts
from app.main import utc_now
from app.orders.tables import orders
from app.store import Work
from app.store.opening import upgrade
from app.values import PrincipalKind
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.sales import at_tills, online
from tests.gateways import Asker, Sandbox, sandbox_gateway
from tests.staff import ISSUER, STAFF

SEED = 7
FROM_THE_DEPOT = {"currency": "EUR", "country": "IT", "locale": "it", "sells_from": ["ECOM-*"]}
NUMBERS = count()
PROBLEM = "... on Problem { code message path }"
CUSTOMER = """id version givenName familyName locale contacts { kind value verified }
  addresses { lines city country } sizes { what size }
  consents { purpose channel granted saidBy source wording }
  wishlist { sku }"""
STAFF_SEES = "notes mergedIds identities { id source evidence confidence }"
PURCHASES = """pageInfo { hasNextPage hasPreviousPage endCursor } missing
  edges { cursor node { source reference placedAt channel status location total { amount currency }
  lines { sku name quantity total { amount } } order { number } } }"""
REQUEST = """id kind doneAt expiresAt unresolved
  receipts { source task state reason kept documents }"""
SUCCESS = {
    "customerExport": f"... on PrivacyRequested {{ request {{ {REQUEST} }} }}",
    "customerErase": f"... on PrivacyRequested {{ request {{ {REQUEST} }} }}",
}


def known_to_both(**wanted: Any) -> Person:
    """Somebody whom the shop and the tills know, and who has bought in both."""
    buyers = [{sale.customer for sale in sales} for sales in (online(SEED), at_tills(SEED))]
    return next(
        one
        for one in people(SEED)
        if one.shop in buyers[0]
        and one.tills in buyers[1]
        and all(getattr(one, name) == value for name, value in wanted.items())
    )


def a_key() -> str:
    return f"a-key-of-sixteen-{next(NUMBERS)}"


def shopper(subject: str, **claims: Any) -> dict[str, str]:
    token = ISSUER.token(PrincipalKind.CUSTOMER, subject, **claims)
    return {"authorization": f"Bearer {token}"}


def proved(person: Person) -> dict[str, str]:
    """Somebody who has signed in with an address that their provider has proved."""
    return shopper(f"sub-{person.number}", email=person.email, email_verified=True)


@dataclass
class Clock:
    ahead: timedelta = field(default_factory=timedelta)
    begun: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class House:
    """Asks as anybody."""

    sandbox: Sandbox
    clock: Clock
    store: Path

    @property
    def staff(self) -> Asker:
        return Asker(self.sandbox.ask.http, STAFF)

    def by(self, headers: dict[str, str]) -> Asker:
        return Asker(self.sandbox.ask.http, headers)

    async def done(self, asker: Asker, name: str, /, **given: Any) -> dict[str, Any]:
        """What came of a mutation."""
        kind = name[0].upper() + name[1:]
        more = STAFF_SEES if asker.headers == STAFF else ""
        changed = f"... on CustomerChanged {{ silent customer {{ {CUSTOMER} {more} }} }}"
        text = f"""mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{
          __typename {PROBLEM} {SUCCESS.get(name, changed)} }} }}"""
        done: dict[str, Any] = (await asker.data(text, input=given))["done"]
        return done

    async def registered(self, headers: dict[str, str], **profile: Any) -> dict[str, Any]:
        given = {"profile": profile, "idempotencyKey": a_key()}
        done = await self.done(self.by(headers), "customerRegister", **given)
        assert done["__typename"] == "CustomerChanged", done
        customer: dict[str, Any] = done["customer"]
        return customer

    async def bought(self, asker: Asker, **page: Any) -> dict[str, Any]:
        text = f"""query Q($first: Int, $after: String) {{
          me {{ purchases(first: $first, after: $after) {{ {PURCHASES} }} }} }}"""
        found: dict[str, Any] = (await asker.data(text, **page))["me"]["purchases"]
        return found

    async def seen(self, customer: str, fields: str) -> Any:
        text = f"query Q($id: ID!) {{ customer(id: $id) {{ {fields} }} }}"
        return (await self.staff.data(text, id=customer))["customer"]

    async def linked(self, customer: str, source: str, **contact: str) -> None:
        """Staff says that the one of this contact in a system is the customer."""
        text = """query Q($email: String, $loyaltyCard: String) {
          customerCandidates(email: $email, loyaltyCard: $loyaltyCard) {
            candidates { identityId source } } }"""
        found = (await self.staff.data(text, **contact))["customerCandidates"]["candidates"]
        (identity,) = [one["identityId"] for one in found if one["source"] == source]
        given = {"customerId": customer, "identityId": identity}
        done = await self.done(self.staff, "customerLink", **given)
        assert done["__typename"] == "CustomerChanged", done

    async def request(self, asker: Asker, id_: str) -> dict[str, Any] | None:
        text = f"query Q($id: ID!) {{ privacyRequest(id: $id) {{ {REQUEST} }} }}"
        found: dict[str, Any] | None = (await asker.data(text, id=id_))["privacyRequest"]
        return found

    async def ordered(self, person: Person, customer: str | None, **buyer: str) -> str:
        """The number of an order out of the shop's depot, in the person's name."""
        guest, sku = self.sandbox.ask, await self._sold_by_the_shop()
        lines = [{"sku": sku, "quantity": 1}]
        cart = await self._cart("cartCreate", channel="WEB", lines=lines)
        contact = {"email": person.email, "phone": "+44 7700 900999"}
        given = {"cartId": cart["id"], "version": cart["version"], "buyer": contact}
        cart = await self._cart("cartBuyerSet", **given)
        cart = await self._cart("cartHold", cartId=cart["id"], version=cart["version"])
        given = {
            "cartId": cart["id"],
            "version": cart["version"],
            "buyer": {"name": f"{person.given} {person.family}", **contact, **buyer},
            "method": "SHIP_TO_HOME",
            "address": {"lines": [person.street], "city": "Verona", "country": "IT"},
            "paymentToken": "tok_ok",
            "idempotencyKey": a_key(),
        }
        text = """mutation Buy($input: OrderPlaceInput!) { done: orderPlace(input: $input) {
          __typename ... on Problem { code message path }
          ... on OrderPlaced { accessToken order { number } } } }"""
        placed = (await guest.data(text, input=given))["done"]
        number, token = placed["order"]["number"], placed["accessToken"]
        await self.belongs(cart["id"], number, customer)
        text = "query Q($n: ID!, $t: String!) { order(number: $n, accessToken: $t) { state } }"
        for _ in range(200):
            await self.sandbox.gateway.services.order_worker.round()
            if (await guest.data(text, n=number, t=token))["order"] == {"state": "SOURCED"}:
                return str(number)
            await asyncio.sleep(0.05)
        raise AssertionError(number)

    async def belongs(self, cart: str, number: str, customer: str | None) -> None:
        """Say in the store whose a cart and its order are."""
        if customer is None:
            return
        ids = {"customer": key_of(customer, "Customer")}

        def change(work: Work) -> None:
            mine = update(carts).where(carts.c.id == key_of(cart, "Cart"))
            work.connection.execute(mine.values(ids))
            work.connection.execute(update(orders).where(orders.c.number == number).values(ids))

        await self.sandbox.gateway.store.act(change, now=self.clock())

    async def _cart(self, name: str, /, **given: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:]
        text = f"""mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{
          {PROBLEM} ... on CartChanged {{ cart {{ id version }} }} }} }}"""
        done = (await self.sandbox.ask.data(text, input=given))["done"]
        cart: dict[str, Any] = done["cart"]
        return cart

    async def _sold_by_the_shop(self) -> str:
        """Something of which the depot has many."""
        text = """{ products(first: 20) { edges { node { variants(first: 3) { sku
          availability(locations: ["ECOM-1"]) { availableToSell } } } } } }"""
        edges = (await self.sandbox.ask.data(text))["products"]["edges"]
        variants = [one for edge in edges for one in edge["node"]["variants"]]
        some = max(variants, key=lambda one: one["availability"][0]["availableToSell"] or 0)
        return str(some["sku"])

    async def until(
        self,
        asker: Asker,
        id_: str,
        met: Callable[[dict[str, Any]], bool],
        *,
        waiting: timedelta = timedelta(),
    ) -> dict[str, Any]:
        """The request, once it is so far; the worker goes on, each time after `waiting`."""
        worker = self.sandbox.gateway.services.people.privacy.worker
        for _ in range(200):
            found = await self.request(asker, id_)
            assert found is not None
            if met(found):
                return found
            self.clock.ahead += waiting
            await worker.round()
            await asyncio.sleep(0.05)
        raise AssertionError(found)


@asynccontextmanager
async def house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """A gateway that keeps its store in a file of the folder."""
    file, clock = folder / "store.db", Clock()
    await upgrade(f"sqlite:///{file}")
    changes.setdefault("requests", {"budget": "PT60S", "max_cost": 100_000})
    changes.setdefault("channels", {"WEB": FROM_THE_DEPOT})
    changes.setdefault("pricing", {})  # its rules name other channels
    store = {"url": f"sqlite:///{file}"}
    async with sandbox_gateway(now=clock, store=store, **changes) as sandbox:
        yield House(sandbox, clock, file)
