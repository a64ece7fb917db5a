"""Orders and carts are followed over sockets, event streams and pages, by the same cursors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from inspect import isfunction, signature
from typing import Any

import httpx
import orjson
import pytest

from app.api.nodes import global_id
from app.api.schema import build_schema
from app.carts import events as cart_events
from app.carts.model import Cart, CartId, CartPromise, PromiseChoice
from app.events.retention import sweep
from app.main import utc_now
from app.principals.model import Principal
from app.store import Store
from app.store.tables import log_head
from app.values import ChannelCode, CurrencyCode, FulfilmentMethod, Money, PrincipalKind
from tests.builders import NOON
from tests.carts.shopping import a_shop
from tests.events.orders import Desk, token_of
from tests.staff import STAFF, as_
from tests.streams.served import Client, Served, served

QUICK = {"poll_every": "PT0.02S"}
EVENT = """__typename
  ... on StreamEvent { cursor }
  ... on OrderSnapshot { seq lastSeq complete orders { number state } }
  ... on OrderDelta { seq prevSeq entity version change state order { number state } }
  ... on Removed { seq prevSeq entity }
  ... on Gap { code from to resyncFrom }"""
ARGUMENTS = "$after: Cursor, $order: ID, $accessToken: String"
GIVEN = "after: $after, order: $order, accessToken: $accessToken"
FOLLOW = f"subscription Follow({ARGUMENTS}) {{ orderEvents({GIVEN}) {{ {EVENT} }} }}"
PAGE = f"""query Page({ARGUMENTS}, $first: Int) {{
  orderEvents({GIVEN}, first: $first) {{ cursor events {{ {EVENT} }} }} }}"""
CART = "subscription Cart($id: ID!) { cartChanged(id: $id) { version lines { sku quantity } } }"


@asynccontextmanager
async def house(store: Store, **sections: Any) -> AsyncIterator[Served]:
    sections = {"events": QUICK, "now": utc_now, **sections}
    async with served(schema=build_schema(), kept_in=store, **sections) as gateway:
        yield gateway


@asynccontextmanager
async def socket(gateway: Served, headers: dict[str, str]) -> AsyncIterator[Client]:
    async with gateway.socket() as client:
        await client.say(type="connection_init", payload=headers)
        assert await client.hear() == {"type": "connection_ack"}
        yield client


async def heard(client: Client, *, field: str = "orderEvents") -> dict[str, Any]:
    """The next event that is more than a sign of life."""
    while True:
        message = await client.hear()
        assert message["type"] == "next", message
        event: dict[str, Any] = message["payload"]["data"][field]
        if event.get("__typename") != "Heartbeat":
            return event


async def error_of(client: Client, **variables: Any) -> dict[str, Any]:
    await client.ask("1", FOLLOW, **variables)
    message = await client.hear()
    assert message["type"] == "error", message
    [error] = message["payload"]
    return {"message": error["message"], "code": error["extensions"]["code"]}


async def test_staff_follows_all_orders(store: Store) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    async with house(store) as gateway, socket(gateway, STAFF) as client:
        await client.ask("1", FOLLOW)
        first = await heard(client)
        assert {**first, "cursor": None} == {
            "__typename": "OrderSnapshot",
            "cursor": None,
            "seq": 1,
            "lastSeq": 1,
            "complete": True,
            "orders": [{"number": "AAAA", "state": "PENDING_CONFIRMATION"}],
        }
        await desk.go_on("AAAA")
        second = await heard(client)

    assert {**second, "cursor": None} == {
        "__typename": "OrderDelta",
        "cursor": None,
        "seq": 2,
        "prevSeq": 1,
        "entity": "AAAA",
        "version": 2,
        "change": "OrderPlaced",
        "state": "PLACED",
        "order": {"number": "AAAA", "state": "PLACED"},
    }


async def test_a_cursor_goes_on_over_every_transport(store: Store) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    mine = {"order": "AAAA", "accessToken": token_of("AAAA")}
    async with house(store) as gateway:
        async with gateway.client() as client:
            await client.ask("1", FOLLOW, **mine)
            cursor = (await heard(client))["cursor"]
        await desk.place("BBBB")
        await desk.go_on("AAAA")
        async with httpx.AsyncClient(timeout=10) as http:
            seen = []
            async for id_, event in events(gateway, http, cursor, **mine):
                seen.append(event["seq"])
                assert id_ == event["cursor"]
                cursor = id_
                break
            await desk.go_on("AAAA")
            asked = {"query": PAGE, "variables": {**mine, "after": cursor}}
            body = (await http.post(gateway.url, json=asked)).json()
            [paged] = body["data"]["orderEvents"]["events"]
            cursor = body["data"]["orderEvents"]["cursor"]
        await desk.go_on("AAAA")
        async with gateway.client() as client:
            await client.ask("1", FOLLOW, **mine, after=cursor)
            last = await heard(client)

    assert seen == [3]
    assert (paged["seq"], paged["prevSeq"]) == (4, 3)
    assert (last["seq"], last["prevSeq"], last["state"]) == (5, 4, "IN_FULFILMENT")


async def events(
    gateway: Served, http: httpx.AsyncClient, last: str | None, **variables: Any
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """What is told as server-sent events after the last one, but for signs of life."""
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": last})
    body = {"query": FOLLOW, "variables": variables}
    async with http.stream("POST", gateway.url, json=body, headers=headers) as response:
        id_ = ""
        async for line in response.aiter_lines():
            if line.startswith("id: "):
                id_ = line.removeprefix("id: ")
            elif line.startswith("data: {"):
                event = orjson.loads(line.removeprefix("data: "))["data"]["orderEvents"]
                if event["__typename"] != "Heartbeat":
                    yield id_, event


@pytest.mark.parametrize(
    ("headers", "variables", "code"),
    [
        ({}, {}, "BAD_USER_INPUT"),
        (as_(PrincipalKind.CUSTOMER), {}, "BAD_USER_INPUT"),
        (as_(PrincipalKind.PARTNER), {}, "PARTNER_UNKNOWN"),
        ({}, {"order": "AAAA"}, "ORDER_NOT_FOUND"),
        ({}, {"order": "AAAA", "accessToken": "other"}, "ORDER_NOT_FOUND"),
        ({}, {"order": "NONE", "accessToken": "other"}, "ORDER_NOT_FOUND"),
        ({}, {"order": "AAAA\0", "accessToken": token_of("AAAA")}, "ORDER_NOT_FOUND"),
        (as_(PrincipalKind.CUSTOMER), {"order": "AAAA"}, "ORDER_NOT_FOUND"),
        ({}, {"order": "OWNED", "accessToken": token_of("AAAA")}, "ORDER_NOT_FOUND"),
        (as_(PrincipalKind.CUSTOMER), {"order": "OWNED"}, "ORDER_NOT_FOUND"),
        (STAFF, {"order": "NONE"}, "ORDER_NOT_FOUND"),
        (STAFF, {"after": "forged"}, "BAD_USER_INPUT"),
    ],
)
async def test_who_may_not_follow_is_told_the_same_whatever_there_is(
    store: Store, headers: dict[str, str], variables: dict[str, Any], code: str
) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    await desk.place("OWNED", customer="somebody-else")
    async with house(store) as gateway, socket(gateway, headers) as client:
        error = await error_of(client, **variables)
        asked = {"query": PAGE, "variables": variables}
        async with httpx.AsyncClient(timeout=10) as http:
            answer = (await http.post(gateway.url, json=asked, headers=headers)).json()

    assert error["code"] == code
    assert answer["data"] == {"orderEvents": None}
    if code == "ORDER_NOT_FOUND":
        assert error["message"] == "There is no such order."
        assert "errors" not in answer
    else:
        assert [one["extensions"]["code"] for one in answer["errors"]] == [code]


async def test_who_has_the_token_of_an_owners_order_follows_it(store: Store) -> None:
    desk = Desk(store)
    await desk.place("OWNED", customer="somebody-else")
    async with house(store) as gateway, gateway.client() as client:
        await client.ask("1", FOLLOW, order="OWNED", accessToken=token_of("OWNED"))
        event = await heard(client)

    assert [one["number"] for one in event["orders"]] == ["OWNED"]


async def enrolled(gateway: Served, headers: dict[str, str]) -> str:
    known: Principal = await gateway.gateway._identify(headers["authorization"])
    customers = gateway.gateway.services.customers
    return str(await customers.enrolled(known, now=NOON))


async def test_an_owner_follows_what_is_its_own(store: Store) -> None:
    desk, headers = Desk(store), as_(PrincipalKind.CUSTOMER)
    async with house(store) as gateway, socket(gateway, headers) as client:
        await desk.place("OWNED", customer=await enrolled(gateway, headers))
        await client.ask("1", FOLLOW, order="OWNED")
        event = await heard(client)

    assert event["orders"] == [{"number": "OWNED", "state": "PENDING_CONFIRMATION"}]


async def test_rights_are_looked_at_again_at_each_event(store: Store) -> None:
    desk, mine, headers = Desk(store), {"order": "AAAA"}, as_(PrincipalKind.CUSTOMER)
    async with house(store) as gateway, socket(gateway, headers) as client:
        await desk.place("AAAA", customer=await enrolled(gateway, headers))
        await client.ask("1", FOLLOW, **mine)
        await heard(client)
        await desk.go_on("AAAA")
        told = await heard(client)
        await desk.given_to("AAAA", "somebody-else")
        await desk.go_on("AAAA")
        removed = await heard(client)
        last = await client.hear()
        refused = await error_of(client, **mine, after=told["cursor"])

    assert {**removed, "cursor": None} == {
        "__typename": "Removed",
        "cursor": None,
        "seq": 4,  # the first fact is that the customer is known
        "prevSeq": 3,
        "entity": "AAAA",
    }
    assert last == {"type": "complete", "id": "1"}
    assert refused["code"] == "ORDER_NOT_FOUND"


@pytest.mark.parametrize("code", ["CURSOR_EXPIRED", "EPOCH_CHANGED"])
async def test_what_cannot_be_told_any_more_is_a_gap_with_the_way_back(
    store: Store, code: str
) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    async with house(store) as gateway, socket(gateway, STAFF) as client:
        await client.ask("1", FOLLOW)
        cursor = (await heard(client))["cursor"]
    await desk.go_on("AAAA")
    await store.act(
        lambda work: (
            sweep(work, keep_for=NOON - NOON, keep_at_most=1_000)
            if code == "CURSOR_EXPIRED"
            else work.connection.execute(log_head.update().values(epoch="another"))
        ),
        now=utc_now(),
    )
    async with house(store) as gateway, socket(gateway, STAFF) as client:  # remembers nothing
        await client.ask("2", FOLLOW, after=cursor)
        gap = await heard(client)
        assert await client.hear() == {"type": "complete", "id": "2"}
        assert (gap["__typename"], gap["code"], gap["from"]) == ("Gap", code, 1)
        await client.ask("3", FOLLOW, after=gap["resyncFrom"])
        again = await heard(client)

    assert again["orders"] == [{"number": "AAAA", "state": "PLACED"}]


async def test_a_cart_is_told_as_it_is_and_whenever_it_changes(store: Store) -> None:
    create = """mutation { cartCreate(input: {lines: [{sku: "SHIRT-M", quantity: 1}]}) {
      ... on CartChanged { cart { id version lines { id } } } } }"""
    add = """mutation($id: ID!) { cartLinesAdd(input: {cartId: $id, version: 1,
      lines: [{sku: "SHIRT-M", quantity: 2}]}) { __typename ... on Problem { message } } }"""
    async with house(store, shop=a_shop()) as gateway, gateway.client() as client:
        await client.ask("1", create)
        cart = (await client.hear())["payload"]["data"]["cartCreate"]["cart"]
        assert (await client.hear())["type"] == "complete"
        await client.ask("2", CART, id=cart["id"])
        first = await heard(client, field="cartChanged")
        async with gateway.client() as other:
            await other.ask("1", add, id=cart["id"])
            changed = (await other.hear())["payload"]["data"]["cartLinesAdd"]
            assert changed["__typename"] == "CartChanged", changed
        second = await heard(client, field="cartChanged")

    assert first == {"version": 1, "lines": [{"sku": "SHIRT-M", "quantity": 1}]}
    assert second == {"version": 2, "lines": [{"sku": "SHIRT-M", "quantity": 3}]}


async def test_a_cart_is_told_again_when_it_costs_less(store: Store) -> None:
    create = """mutation { cartCreate(input: {lines: [{sku: "SHIRT-M", quantity: 1}]}) {
      ... on CartChanged { cart { id } } } }"""
    say = """mutation($id: ID!) { cartDiscountCodesSet(input: {cartId: $id, version: 1,
      codes: ["TEN"]}) { __typename ... on Problem { message } } }"""
    follow = "subscription Cart($id: ID!) { cartChanged(id: $id) { version total { amount } } }"
    pricing = {"promotions": {"ten": {"percent": "10", "coupon": "TEN"}}}
    async with house(store, shop=a_shop(), pricing=pricing) as gateway, gateway.client() as client:
        await client.ask("1", create)
        cart = (await client.hear())["payload"]["data"]["cartCreate"]["cart"]
        assert (await client.hear())["type"] == "complete"
        await client.ask("2", follow, id=cart["id"])
        first = await heard(client, field="cartChanged")
        async with gateway.client() as other:
            await other.ask("1", say, id=cart["id"])
            changed = (await other.hear())["payload"]["data"]["cartDiscountCodesSet"]
            assert changed["__typename"] == "CartChanged", changed
        second = await heard(client, field="cartChanged")

    assert first == {"version": 1, "total": {"amount": "49.90"}}
    assert second == {"version": 2, "total": {"amount": "44.91"}}


def test_whoever_follows_a_cart_is_told_of_every_fact_there_is_of_it() -> None:
    cart = Cart(
        id=CartId("a"),
        channel=ChannelCode("WEB"),
        currency=CurrencyCode("EUR"),
        created_at=NOON,
        updated_at=NOON,
        expires_at=NOON,
    )
    promise = CartPromise(
        choice=PromiseChoice(token="t"),
        units=(),
        method=FulfilmentMethod.SHIP_TO_HOME,
        store=None,
        earliest=NOON,
        latest=NOON,
        fee=Money(Decimal("4.90"), CurrencyCode("EUR")),
        sources=(),
    )
    given = {"lines": (), "promise": promise, "version": 1, "order": "O", "fence": 1}
    facts = [
        one
        for name, one in vars(cart_events).items()
        if isfunction(one) and one.__module__ == cart_events.__name__ and not name.startswith("_")
    ]
    told = [one(**{of: given.get(of, cart) for of in signature(one).parameters}) for one in facts]

    assert {fact.kind for fact in told} == cart_events.KINDS


async def test_what_is_told_of_a_cart_ends_when_it_has_expired(store: Store) -> None:
    create = """mutation { cartCreate(input: {lines: [{sku: "SHIRT-M", quantity: 1}]}) {
      ... on CartChanged { cart { id } } } }"""
    late = timedelta()
    often = {**QUICK, "heartbeat_every": "PT0.1S"}
    async with (
        house(store, shop=a_shop(), events=often, now=lambda: utc_now() + late) as gateway,
        gateway.client() as client,
    ):
        await client.ask("1", create)
        cart = (await client.hear())["payload"]["data"]["cartCreate"]["cart"]
        assert (await client.hear())["type"] == "complete"
        await client.ask("2", CART, id=cart["id"])
        await heard(client, field="cartChanged")
        late = timedelta(days=400)
        end = await client.hear()

    assert end == {"id": "2", "type": "complete"}


async def test_a_cart_that_is_not_there_cannot_be_followed(store: Store) -> None:
    async with house(store) as gateway, gateway.client() as client:
        for id_ in (global_id("Cart", "a" * 24), "rubbish", global_id("Order", "x")):
            await client.ask("1", CART, id=id_)
            [error] = (await client.hear())["payload"]
            assert error["extensions"]["code"] == "CART_NOT_FOUND"


async def test_those_who_follow_the_same_are_answered_by_one_execution(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    async with house(store) as gateway:
        executed: list[str] = []
        service = gateway.gateway.services.orders
        find = type(service).find

        async def counted(self: Any, number: str, **given: Any) -> Any:
            executed.append(number)
            return await find(self, number, **given)

        async with socket(gateway, STAFF) as client:
            for number in range(10):
                await client.ask(str(number), FOLLOW)
            for _ in range(10):
                await heard(client)
            monkeypatch.setattr(type(service), "find", counted)
            await desk.go_on("AAAA")
            told = [await heard(client) for _ in range(10)]

    assert {one["order"]["state"] for one in told} == {"PLACED"}
    assert len({one["cursor"] for one in told}) == 1
    assert executed == ["AAAA"]


async def test_nothing_is_left_of_those_who_went(store: Store) -> None:
    desk = Desk(store)
    await desk.place("AAAA")
    async with house(store) as gateway:
        async with socket(gateway, STAFF) as client:
            await client.ask("1", FOLLOW)
            await heard(client)
            assert gateway.gateway.services.events.tail.followers == 1
        async with asyncio.timeout(60):
            while gateway.gateway.services.events.tail.followers:  # noqa: ASYNC110  tells nobody
                await asyncio.sleep(0.001)
