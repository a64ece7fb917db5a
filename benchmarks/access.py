"""What do the rules of who may read what cost a request, and what do proof and audit log?

In process, on one core: whole requests over ASGI, through two applications over the same services,
one of them with a schema that lets everybody read everything. Answers are not kept. The store is
SQLite in a file; its threads count. An entry of the audit log is a transaction that is on the disk
before the answer leaves. The number of microseconds is CPU of this process.
"""

import asyncio
from contextlib import AsyncExitStack
from copy import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from app.api.access_directives import access_of
from app.api.schema import Schema, build_schema, core
from app.engine.gate import ANYTHING
from app.main import Gateway, utc_now
from app.store import Store, open_store
from app.store.opening import upgrade
from app.values import PrincipalKind
from benchmarks.executors import ROUNDS, Turn, measured
from tests.carts.shopping import PROBLEM, SHIRT, a_shop
from tests.gateways import Asker, asking, running_over
from tests.staff import as_

ADA, STAFF = as_(PrincipalKind.CUSTOMER, "ada"), as_(PrincipalKind.STAFF)
PAGE = "query Page { products(first: 10) { edges { node { name variants { sku } } } } }"
PLAIN = "query Cart($id: ID!) { cart(id: $id) { version lines { sku quantity } } }"
PERSONAL = "query Cart($id: ID!) { cart(id: $id) { version buyer { email } } }"
CHANGED = f"{PROBLEM} ... on CartChanged {{ cart {{ id version }} }}"
CREATE = f"mutation M($i: CartCreateInput!) {{ done: cartCreate(input: $i) {{ {CHANGED} }} }}"
BUYER = f"mutation M($i: CartBuyerSetInput!) {{ done: cartBuyerSet(input: $i) {{ {CHANGED} }} }}"
Measured = dict[str, float]


async def main() -> None:
    """Measure and print."""
    print(
        f"\nAccess: CPU µs a request, medians of {ROUNDS} interleaved rounds;"
        " with the rules, without them, and what is between"
    )
    with TemporaryDirectory() as folder:
        address = f"sqlite:///{Path(folder) / 'store.db'}"
        await upgrade(address)
        async with open_store(address) as store:
            found = await compared(store)
    for name in dict.fromkeys(name for name, _ in found):
        with_, without = found[name, True] * 1e6, found[name, False] * 1e6
        print(f"  {name:52} {with_:8.1f} {without:8.1f}  {with_ - without:+8.1f}")


async def compared(store: Store) -> dict[tuple[str, bool], float]:
    """CPU seconds of each request, with the rules and without."""
    gateway = await running_over(
        {"shop": a_shop()},
        kept_in=store,
        now=utc_now,
        cache={"answers": False},
        freshness={name: {"fresh_for": "PT1H"} for name in ("catalogue", "prices", "stock")},
    )
    rules = build_schema()
    assert rules.access == access_of(core(rules))
    async with AsyncExitStack() as stack:
        turns: dict[str, Turn] = {}
        for ruled in (True, False):
            app = gateway.app(rules if ruled else without_rules(rules))
            ask = await stack.enter_async_context(asking(app))
            for name, turn in (await requests(gateway, ask)).items():
                turns[f"{ruled:d}{name}"] = turn
        figures = await measured(turns)
    return {(name[1:], name[0] == "1"): seconds for name, seconds in figures.items()}


def without_rules(schema: Schema) -> Schema:
    """The same, which everybody may read all of."""
    free = copy(schema)
    free.access = ANYTHING
    return free


async def requests(gateway: Gateway, ask: Asker) -> dict[str, Turn]:
    """What is asked, by whom."""
    assert gateway.principals is not None
    guests, mine = await a_cart(ask, {}), await a_cart(ask, ADA)
    return {
        "a page, a guest": asking_as(ask, {}, PAGE),
        "a page, a customer who has signed in": asking_as(ask, ADA, PAGE),
        "a cart of nobody, a guest": asking_as(ask, {}, PLAIN, id=guests),
        "a cart of nobody, a customer who has signed in": asking_as(ask, ADA, PLAIN, id=guests),
        "their own cart, a customer who has signed in": asking_as(ask, ADA, PLAIN, id=mine),
        "a customer's cart, staff": asking_as(ask, STAFF, PLAIN, id=mine),
        "who buys (@personal), the customer": asking_as(ask, ADA, PERSONAL, id=mine),
        "who buys (@personal), staff, with the audit entry": asking_as(
            ask, STAFF, PERSONAL, id=mine
        ),
    }


async def a_cart(ask: Asker, headers: dict[str, str]) -> str:
    """A cart with a line and a buyer."""
    asker = Asker(ask.http, headers)
    lines = [{"sku": SHIRT, "quantity": 1}]
    cart = (await asker.data(CREATE, i={"lines": lines}))["done"]["cart"]
    given = {"cartId": cart["id"], "version": cart["version"], "buyer": {"email": "a@example.com"}}
    await asker.data(BUYER, i=given)
    return str(cart["id"])


def asking_as(ask: Asker, headers: dict[str, str], text: str, **variables: Any) -> Turn:
    """One request of somebody; an answer that is not whole ends it all."""

    async def turn() -> bytes:
        body = {"query": text, "variables": variables}
        answer: httpx.Response = await ask.http.post("/graphql", json=body, headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert b'"errors"' not in answer.content, answer.text
        return answer.content

    return turn


if __name__ == "__main__":
    asyncio.run(main())
