"""What was promised on the page is what is held, ordered and paid; or its drift is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app import settings as config
from app.availability.tables import slot_places
from app.main import utc_now
from app.ports import find_connectors
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.faults import Fault
from tests.gateways import Sandbox, sandbox_gateway

MILAN = {"country": "IT", "postalCode": "20144"}
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
DAYS_LATER = timedelta(days=6)  # over Christmas or Easter nothing is sent for some of them
HOME = {"lines": ["Via Tortona 1"], "city": "Milano", "postalCode": "20144", "country": "IT"}
OPTION = "token latest costToCustomer { amount } legs { location { code } lines { sku quantity } }"
OPTIONS = f"""query Options($input: PromiseOptionsInput!) {{ promiseOptions(input: $input) {{
  ... on PromiseOptions {{ choices {{ options {{ {OPTION} }} }} }} }} }}"""
CART = """id version lines { id } promises { token lineIds method latest costToCustomer { amount }
  units { sku locationCode quantity } }
  hold { units { sku locationCode quantity } }
  problems { code severity drift { cause before { latest } after { latest } } }"""
DONE = f"__typename ... on Problem {{ code path }} ... on CartChanged {{ cart {{ {CART} }} }}"
DRIFTED = "... on PromiseDrifted { drift { cause before { latest } after { latest } } }"
ORDER = """number state delivery { amount } total { amount } lines { sku quantity locationCode }"""


@dataclass
class Clock:
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class Shopper:
    sandbox: Sandbox
    clock: Clock
    sku: str

    async def do(self, name: str, told: str = "", /, **given: Any) -> dict[str, Any]:
        if not told:
            told = DONE + (DRIFTED if name in {"cartPromiseSelect", "cartHold"} else "")
        kind = name[0].upper() + name[1:]
        text = f"mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{ {told} }} }}"
        done: dict[str, Any] = (await self.sandbox.ask.data(text, input=given))["done"]
        return done

    async def cart(self, name: str, cart: dict[str, Any], **given: Any) -> dict[str, Any]:
        done = await self.do(name, cartId=cart["id"], version=cart["version"], **given)
        assert done["__typename"] == "CartChanged", done
        changed: dict[str, Any] = done["cart"]
        return changed

    async def new(self, quantity: int = 1) -> dict[str, Any]:
        lines = [{"sku": self.sku, "quantity": quantity}]
        created: dict[str, Any] = (await self.do("cartCreate", channel="APP", lines=lines))["cart"]
        return created

    async def options(self, quantity: int = 1) -> list[dict[str, Any]]:
        lines = [{"sku": self.sku, "quantity": quantity}]
        asked = {"lines": lines, "destination": MILAN, "channel": "APP"}
        found = await self.sandbox.ask.data(OPTIONS, input=asked)
        options: list[dict[str, Any]] = found["promiseOptions"]["choices"][0]["options"]
        return options

    async def promised(self, quantity: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
        """A cart with a promise, and the option that was chosen for it."""
        cart = await self.new(quantity)
        option = (await self.options(quantity))[0]
        given = {"token": option["token"], "destination": MILAN}
        return await self.cart("cartPromiseSelect", cart, **given), option


@asynccontextmanager
async def shopping(*, stock: str = "PT0S", **sections: Any) -> AsyncIterator[Shopper]:
    clock = Clock()
    settings: dict[str, Any] = {
        "freshness": {"stock": {"fresh_for": stock}},
        "connection": {"timeout": "PT20S"},
        **sections,
    }
    async with sandbox_gateway(now=clock, **settings) as sandbox:
        found = await sandbox.ask.data(
            "{ products(first: 9) { edges { node { variants(first: 1) { sku } } } } }"
        )
        for edge in found["products"]["edges"]:
            shopper = Shopper(sandbox, clock, edge["node"]["variants"][0]["sku"])
            if await shopper.options(2):
                break
        yield shopper


async def test_the_promise_of_the_page_is_held_where_it_was_made_and_ordered_as_it_was() -> None:
    async with shopping() as shopper:
        cart, option = await shopper.promised(2)
        [promise] = cart["promises"]
        held = await shopper.cart("cartHold", cart)
        placed = await shopper.do(
            "orderPlace",
            f"... on OrderPlaced {{ order {{ {ORDER} }} }} ... on Problem {{ code path }}",
            cartId=held["id"],
            version=held["version"],
            buyer=BUYER,
            method="SHIP_TO_HOME",
            address=HOME,
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )

    assert promise["latest"] == option["latest"]
    assert promise["costToCustomer"] == option["costToCustomer"]
    assert promise["lineIds"] == [cart["lines"][0]["id"]]
    sources = {(leg["location"]["code"], leg["lines"][0]["quantity"]) for leg in option["legs"]}
    assert {(one["locationCode"], one["quantity"]) for one in held["hold"]["units"]} == sources
    assert held["promises"][0]["units"] == promise["units"]
    assert held["problems"] == []
    order = placed["order"]
    assert order["delivery"] == option["costToCustomer"]
    assert {(one["locationCode"], one["quantity"]) for one in order["lines"]} == sources


async def test_a_promise_whose_cut_off_has_passed_is_told_and_nothing_is_held() -> None:
    async with shopping() as shopper:
        cart, _ = await shopper.promised()
        shopper.clock.ahead = DAYS_LATER
        done = await shopper.do("cartHold", cartId=cart["id"], version=cart["version"])
        text = f"query Look($id: ID!) {{ cart(id: $id) {{ {CART} }} }}"
        seen = (await shopper.sandbox.ask.data(text, id=cart["id"]))["cart"]

    assert (done["__typename"], done["code"]) == ("PromiseDrifted", "PROMISE_DRIFTED")
    assert done["drift"]["cause"] == "CUTOFF_PASSED"
    assert done["drift"]["before"]["latest"] == cart["promises"][0]["latest"]
    assert done["drift"]["after"]["latest"] > done["drift"]["before"]["latest"]
    assert seen["hold"] is None
    assert [(one["code"], one["severity"]) for one in seen["problems"]] == [
        ("PROMISE_DRIFTED", "REVIEW")
    ]
    assert seen["problems"][0]["drift"]["cause"] == "CUTOFF_PASSED"


async def test_an_order_of_an_outdated_promise_is_refused_with_its_drift() -> None:
    async with shopping() as shopper:
        cart, _ = await shopper.promised()
        held = await shopper.cart("cartHold", cart)
        shopper.clock.ahead = DAYS_LATER
        done = await shopper.do(
            "orderPlace",
            "__typename ... on PromiseDrifted { drift { cause } } ... on Problem { code }",
            cartId=held["id"],
            version=held["version"],
            buyer=BUYER,
            method="SHIP_TO_HOME",
            address=HOME,
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )

    assert (done["__typename"], done["drift"]["cause"]) == ("PromiseDrifted", "CUTOFF_PASSED")


async def test_an_order_is_sent_where_it_was_promised_to_or_its_drift_is_told() -> None:
    told = """__typename ... on OrderPlaced { order { delivery { amount } } }
      ... on Problem { code path }
      ... on PromiseDrifted { drift { cause before { costToCustomer { amount } }
        after { costToCustomer { amount } token } } }"""
    places = {
        "another area": {"country": "IT", "postalCode": "90133", "city": "Palermo"},
        "another country": {"country": "CH", "postalCode": "8001", "city": "Zürich"},
        "no postal code": {"country": "IT", "city": "Milano"},
        "not served": {"country": "US", "postalCode": "99501", "city": "Anchorage"},
        "unknown": {"country": "AQ", "city": "McMurdo"},
        "the same area": {"country": "IT", "postalCode": "20 121", "city": "Milano"},
    }
    done = {}
    async with shopping() as shopper:
        cart, option = await shopper.promised()
        held = await shopper.cart("cartHold", cart)
        for name, place in places.items():
            done[name] = await shopper.do(
                "orderPlace",
                told,
                cartId=held["id"],
                version=held["version"],
                buyer=BUYER,
                method="SHIP_TO_HOME",
                address={"lines": ["Via Tortona 1"], **place},
                paymentToken="tok_ok",
                idempotencyKey="a-key-of-this-order-only",
            )
        asked = {
            "lines": [{"sku": shopper.sku, "quantity": 1}],
            "destination": {"country": "IT", "postalCode": "90133"},
            "channel": "APP",
        }
        check = """query Check($token: String!, $input: PromiseOptionsInput!) {
          promiseCheck(token: $token, input: $input) {
            ... on PromiseOption { costToCustomer { amount } } } }"""
        token = done["another area"]["drift"]["after"].pop("token")
        there = await shopper.sandbox.ask.data(check, token=token, input=asked)

    fee = option["costToCustomer"]
    for name in ("another area", "another country", "no postal code"):
        assert done[name]["__typename"] == "PromiseDrifted", done
        assert done[name]["drift"]["cause"] == "ADDRESS"
        assert done[name]["drift"]["before"]["costToCustomer"] == fee
        assert done[name]["drift"]["after"] is not None
    assert there["promiseCheck"] == done["another area"]["drift"]["after"]
    assert {name: list(done[name].values()) for name in ("not served", "unknown")} == {
        "not served": ["DestinationProblem", "DESTINATION_NOT_SERVED", ["input", "address"]],
        "unknown": ["DestinationProblem", "DESTINATION_UNKNOWN", ["input", "address"]],
    }
    assert done["the same area"]["order"]["delivery"] == fee


async def test_what_one_cart_holds_is_promised_to_it_alone() -> None:
    query = """query Sellable($skus: [Sku!]!, $at: [LocationCode!]) { variants(skus: $skus) {
      availability(locations: $at) { availableToSell } } }"""
    async with shopping() as shopper:
        [code] = {leg["location"]["code"] for leg in (await shopper.options())[0]["legs"]}
        asked = {"skus": [shopper.sku], "at": [code]}
        [variant] = (await shopper.sandbox.ask.data(query, **asked))["variants"]
        everything = variant["availability"][0]["availableToSell"]
        cart = await shopper.new(everything)
        parts = [{"lineId": cart["lines"][0]["id"], "location": code, "quantity": everything}]
        held = await shopper.cart("cartHold", cart, parts=parts)
        others = await shopper.options()
        own = await shopper.cart("cartHold", held, parts=parts)

    assert {leg["location"]["code"] for one in others for leg in one["legs"]}.isdisjoint({code})
    assert own["hold"]["units"] == held["hold"]["units"]


async def test_who_looks_at_a_promise_asks_nobody_anew_and_what_is_held_needs_no_stock() -> None:
    text = f"query Look($id: ID!) {{ cart(id: $id) {{ {CART} }} }}"
    async with shopping(stock="PT1M") as shopper:
        cart, _ = await shopper.promised()
        shopper.sandbox.forget_calls()
        looked = (await shopper.sandbox.ask.data(text, id=cart["id"]))["cart"]
        calls = shopper.sandbox.calls
    async with shopping() as shopper:
        cart, _ = await shopper.promised()
        held = await shopper.cart("cartHold", cart)
        for upstream in shopper.sandbox.upstreams.values():
            upstream.break_with(Fault(kind="fail"))
        silent = (await shopper.sandbox.ask(text, id=held["id"]))["data"]["cart"]

    assert (looked["problems"], calls) == ([], {})
    assert "PROMISE_DRIFTED" not in [one["code"] for one in silent["problems"]]


async def test_another_quantity_ends_a_promise_and_what_is_held() -> None:
    async with shopping() as shopper:
        cart, _ = await shopper.promised()
        held = await shopper.cart("cartHold", cart)
        more = [{"lineId": held["lines"][0]["id"], "quantity": 2}]
        changed = await shopper.cart("cartLinesUpdate", held, lines=more)

    assert (changed["promises"], changed["hold"]) == ([], None)


async def test_a_promise_of_other_lines_or_of_nobody_is_a_problem() -> None:
    async with shopping() as shopper:
        cart = await shopper.new(2)
        token = (await shopper.options(1))[0]["token"]
        told = {}
        for name, given in {"other": token, "forged": token[:-3] + "abc", "none": "x"}.items():
            done = await shopper.do(
                "cartPromiseSelect",
                cartId=cart["id"],
                version=cart["version"],
                token=given,
                destination=MILAN,
            )
            told[name] = (done["__typename"], done["code"], done["path"])

    assert told == {
        "other": ("TokenProblem", "TOKEN_OF_OTHER_LINES", ["token"]),
        "forged": ("TokenProblem", "TOKEN_INVALID", ["token"]),
        "none": ("TokenProblem", "TOKEN_INVALID", ["token"]),
    }


async def test_an_order_keeps_the_places_of_its_hold_until_it_is_cancelled() -> None:
    owners = select(slot_places.c.owner, slot_places.c.expires_at).distinct()
    demo = config.load(find_connectors(CONNECTORS)["sandbox"].folder / "demo.toml")
    promises = demo.promises.model_dump(mode="json")
    for place in promises["workplaces"].values():
        place["slot_orders"] = 5
    async with shopping(promises=promises) as shopper:
        store = shopper.sandbox.gateway.store
        cart, _ = await shopper.promised()
        held = await shopper.cart("cartHold", cart)
        [holder] = await store.read(lambda db: db.execute(owners).all())
        placed = await shopper.do(
            "orderPlace",
            "... on OrderPlaced { accessToken order { number } }",
            cartId=held["id"],
            version=held["version"],
            buyer=BUYER,
            method="SHIP_TO_HOME",
            address=HOME,
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )
        [owner] = await store.read(lambda db: db.execute(owners).all())
        number = placed["order"]["number"]
        given = {"number": number, "accessToken": placed["accessToken"]}
        await shopper.do("orderCancel", "__typename", **given)
        while await store.read(lambda db: db.execute(owners).all()):
            await shopper.sandbox.gateway.services.order_worker.round()

    assert holder.owner.startswith("cart:")
    assert holder.expires_at is not None
    assert (owner.owner, owner.expires_at) == (number, None)
