"""A partner follows what becomes of its orders over every transport, and of nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import update

from app.orders.tables import orders
from app.store import Store, Work
from app.store.log import begin_epoch
from app.values import PrincipalKind
from app.webhooks.messages import STREAMS, message_of, whose
from tests.builders import NOON
from tests.partners.selling import ACME, ZETA, Market, limited, market
from tests.staff import STAFF, as_
from tests.streams.served import WITHIN, Client
from tests.webhooks.receiving import Delivered, an_endpoint

STRANGER = as_(PrincipalKind.PARTNER, "stranger")
EVENT = """__typename ... on StreamEvent { cursor }
  ... on OrderSnapshot { seq lastSeq complete orders { number state reference } }
  ... on OrderDelta { seq prevSeq entity version change state occurredAt reference }
  ... on Removed { seq prevSeq entity } ... on Gap { code }"""
FOLLOW = f"subscription Follow($after: Cursor) {{ orderEvents(after: $after) {{ {EVENT} }} }}"
PAGE = f"""query($after: Cursor, $order: ID) {{
  orderEvents(after: $after, order: $order, first: 100) {{ cursor events {{ {EVENT} }} }} }}"""


@asynccontextmanager
async def socket(
    there: Market, headers: dict[str, str], after: str | None = None
) -> AsyncIterator[Client]:
    async with there.gateway.socket() as client:
        await client.say(type="connection_init", payload=headers)
        assert await client.hear() == {"type": "connection_ack"}
        await client.ask("1", FOLLOW, after=after)
        yield client


async def heard(client: Client) -> dict[str, Any]:
    while True:
        message = await client.hear()
        assert message["type"] == "next", message
        event: dict[str, Any] = message["payload"]["data"]["orderEvents"]
        if event["__typename"] != "Heartbeat":
            return event


async def streamed(
    there: Market, headers: dict[str, str], after: str, most: int
) -> list[dict[str, Any]]:
    """So many events over server-sent events."""
    body = {"query": FOLLOW, "variables": {"after": after}}
    accept = {"accept": "text/event-stream"}
    found: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(WITHIN),
        httpx.AsyncClient(timeout=WITHIN) as http,
        http.stream("POST", there.gateway.url, json=body, headers=headers | accept) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("data: {"):
                event = orjson.loads(line.removeprefix("data: "))["data"]["orderEvents"]
                found += [event] if event["__typename"] != "Heartbeat" else []
            if len(found) == most:
                break
    return found


async def page(
    there: Market, headers: dict[str, str], after: str | None = None, order: str | None = None
) -> dict[str, Any]:
    found = (await there.data(PAGE, headers, after=after, order=order))["orderEvents"]
    return dict(found)


async def delivered(there: Market, after: str | None) -> list[dict[str, Any]]:
    """What a webhook of the partner is told."""
    endpoint = an_endpoint("http://127.0.0.1", tells="ORDERS", partner="acme")
    events = there.gateway.gateway.services.events
    found = await events.page(STREAMS[endpoint.tells], after=after, **whose(endpoint))
    made = [message_of("acme", endpoint, one, now=NOON) for one in found]
    return [Delivered({}, one.body, 204).event for one in made if one is not None]


async def test_what_becomes_of_its_orders_is_the_same_over_every_transport(store: Store) -> None:
    async with market(store) as there:
        before = await there.placed("R-0")
        await there.place("R-0", ZETA)
        async with socket(there, ACME) as client:
            first = await heard(client)
            mine = await there.placed("R-1")
            await there.place("R-1", ZETA)
            await there.worked()
            await there.cancel(number=mine["number"])
            await there.worked()
            paged = await page(there, ACME, first["cursor"])
            told = [await heard(client) for _ in paged["events"]]
        by_events = await streamed(there, ACME, first["cursor"], len(told))
        by_webhook = await delivered(there, first["cursor"])
        [snapshot] = await delivered(there, None)

    assert first["orders"] == [{"number": before["number"], "state": "PLACED", "reference": "R-0"}]
    assert told == paged["events"] == by_events
    assert {one.pop("reference") for one in [*told, *by_webhook]} == {"R-0", "R-1"}
    assert by_webhook == told
    assert len({one["number"] for one in snapshot["orders"]}) == 2
    assert {one["entity"] for one in told} == {before["number"], mine["number"]}
    assert [one["change"] for one in told if one["entity"] == mine["number"]][:2] == [
        "OrderAsked",
        "OrderPlaced",
    ]
    assert told[-1]["change"] == "OrderCancelled"
    assert [one["prevSeq"] for one in told] == [
        first["lastSeq"],
        *[one["seq"] for one in told[:-1]],
    ]


async def test_its_order_is_followed_to_the_end_and_it_is_told(store: Store) -> None:
    async with market(store) as there:
        async with socket(there, ACME) as client:
            first = await heard(client)
            mine = await there.placed("R-1")
            other = (await there.place("R-2", ZETA))["order"]
            await there.worked()
            middle = (await page(there, ACME, first["cursor"]))["cursor"]
            there.shop.left |= {mine["number"], other["number"]}
            await there.followed()
            late = (await page(there, ACME, middle))["events"]
            every = (await page(there, ACME, first["cursor"]))["events"]
            told = [await heard(client) for _ in every]
        by_webhook = await delivered(there, middle)
        look = "query($number: ID!) { order(number: $number) { state parts { state } } }"
        seen = await there.data(look, ACME, number=mine["number"])
        too_late = await there.cancel(number=mine["number"])

    assert told == every
    assert [
        (one["change"], one["state"]) for one in every if one["change"].startswith("Order")
    ] == [
        ("OrderAsked", "PENDING_CONFIRMATION"),
        ("OrderPlaced", "PLACED"),
        ("OrderSourced", "SOURCED"),
        ("OrderCompleted", "COMPLETED"),
    ]
    assert [one["change"] for one in late] == ["HandingCompleted", "OrderCompleted"]
    assert [one["change"] for one in by_webhook] == ["HandingCompleted", "OrderCompleted"]
    assert {one["entity"] for one in every} == {mine["number"]}
    assert seen == {"order": {"state": "COMPLETED", "parts": [{"state": "COMPLETED"}]}}
    assert (too_late["code"], too_late["state"]) == ("ORDER_NOT_CANCELLABLE", "COMPLETED")


async def test_what_its_system_cancels_later_is_told_and_over(store: Store) -> None:
    async with market(store, partners=limited(open_units=1)) as there:
        start = (await page(there, ACME))["cursor"]
        mine = await there.placed("R-1")
        await there.worked()
        full = await there.place("R-2")
        there.shop.stopped.add(mine["number"])
        await there.followed()
        told = (await page(there, ACME, start))["events"]
        await there.look()
        again = await there.placed("R-3")

    assert full["code"] == "ALLOCATION_LIMIT_EXCEEDED"
    assert [one["change"] for one in told][-4:] == [
        "HandingRefused",
        "OrderSetBack",
        "OrderCancelling",
        "OrderCancelled",
    ]
    assert again["state"] == "PLACED"


async def test_a_cursor_resumes_anywhere_without_gap_or_duplicate(store: Store) -> None:
    async with market(store) as there:
        start = (await page(there, ACME))["cursor"]
        for number in range(3):
            await there.placed(f"R-{number}")
        every = (await page(there, ACME, start))["events"]
        for place, one in enumerate(every[:-1]):
            rest = every[place + 1 :]
            assert (await page(there, ACME, one["cursor"]))["events"] == rest
            async with socket(there, ACME, one["cursor"]) as client:
                assert [await heard(client) for _ in rest] == rest


async def test_a_partner_sees_nothing_of_anothers_orders(store: Store) -> None:
    async with market(store) as there:
        mine = await there.placed()
        foreign = (await there.place("R-9", ZETA))["order"]
        [own] = (await page(there, ZETA))["events"]
        house = (await page(there, STAFF))["events"][0]["orders"]
        cursor = (await page(there, ACME))["cursor"]
        stolen = await there.post(PAGE, ZETA, after=cursor)
        named = await there.data(PAGE, ZETA, order=mine["number"])
        itself = await page(there, ACME, order=mine["number"])
        listed = "{ partner { orders { edges { node { number } } } } }"
        lists = [await there.data(listed, one) for one in (ACME, ZETA)]
        look = "query($number: ID!) { order(number: $number) { number } }"
        looks = [await there.data(look, one, number=mine["number"]) for one in (ACME, ZETA, {})]
        stop = """mutation($number: ID!) { orderCancel(input: {number: $number}) {
          ... on Problem { code } } }"""
        stops = await there.data(stop, ZETA, number=mine["number"])
        stranger = await there.post(PAGE, STRANGER)
        guest = await there.post(PAGE, {})

    assert [one["number"] for one in own["orders"]] == [foreign["number"]]
    assert {one["number"] for one in house} == {mine["number"], foreign["number"]}
    assert stolen["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert named == {"orderEvents": None}
    assert [one["number"] for one in itself["events"][0]["orders"]] == [mine["number"]]
    assert [
        [edge["node"]["number"] for edge in one["partner"]["orders"]["edges"]] for one in lists
    ] == [[mine["number"]], [foreign["number"]]]
    assert looks == [{"order": {"number": mine["number"]}}, {"order": None}, {"order": None}]
    assert stops == {"orderCancel": {"code": "ORDER_NOT_FOUND"}}
    assert stranger["errors"][0]["extensions"]["code"] == "PARTNER_UNKNOWN"
    assert guest["errors"][0]["extensions"]["code"] in {"BAD_USER_INPUT", "UNAUTHENTICATED"}


async def test_whose_an_order_is_is_asked_again_at_each_event(store: Store) -> None:
    """An order that is another's by now is told no more, neither late nor live."""
    async with market(store) as there:
        cursor = (await page(there, ACME))["cursor"]
        mine = await there.placed()
        await store.act(lambda work: given_away(work, mine["number"]), now=there.clock.now)
        async with socket(there, ACME, cursor) as client:
            first = await heard(client)
            ended = await client.hear()
            while ended["type"] == "next":
                ended = await client.hear()
        paged = (await page(there, ACME, cursor))["events"]

    assert (first["__typename"], first["entity"]) == ("Removed", mine["number"])
    assert ended["type"] == "complete"
    assert paged == [first]


def given_away(work: Work, number: str) -> None:
    work.connection.execute(update(orders).where(orders.c.number == number).values(partner="zeta"))


@pytest.mark.parametrize("headers", [ACME, ZETA])
async def test_a_gap_begins_anew_with_its_own_orders(store: Store, headers: dict[str, str]) -> None:
    async with market(store) as there:
        await there.placed()
        cursor = (await page(there, headers))["cursor"]
        await store.act(begin_epoch, now=NOON)
        [gap] = (await page(there, headers, cursor))["events"]
        [anew] = (await page(there, headers, gap["cursor"]))["events"]

    assert gap["code"] == "EPOCH_CHANGED"
    assert len(anew["orders"]) == (1 if headers is ACME else 0)
