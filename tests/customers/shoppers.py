"""Shoppers and staff at a gateway over the sandbox's systems, and people whom these know."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from app.main import utc_now
from app.store.opening import upgrade
from app.values import PrincipalKind
from connectors.sandbox.retailer.people import Person, people
from connectors.sandbox.retailer.sales import at_tills, online
from tests.gateways import Asker, Sandbox, sandbox_gateway
from tests.staff import ISSUER, STAFF

SEED = 7
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

    async def until(
        self, asker: Asker, id_: str, met: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """The request, once it is so far; the worker is asked to go on."""
        worker = self.sandbox.gateway.services.people.privacy.worker
        for _ in range(200):
            found = await self.request(asker, id_)
            assert found is not None
            if met(found):
                return found
            await worker.round()
        raise AssertionError(found)


@asynccontextmanager
async def house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """A gateway that keeps its store in a file of the folder."""
    file, clock = folder / "store.db", Clock()
    await upgrade(f"sqlite:///{file}")
    changes.setdefault("requests", {"budget": "PT60S", "max_cost": 100_000})
    store = {"url": f"sqlite:///{file}"}
    async with sandbox_gateway(now=clock, store=store, **changes) as sandbox:
        yield House(sandbox, clock, file)
