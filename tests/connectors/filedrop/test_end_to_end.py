"""A gateway with a partner who only knows files: stock out of one, an order as one, its answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS
from connectors.kit.serve import serve
from connectors.sandbox.retailer.upstreams import upstream
from tests.connectors.filedrop.sftp_server import PASSWORD, sftp_server
from tests.gateways import EXECUTION, SYSTEMS, Asker, asking
from tests.staff import ACCESS

GLN = "4012345000009"
PATIENCE = 60  # seconds; the machine may be busy
PAUSE = 0.05  # seconds between two looks at another process
AVAILABLE = """query Available($skus: [Sku!]!) { variants(skus: $skus) {
  availability(locations: ["SUP-1"]) { status availableToSell asOf freshness source } } }"""
CREATE = """mutation Create($input: CartCreateInput!) { done: cartCreate(input: $input) {
  ... on CartChanged { cart { id version } } } }"""
HOLD = """mutation Hold($input: CartHoldInput!) { done: cartHold(input: $input) {
  __typename ... on CartChanged { cart { id version } } } }"""
PLACE = """mutation Place($input: OrderPlaceInput!) { done: orderPlace(input: $input) {
  __typename ... on OrderPlaced { accessToken order { number } } ... on Problem { code } } }"""
LOOK = """query Look($number: ID!, $token: String!) {
  order(number: $number, accessToken: $token) { state parts { source state reference } } }"""
CANCEL = """mutation Cancel($input: OrderCancelInput!) { done: orderCancel(input: $input) {
  __typename ... on Problem { code } ... on OrderCancelled { order { state } } } }"""
FILES: dict[str, Any] = {
    "url": "embedded",
    "every": "PT0.2S",
    "stock": {
        "full": ["stock-*.csv"],
        "columns": {"sku": "sku", "on_hand": "units", "as_of": "at"},
        "place": GLN,
    },
    "orders": {"format": "edifact", "answers": ["*.edi"], "us": "US", "partner": GLN},
}


@dataclass
class Shop:
    """The gateway, and the folder that the partner sees."""

    gateway: Gateway
    ask: Asker
    root: Path

    def send(self, name: str, text: str) -> None:
        """As partners do: under another name until it is whole."""
        (self.root / "in").mkdir(exist_ok=True)
        part = self.root / "in" / f"{name}.part"
        part.write_text(text)
        part.rename(self.root / "in" / name)

    async def available(self, sku: str) -> dict[str, Any]:
        data = await self.ask(AVAILABLE, skus=[sku])
        ((spot,),) = [one["availability"] for one in data["data"]["variants"]]
        found: dict[str, Any] = spot
        return found

    async def until_available(self, sku: str, **wanted: Any) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                spot = await self.available(sku)
                if {name: spot[name] for name in wanted} == wanted:
                    return spot
                await asyncio.sleep(PAUSE)

    async def do(self, document: str, **given: Any) -> dict[str, Any]:
        done: dict[str, Any] = (await self.ask.data(document, input=given))["done"]
        return done

    async def order(self, sku: str, quantity: int) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": quantity}]
        cart = (await self.do(CREATE, channel="WEB", lines=lines))["cart"]
        held = (await self.do(HOLD, cartId=cart["id"], version=cart["version"]))["cart"]
        return await self.do(
            PLACE,
            cartId=held["id"],
            version=held["version"],
            buyer={"name": "Ada Byron", "email": "ada@example.com"},
            method="SHIP_TO_HOME",
            address={
                "lines": ["Via Roma 1"],
                "city": "Verona",
                "postalCode": "37121",
                "country": "IT",
            },
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )

    async def until(self, placed: dict[str, Any], state: str) -> dict[str, Any]:
        """The order once the worker has brought its part so far."""
        told = {"number": placed["order"]["number"], "token": placed["accessToken"]}
        async with asyncio.timeout(PATIENCE):
            while True:
                order: dict[str, Any] = (await self.ask.data(LOOK, **told))["order"]
                if [part["state"] for part in order["parts"]] == [state]:
                    return order
                await self.gateway.services.order_worker.round()
                await asyncio.sleep(PAUSE)

    async def until_there(self, name: str) -> str:
        """What the partner finds in a file of its outbox."""
        async with asyncio.timeout(PATIENCE):
            while name not in self.there():
                await self.gateway.services.order_worker.round()
                await asyncio.sleep(PAUSE)
        return self.read(name)

    def there(self) -> list[str]:
        out = self.root / "out"
        return [one.name for one in out.iterdir()] if out.is_dir() else []

    def read(self, name: str) -> str:
        return (self.root / "out" / name).read_text()


def as_it_is(_told: dict[str, Any]) -> None:
    """The settings need no change."""


@asynccontextmanager
async def shop(
    root: Path, adapt: Callable[[dict[str, Any]], None] = as_it_is, **where: Any
) -> AsyncIterator[Shop]:
    found = find_connectors(CONNECTORS)
    told = config.load(found["sandbox"].folder / "demo.toml").model_dump()
    async with AsyncExitStack() as stack:
        for name in SYSTEMS:
            one = upstream(name, seed=7)
            stack.callback(one.release)
            url = await stack.enter_async_context(serve(one))
            where_it_is = {"url": url, "system": name, "seed": 7}
            told["connections"][name] |= {"settings": where_it_is, "timeout": "PT20S"}
        told["connections"]["weaver"] = {
            "connector": "filedrop",
            "timeout": "PT20S",
            "locations": {"SUP-1": GLN},
            "settings": {**FILES, **where},
        }
        told["bind"]["stock"] = {"weaver": ["SUP-*"], "warehouse": ["WH-*"]}
        told["bind"]["orders"] = {"weaver": ["SUP-*"]}
        told["channels"]["WEB"]["sells_from"] = ["SUP-*"]
        told["loyalty"]["receipts"] = ()
        told["markets"] = {}
        told["requests"] = {"budget": "PT60S"}
        told["freshness"]["stock"] = {"fresh_for": "PT0S", "if_error_for": "P30D"}
        told |= {"execution": EXECUTION, "access": ACCESS}
        adapt(told)
        settings = config.parse(told)
        gateway = Gateway(settings, plan(settings, found, {"WEAVER": PASSWORD}))
        app = gateway.app()
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield Shop(gateway, await stack.enter_async_context(asking(app)), root)


async def some_sku(shop: Shop) -> str:
    data = await shop.ask.data("{ products(first: 1) { edges { node { variants { sku } } } } }")
    sku: str = data["products"]["edges"][0]["node"]["variants"][0]["sku"]
    return sku


def stock_table(sku: str, units: int, at: datetime) -> str:
    return f"sku,units,at\n{sku},{units},{at.isoformat()}\n"


def response(number: str, said: str) -> str:
    inside = f"BGM+231+R77+{said}'DTM+137:202611201000:203'RFF+ON:{number}'"
    return (
        f"UNB+UNOC:3+{GLN}+US+261120:1000+1'UNH+1+ORDRSP:D:96A:UN:EAN005'{inside}UNT+5+1'UNZ+1+1'"
    )


@pytest.mark.parametrize("over", ["folder", "sftp"])
async def test_stock_comes_as_a_file_and_an_order_goes_out_as_one(
    tmp_path: Path, over: str
) -> None:
    async with AsyncExitStack() as stack:
        where: dict[str, Any] = {"folder": str(tmp_path)}
        if over == "sftp":
            away = await stack.enter_async_context(sftp_server(tmp_path))
            server = {"host": "127.0.0.1", "port": away.port, "user": "retailer"}
            where = {
                "sftp": {**server, "known_hosts": away.known_hosts},
                "password": {"env": "WEAVER"},
            }
        weaver = await stack.enter_async_context(shop(tmp_path, **where))
        sku, counted = await some_sku(weaver), datetime.now(UTC) - timedelta(seconds=5)

        nothing = await weaver.available(sku)
        weaver.send("stock-1.csv", stock_table(sku, 12, counted))
        known = await weaver.until_available(sku, freshness="LIVE")
        placed = await weaver.order(sku, 2)
        number = placed["order"]["number"]
        text = await weaver.until_there(f"order-{number}.edi")
        waiting = await weaver.until(placed, "UNSURE")
        weaver.send("answer-1.edi", response(number, "29"))
        taken = await weaver.until(placed, "TAKEN")

        assert nothing == {
            "status": "UNKNOWN",
            "availableToSell": None,
            "asOf": None,
            "freshness": "UNKNOWN",
            "source": "weaver",
        }
        assert (known["status"], known["availableToSell"]) == ("IN_STOCK", 12)
        assert datetime.fromisoformat(known["asOf"]) == counted
        assert f"BGM+220+{number}+9'" in text
        assert f"PIA+5+{sku}:IN'\nQTY+21:2'" in text
        assert [part["reference"] for part in waiting["parts"]] == [None]
        assert taken["parts"] == [{"source": "weaver", "state": "TAKEN", "reference": "R77"}]
        assert weaver.there() == [f"order-{number}.edi"]


async def test_a_partner_who_falls_silent_is_told_as_such_and_heard_again(tmp_path: Path) -> None:
    root = tmp_path / "share"
    root.mkdir()
    async with shop(root, folder=str(root)) as weaver:
        sku = await some_sku(weaver)
        weaver.send("stock-1.csv", stock_table(sku, 12, datetime.now(UTC)))
        await weaver.until_available(sku, freshness="LIVE")

        root.rename(tmp_path / "away")
        stale = await weaver.until_available(sku, freshness="STALE")
        (tmp_path / "away").rename(root)
        again = await weaver.until_available(sku, freshness="LIVE")

    assert stale["availableToSell"] == again["availableToSell"] == 12
