"""A partner follows what it may sell: what comes, changes and leaves, and nothing of others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.api.schema import build_schema
from app.errors import MisconfiguredError, UpstreamUnavailable
from app.main import utc_now
from app.partners.model import Stock
from app.partners.watching import Watching, over, told
from app.settings import parse
from app.store import Store
from app.store.tables import facts
from app.upkeep import watching
from app.values import PrincipalKind, Sku
from tests.builders import a_level, a_product, a_variant
from tests.carts.shopping import COAT, DEPOT, SHIRT, SOCKS, a_shop
from tests.gateways import Retailer
from tests.staff import STAFF, as_
from tests.streams.served import Client, Served, served

QUICK = {"poll_every": "PT0.02S"}
PARTNERS: dict[str, Any] = {
    "acme": {"skus": ["SHIRT-*", "COAT-L"], "buffer": 2},
    "zeta": {"skus": ["SOCKS"], "locations": ["WH-*"]},
}
ACME, ZETA = as_(PrincipalKind.PARTNER, "acme"), as_(PrincipalKind.PARTNER, "zeta")
EVENT = """__typename
  ... on StreamEvent { cursor }
  ... on AssortmentSnapshot { complete seq lastSeq items { sku status availableToSell version } }
  ... on AssortmentDelta { seq prevSeq entity version change
    item { sku status availableToSell version } }
  ... on Removed { seq prevSeq entity }
  ... on Gap { code }"""
FOLLOW = f"subscription Follow($after: Cursor) {{ assortmentEvents(after: $after) {{ {EVENT} }} }}"
PAGE = (
    f"query($after: Cursor) {{ assortmentEvents(after: $after) {{ cursor events {{ {EVENT} }} }} }}"
)
ALL_BODIES = select(facts.c.body).order_by(facts.c.seq)
STANDING = "name itemCount toldSeq acknowledgedSeq behind"
ACK = f"""mutation($cursor: Cursor!) {{ partnerCursorAck(input: {{cursor: $cursor}}) {{
  ... on PartnerCursorAcknowledged {{ partner {{ {STANDING} }} }} ... on Problem {{ code }} }} }}"""


@dataclass
class House:
    gateway: Served
    shop: Retailer
    watching: Watching

    def sells(self, *skus: Sku) -> None:
        self.shop.known_products = [a_product(variants=tuple(map(a_variant, skus)))]

    def has(self, sku: Sku, on_hand: int) -> None:
        others = [one for one in self.shop.levels if one.sku != sku]
        self.shop.levels = [
            *others,
            a_level(sku=sku, location=DEPOT, on_hand=on_hand, as_of=utc_now()),
        ]

    async def post(self, query: str, headers: dict[str, str], **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with httpx.AsyncClient(timeout=10) as http:
            answer = await http.post(self.gateway.url, json=body, headers=headers)
        told: dict[str, Any] = answer.json()
        return told


@asynccontextmanager
async def house(store: Store) -> AsyncIterator[House]:
    shop = a_shop()
    async with served(
        schema=build_schema(),
        kept_in=store,
        shop=shop,
        events=QUICK,
        partners=PARTNERS,
        now=utc_now,
    ) as gateway:
        running = gateway.gateway
        services, settings = running.services, running.settings
        looking = watching(settings, services.connections, services.availability, store, utc_now)
        yield House(gateway, shop, looking)


@asynccontextmanager
async def following(
    house: House, headers: dict[str, str], after: str | None = None
) -> AsyncIterator[Client]:
    async with house.gateway.socket() as client:
        await client.say(type="connection_init", payload=headers)
        assert await client.hear() == {"type": "connection_ack"}
        await client.ask("1", FOLLOW, after=after)
        yield client


async def heard(client: Client) -> dict[str, Any]:
    while True:
        message = await client.hear()
        assert message["type"] == "next", message
        event: dict[str, Any] = message["payload"]["data"]["assortmentEvents"]
        if event["__typename"] != "Heartbeat":
            return event


async def test_a_partner_is_told_what_comes_changes_and_leaves(store: Store) -> None:
    async with house(store) as there:
        await there.watching.once("acme")
        async with following(there, ACME) as client:
            first = await heard(client)
            there.has(COAT, 9)
            await there.watching.once("acme")
            changed = await heard(client)
            there.sells(SHIRT, SOCKS, Sku("SHIRT-L"))
            there.has(Sku("SHIRT-L"), 4)
            await there.watching.once("acme")
            entered, removed = await heard(client), await heard(client)

    assert first["complete"]
    assert first["items"] == [
        {"sku": "COAT-L", "status": "OUT_OF_STOCK", "availableToSell": 0, "version": 1},
        {"sku": "SHIRT-M", "status": "IN_STOCK", "availableToSell": 11, "version": 1},
    ]
    assert (changed["entity"], changed["change"], changed["version"]) == ("COAT-L", "CHANGED", 2)
    assert changed["item"]["availableToSell"] == 7  # two are kept back
    assert changed["prevSeq"] == first["lastSeq"]
    assert (entered["entity"], entered["change"]) == ("SHIRT-L", "ENTERED")
    assert entered["prevSeq"] == changed["seq"]
    assert (removed["__typename"], removed["entity"]) == ("Removed", "COAT-L")
    assert removed["prevSeq"] == entered["seq"]


async def test_who_comes_back_goes_on_from_the_version_with_which_it_left(store: Store) -> None:
    async def has(number: int) -> None:
        stock = {Sku("COAT-L"): Stock("IN_STOCK", number)}
        await store.act(partial(told, partner="acme", stock=stock), now=utc_now())

    for number in (1, 2):
        await has(number)
        await has(number + 1)
        await store.act(partial(over, partner="acme", seen=set()), now=utc_now())
    await has(1)
    bodies = await store.read(lambda connection: list(connection.scalars(ALL_BODIES)))

    assert [body["version"] for body in bodies] == [1, 2, 3, 4, 5, 6, 7]


async def test_a_look_that_finds_nothing_new_tells_nothing(store: Store) -> None:
    async with house(store) as there:
        await there.watching.once("acme")
        before = await there.post(f"{{ partner {{ {STANDING} }} }}", ACME)
        await there.watching.once("acme")
        after = await there.post(f"{{ partner {{ {STANDING} }} }}", ACME)

    assert before == after
    assert before["data"]["partner"]["toldSeq"] == 2


async def test_what_nobody_knows_is_unknown_and_a_silent_catalogue_takes_nothing_away(
    store: Store,
) -> None:
    async with house(store) as there:
        await there.watching.once("acme")
        async with following(there, ACME) as client:
            await heard(client)
            there.shop.error = UpstreamUnavailable("silent")
            with pytest.raises(UpstreamUnavailable):
                await there.watching.once("acme")
            told = await there.post(f"{{ partner {{ {STANDING} }} }}", ACME)
            assert (told["data"]["partner"]["itemCount"], told["data"]["partner"]["toldSeq"]) == (
                2,
                2,
            )
            there.shop.error = None
            there.shop.levels = []
            there.has(SHIRT, 5)
            await there.watching.once("acme")
            first, second = await heard(client), await heard(client)

    assert {first["entity"]: first["item"], second["entity"]: second["item"]} == {
        "COAT-L": {"sku": "COAT-L", "status": "NOT_CARRIED", "availableToSell": 0, "version": 2},
        "SHIRT-M": {"sku": "SHIRT-M", "status": "IN_STOCK", "availableToSell": 3, "version": 2},
    }


async def test_a_partner_sees_nothing_of_anothers(store: Store) -> None:
    async with house(store) as there:
        await there.watching.once("acme")
        await there.watching.once("zeta")
        async with following(there, ZETA) as client:
            first = await heard(client)
            there.has(SHIRT, 100)
            await there.watching.once("acme")
            there.has(SOCKS, 1)
            await there.watching.once("zeta")
            second = await heard(client)
        page = await there.post(PAGE, ACME)
        stolen = await there.post(PAGE, ZETA, after=page["data"]["assortmentEvents"]["cursor"])

    assert [one["sku"] for one in first["items"]] == ["SOCKS"]
    assert second["entity"] == "SOCKS"
    assert second["prevSeq"] == first["lastSeq"]
    [error] = stolen["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "UNAUTHENTICATED"),
        (STAFF, "FORBIDDEN"),
        (as_(PrincipalKind.CUSTOMER, "acme"), "FORBIDDEN"),
        (as_(PrincipalKind.PARTNER, "stranger"), "PARTNER_UNKNOWN"),
    ],
)
async def test_only_partners_have_an_assortment(
    store: Store, headers: dict[str, str], code: str
) -> None:
    async with house(store) as there:
        [error] = (await there.post(PAGE, headers))["errors"]
        async with following(there, headers) as client:
            [refused] = (await client.hear())["payload"]

    assert error["extensions"]["code"] == refused["extensions"]["code"] == code


async def test_a_partner_says_how_far_it_is_and_the_house_sees_it(store: Store) -> None:
    async with house(store) as there:
        await there.watching.once("acme")
        page = await there.post(PAGE, ACME)
        cursor = page["data"]["assortmentEvents"]["cursor"]
        there.has(COAT, 9)
        await there.watching.once("acme")
        acked = (await there.post(ACK, ACME, cursor=cursor))["data"]["partnerCursorAck"]
        refused = (await there.post(ACK, ZETA, cursor=cursor))["data"]["partnerCursorAck"]
        listed = await there.post(f"{{ partners {{ {STANDING} }} }}", STAFF)

    standing = {"name": "acme", "itemCount": 2, "toldSeq": 3, "acknowledgedSeq": 2, "behind": 1}
    assert acked == {"partner": standing}
    assert refused == {"code": "INVALID_INPUT"}
    assert listed["data"]["partners"][0] == standing


async def test_one_process_looks_for_a_partner(store: Store) -> None:
    async with house(store) as there:
        settings, services = there.gateway.gateway.settings, there.gateway.gateway.services
        other = watching(settings, services.connections, services.availability, store, utc_now)
        assert await there.watching.once("acme")
        assert not await other.once("acme")
        assert await other.once("zeta")


def test_a_channel_that_is_not_there_is_a_mistake_of_the_settings() -> None:
    document = {
        "connections": {"shop": {"connector": "sandbox"}},
        "bind": {"catalogue": "shop", "prices": "shop"},
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
        "partners": {"acme": {"channel": "WEV"}},
    }
    with pytest.raises(MisconfiguredError, match=r"partners.acme.channel names .*WEV.*WEB"):
        parse(document)
