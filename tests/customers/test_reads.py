"""What does it cost the store to know who has signed in? Statements, counted as they are sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app.principals.model import Viewer
from app.values import CustomerId
from tests.customers.shoppers import House, a_key, house, shopper
from tests.gateways import Asker

ADA, EVE = shopper("ada"), shopper("eve")
CART = "query Q($id: ID!) { cart(id: $id) { version } }"
LOOK = "query Q($n: ID!, $t: String) { order(number: $n, accessToken: $t) { state } }"
CHANGED = "__typename ... on CartChanged { cart { id version } } ... on Problem { code }"


@contextmanager
def reading() -> Iterator[list[str]]:
    """What was sent to the store meanwhile: where each transaction begins, and its statements."""
    sent: list[str] = []

    def begun(*_: Any) -> None:
        sent.append("BEGIN")

    def executed(_db: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "begin", begun)
    event.listen(Engine, "before_cursor_execute", executed)
    try:
        yield sent
    finally:
        event.remove(Engine, "begin", begun)
        event.remove(Engine, "before_cursor_execute", executed)


def whose(sent: list[str]) -> int:
    """How many of them ask for who has signed in."""
    return sum("FROM customers" in one and "identities" in one for one in sent)


def about(sent: list[str], table: str) -> int:
    """How many transactions read a table: neither those of the workers beside."""
    parts = "\0".join(sent).split("BEGIN")
    return sum(f"FROM {table}" in one for one in parts)


async def a_cart(at: House, asker: Asker) -> dict[str, Any]:
    lines = [{"sku": await at._sold_by_the_shop(), "quantity": 1}]
    text = f"mutation M($i: CartCreateInput!) {{ done: cartCreate(input: $i) {{ {CHANGED} }} }}"
    done = (await asker.data(text, i={"channel": "WEB", "lines": lines}))["done"]
    cart: dict[str, Any] = done["cart"]
    return cart


async def test_who_looks_at_a_cart_is_read_with_it_and_of_nobodys_not_at_all(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as at:
        await at.registered(ADA)
        mine, guests = await a_cart(at, at.by(ADA)), await a_cart(at, at.by({}))
        for asker, cart, asked in (
            (at.by(ADA), mine, 1),
            (at.by(EVE), mine, 1),
            (at.by(ADA), guests, 0),
            (at.staff, mine, 0),
            (at.by({}), guests, 0),
        ):
            with reading() as sent:
                found = (await asker.data(CART, id=cart["id"]))["cart"]
            assert (found is None) is (asker.headers == EVE)
            assert whose(sent) == asked
            assert about(sent, "carts") == 1
            # In the transaction of the cart, and not in one of its own.
            assert sum("FROM customers" in one for one in "\0".join(sent).split("BEGIN")) == asked


async def test_who_changes_a_cart_is_read_once(tmp_path: Path) -> None:
    text = f"mutation M($i: CartBuyerSetInput!) {{ done: cartBuyerSet(input: $i) {{ {CHANGED} }} }}"
    async with house(tmp_path) as at:
        await at.registered(ADA)
        mine = await a_cart(at, at.by(ADA))
        given = {"cartId": mine["id"], "version": 1, "buyer": {"email": "ada@example.com"}}
        given["idempotencyKey"] = a_key()
        with reading() as sent:
            assert (await at.by(ADA).data(text, i=given))["done"]["cart"]["version"] == 2
        assert whose(sent) == 1
        with reading() as sent:  # again, which is told from the key
            assert (await at.by(ADA).data(text, i=given))["done"]["cart"]["version"] == 2
        assert whose(sent) == 1
        refused = await at.by(EVE).data(text, i=given)
        assert refused["done"] == {"__typename": "CartNotFound", "code": "CART_NOT_FOUND"}


async def test_who_looks_at_an_order_is_read_with_it(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.registered(ADA)
        with reading() as sent:
            assert await at.by(ADA).data(LOOK, n="NOBODYS") == {"order": None}
        assert whose(sent) == 0


def test_who_was_never_asked_for_owns_nothing_by_mistake() -> None:
    with pytest.raises(RuntimeError):
        Viewer(sign_in="somebody").may_use(CustomerId("ada"))
    assert Viewer(sign_in="somebody").may_use(None)
