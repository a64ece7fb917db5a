"""Whatever somebody does, and whatever staff reads of persons, stands in the audit log."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Hashable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, create_engine, select

from app.carts.tables import carts
from app.cli import tessera
from app.principals.model import Principal
from app.store import Store, StoreUnavailable, Work
from app.store.auditing import Sealed, entries
from app.values import PrincipalKind
from tests.carts.shopping import Shopper, shopping
from tests.databases import address, empty, migrated_postgres, postgres, store
from tests.gateways import Asker
from tests.staff import ISSUER, as_

__all__ = ["address", "empty", "migrated_postgres", "postgres", "store"]
ADD = """mutation Add($input: CartLinesAddInput!) { cartLinesAdd(input: $input) {
  ... on CartChanged { cart { id ... @defer { subtotal { amount } } } } } }"""
PARTS = "multipart/mixed;deferSpec=20220824"
SETTINGS = """
[connections.shop]
connector = "sandbox"
[bind]
catalogue = "shop"
prices = "shop"
[channels.WEB]
currency = "EUR"
country = "IT"
locale = "it"
[store]
url = { env = "STORE" }
"""
T = TypeVar("T")
BUYER = {"email": "ada@example.com", "phone": "+390451234567"}
LOOK = "query Look($id: ID!) { cart(id: $id) { version buyer { email } } }"
PLAIN = "query Look($id: ID!) { cart(id: $id) { version lines { sku } } }"
LATER = """query Look($id: ID!) { cart(id: $id) { version
  ... @defer { subtotal { amount } buyer { email } } } }"""


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


async def log(store: Store) -> list[Sealed]:
    return await store.read(lambda db: list(entries(db)))


def cart_id(connection: Connection) -> Any:
    return connection.scalar(select(carts.c.id))


async def a_cart(shopper: Shopper) -> dict[str, Any]:
    cart = await shopper.new(SHIRT_M=1)
    return await shopper.cart(
        "cartBuyerSet", cartId=cart["id"], version=cart["version"], buyer=BUYER
    )


def asking(shopper: Shopper, kind: PrincipalKind) -> Asker:
    return Asker(shopper.ask.http, as_(kind, "ada"))


def pseudonym(kind: PrincipalKind) -> str:
    [issuer] = [one.issuer for one in ISSUER.access().issuers.values() if one.kind is kind]
    return Principal(kind, issuer, "ada").pseudonym


async def test_guests_leave_nothing_in_it(shopper: Shopper) -> None:
    cart = await a_cart(shopper)
    assert (await shopper.ask.data(LOOK, id=cart["id"]))["cart"]["buyer"]["email"]

    assert await log(shopper.store) == []


@pytest.mark.parametrize("kind", [PrincipalKind.STAFF, PrincipalKind.OPERATOR])
async def test_who_reads_of_a_person_is_written_down(shopper: Shopper, kind: PrincipalKind) -> None:
    cart = await a_cart(shopper)
    found = await asking(shopper, kind).data(LOOK, id=cart["id"])

    assert found["cart"]["buyer"]["email"] == "ada@example.com"
    [one] = await log(shopper.store)
    assert (one.entry.by.kind, one.entry.by.who) == (kind, pseudonym(kind))
    assert (one.entry.what, one.entry.entity) == ("Read", await shopper.store.read(cart_id))
    assert one.entry.fields == "Cart.buyer CartBuyer.email"
    assert "example.com" not in repr(one)


async def test_what_tells_of_nobody_is_not(shopper: Shopper) -> None:
    cart = await a_cart(shopper)
    await asking(shopper, PrincipalKind.STAFF).data(PLAIN, id=cart["id"])
    missing = await asking(shopper, PrincipalKind.STAFF).data(
        LOOK, id=b64encode(b"Cart:" + b"x" * 24).decode()
    )

    assert missing["cart"] is None
    assert await log(shopper.store) == []


async def test_what_is_put_off_is_not_put_off_for_staff(shopper: Shopper) -> None:
    cart = await a_cart(shopper)
    staff = asking(shopper, PrincipalKind.STAFF)
    answer = await staff.http.post(
        "/graphql",
        json={"query": LATER, "variables": {"id": cart["id"]}},
        headers={**staff.headers, "accept": PARTS},
    )

    assert "ada@example.com" in answer.text
    [one] = await log(shopper.store)
    assert one.entry.fields == "Cart.buyer CartBuyer.email"


async def test_what_staff_and_customers_do_is_written_with_it(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    for kind in (PrincipalKind.STAFF, PrincipalKind.CUSTOMER):
        shopper.ask = asking(shopper, kind)
        cart = await shopper.cart(
            "cartLinesAdd",
            cartId=cart["id"],
            version=cart["version"],
            lines=[{"sku": "COAT-L", "quantity": 1}],
        )

    found = [(one.entry.by.kind, one.entry.what) for one in await log(shopper.store)]
    assert found == [
        ("STAFF", "CartLinesAdded"),
        ("STAFF", "Read"),  # of the buyer, in the cart that came back
        ("CUSTOMER", "CartLinesAdded"),
    ]


async def test_what_is_done_is_written_when_its_answer_comes_in_parts(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    customer = asking(shopper, PrincipalKind.CUSTOMER)
    added = {"cartId": cart["id"], "version": 1, "lines": [{"sku": "COAT-L", "quantity": 1}]}
    answer = await customer.http.post(
        "/graphql",
        json={"query": ADD, "variables": {"input": added}},
        headers={**customer.headers, "accept": PARTS},
    )

    assert '"hasNext":true' in answer.text
    found = [(one.entry.by.kind, one.entry.what) for one in await log(shopper.store)]
    assert found == [("CUSTOMER", "CartLinesAdded")]


class Deaf:
    """A store that answers questions and takes nothing any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.deaf = False
        self.read = store.read

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        if self.deaf:
            raise StoreUnavailable("The store does not answer. Try again later.")
        return await self._store.act(change, now=now, queue=queue)


async def test_nothing_is_told_that_could_not_be_written(store: Store) -> None:
    deaf = Deaf(store)
    async with shopping(deaf) as shopper:
        cart = await a_cart(shopper)
        deaf.deaf = True
        answer = await asking(shopper, PrincipalKind.STAFF).post(LOOK, id=cart["id"])

    assert answer.status_code == 503
    assert [one["extensions"]["code"] for one in answer.json()["errors"]] == ["STORE_UNAVAILABLE"]
    assert "ada@example.com" not in answer.text


def run(*arguments: str, store: str = "") -> Result:
    return CliRunner().invoke(tessera, arguments, env={"STORE": store})


def test_the_command_line_lists_verifies_and_finds_out(tmp_path: Path) -> None:
    (config := tmp_path / "tessera.toml").write_text(SETTINGS)
    url = f"sqlite:///{tmp_path}/store.db"

    def done(*words: str) -> Result:
        return run(*words, "--config", str(config), store=url)

    assert done("db", "upgrade").exit_code == 0
    assert done("audit", "verify").output == "The audit log is empty.\n"

    made = done("keys", "create", "--kind", "PARTNER", "--owner", "acme")
    one = json.loads(done("audit", "list").output)
    noted = done("audit", "verify").output.strip()
    told = {name: one[name] for name in ("seq", "kind", "who", "what", "entity")}
    assert told == {
        "seq": 1,
        "kind": "OPERATOR",
        "who": "command line",
        "what": "KeyCreated",
        "entity": made.stdout.split("_")[1],
    }
    assert noted == f"1:{one['seal']}"
    assert done("audit", "verify", "--known", noted).exit_code == 0
    assert done("audit", "verify", "--known", "1").exit_code == 2

    engine = create_engine(url)
    with engine.begin() as raw:
        raw.exec_driver_sql("DROP TRIGGER audit_entries_update")
        raw.exec_driver_sql("UPDATE audit_entries SET who = 'eve'")
    engine.dispose()
    broken = done("audit", "verify")
    assert broken.exit_code == 1
    assert "entry 1 is not what was written" in broken.output


def test_the_command_line_says_how_the_log_knows_somebody() -> None:
    found = run("audit", "who", "--kind", "STAFF", "workforce", "ada").output.strip()
    assert found == Principal(PrincipalKind.STAFF, "workforce", "ada").pseudonym
