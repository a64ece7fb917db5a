"""An endpoint is told what a subscriber is told, field by field, by the same cursors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.events.following import Events
from app.settings import Webhook
from app.store import Store
from app.store.log import begin_epoch
from app.values import PrincipalKind
from app.webhooks.messages import STREAMS, message_of
from tests.builders import NOON
from tests.events.orders import Desk
from tests.gateways import Asker, Retailer, asking, running_over
from tests.staff import STAFF, as_
from tests.webhooks.receiving import Clock, Delivered, House, Receiver, an_endpoint

ACME = as_(PrincipalKind.PARTNER, "acme")
COMMON = "__typename ... on StreamEvent { cursor }"
ENDS = """... on Removed { seq prevSeq entity occurredAt }
  ... on Gap { code from to resyncFrom }"""
ASSORTMENT = f"""query($after: Cursor) {{ assortmentEvents(after: $after, first: 100) {{ cursor
  events {{ {COMMON} {ENDS}
  ... on AssortmentSnapshot {{ seq lastSeq complete items {{
    sku status availableToSell prices {{ amount currency }} version }} }}
  ... on AssortmentDelta {{ seq prevSeq entity version change occurredAt item {{
    sku status availableToSell prices {{ amount currency }} version }} }} }} }} }}"""
ORDERS = f"""query($after: Cursor) {{ orderEvents(after: $after, first: 100) {{ cursor
  events {{ {COMMON} {ENDS}
  ... on OrderSnapshot {{ seq lastSeq complete orders {{ number state }} }}
  ... on OrderDelta {{ seq prevSeq entity version change state occurredAt }} }} }} }}"""


@asynccontextmanager
async def gateway(store: Store, headers: Mapping[str, str]) -> AsyncIterator[tuple[Asker, Events]]:
    running = await running_over({"shop": Retailer()}, kept_in=store, partners={"acme": {}})
    async with asking(running.app()) as ask:
        yield Asker(ask.http, headers), running.services.events


async def told(events: Events, endpoint: Webhook, after: str | None) -> list[dict[str, Any]]:
    """What an endpoint is told after a cursor."""
    stream = STREAMS[endpoint.tells]
    page = await events.page(stream, after=after, entity=endpoint.partner)
    made = [message_of("acme", endpoint, one, now=NOON) for one in page]
    return [Delivered({}, one.body, 204).event for one in made if one is not None]


async def test_an_assortment_is_told_as_by_its_subscription(store: Store) -> None:
    there = House(store, Receiver(), "", Clock(NOON))
    endpoint = an_endpoint("http://127.0.0.1")
    await there.has(A=1, B=2)
    async with gateway(store, ACME) as (ask, events):
        first = (await ask.data(ASSORTMENT))["assortmentEvents"]
        assert await told(events, endpoint, None) == first["events"]
        await there.has(A=3, C=1)
        await there.sells_only("A", "C")
        more = (await ask.data(ASSORTMENT, after=first["cursor"]))["assortmentEvents"]
        assert [one["__typename"] for one in more["events"]] == [
            *("AssortmentDelta", "AssortmentDelta", "Removed")
        ]
        assert await told(events, endpoint, first["cursor"]) == more["events"]


async def test_orders_are_told_as_by_their_subscription(store: Store) -> None:
    desk, endpoint = Desk(store), an_endpoint("http://127.0.0.1", tells="ORDERS", partner=None)
    await desk.place("N-1", customer="c-1")
    async with gateway(store, STAFF) as (ask, events):
        first = (await ask.data(ORDERS))["orderEvents"]
        assert first["events"][0]["orders"] == [{"number": "N-1", "state": "PENDING_CONFIRMATION"}]
        assert await told(events, endpoint, None) == first["events"]
        await desk.go_on("N-1")
        await desk.place("N-2")
        more = (await ask.data(ORDERS, after=first["cursor"]))["orderEvents"]
        assert [one["entity"] for one in more["events"]] == ["N-1", "N-2"]
        assert await told(events, endpoint, first["cursor"]) == more["events"]


@pytest.mark.parametrize("headers", [ACME, STAFF])
async def test_a_gap_is_told_as_by_the_subscription(
    store: Store, headers: Mapping[str, str]
) -> None:
    there, house = House(store, Receiver(), "", Clock(NOON)), headers is STAFF
    changes = {"tells": "ORDERS", "partner": None} if house else {}
    endpoint = an_endpoint("http://127.0.0.1", **changes)
    await there.has(A=1)
    async with gateway(store, headers) as (ask, events):
        query, name = (ORDERS, "orderEvents") if house else (ASSORTMENT, "assortmentEvents")
        first = (await ask.data(query))[name]
        await store.act(begin_epoch, now=NOON)
        gap = (await ask.data(query, after=first["cursor"]))[name]
        assert gap["events"][0]["code"] == "EPOCH_CHANGED"
        assert await told(events, endpoint, first["cursor"]) == gap["events"]
