"""An order of the demo is followed, unattended, until those who carry it out are done with it."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.sandbox.retailer.orders import Line
from tests.flows.test_sourced_again import FIRST, LOOK, Shopper
from tests.gateways import Sandbox, sandbox_gateway
from tests.webhooks.receiving import SECRET
from tests.webhooks.test_hearing import BODY, signed

SHIP = {"shop": "/v1/orders/{}/shipment", "warehouse": "/wms/deliveries/{}/dispatch"}
CANCEL = {"shop": "/v1/orders/{}/cancel", "warehouse": "/wms/deliveries/{}"}


@dataclass
class Buyer(Shopper):
    """Buys, and waits; the gateway's own workers do what there is to do."""

    async def until(self, placed: dict[str, Any], states: Collection[str]) -> dict[str, Any]:
        """The order once it is in one of these states."""
        while True:
            order: dict[str, Any] = (await self.sandbox.ask.data(LOOK, **placed))["order"]
            if order["state"] in states:
                return order

    async def buys(self) -> dict[str, Any]:
        """What an order is looked at by."""
        cart = await self.new()
        cart = await self.cart("cartHold", cart)
        done = await self.do(
            "orderPlace",
            "... on OrderPlaced { accessToken order { number } } ... on Problem { code }",
            cartId=cart["id"],
            version=cart["version"],
            buyer={"name": "Ada Byron", "email": "ada@example.com"},
            method="SHIP_TO_HOME",
            address={"lines": ["Via Tortona 1"], "city": "Milano", "country": "IT"},
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )
        return {"number": done["order"]["number"], "token": done["accessToken"]}

    async def measured(self) -> list[str]:
        return (await self.sandbox.ask.http.get("/metrics")).text.splitlines()

    async def end(self, system: str, paths: dict[str, str], key: str) -> None:
        """What the staff of a system does, over HTTP."""
        url = self.sandbox.gateway.settings.connections[system].settings["url"]
        method = "DELETE" if (system, paths) == ("warehouse", CANCEL) else "POST"
        async with httpx.AsyncClient(base_url=url) as http:
            answer = await http.request(method, paths[system].format(key))
        assert answer.status_code == 200


@asynccontextmanager
async def a_buyer(follow_every: str = "PT1S", **sections: Any) -> AsyncIterator[Buyer]:
    """Of what both the shop and the warehouse have."""
    async with sandbox_gateway(
        **sections,
        orders={"follow_every": follow_every},
        server={"metrics": True},
        freshness={"stock": {"fresh_for": "PT0S"}},
        connection={"timeout": "PT20S"},
        requests={"budget": "PT60S"},
    ) as sandbox:
        yield Buyer(sandbox, await _sku(sandbox))


async def _sku(sandbox: Sandbox) -> str:
    edges = (await sandbox.ask.data(FIRST))["products"]["edges"]
    skus = [one["sku"] for edge in edges for one in edge["node"]["variants"]]
    places = {"shop": "ECOM-1", "warehouse": "WH-1"}
    for sku in skus:
        books = {name: _book(sandbox, name) for name in places}
        left = [books[name].left(sku, place) or 0 for name, place in places.items()]
        if min(left) > 5:
            return str(sku)
    raise LookupError("nothing is in both places")


def _book(sandbox: Sandbox, system: str) -> Any:
    served: Any = sandbox.upstreams[system].served
    return served.state.book


async def test_an_order_that_leaves_is_completed_and_counted() -> None:
    async with a_buyer() as buyer:
        placed = await buyer.buys()
        order = await buyer.until(placed, {"SOURCED"})
        [part] = order["parts"]
        await buyer.end(part["source"], SHIP, placed["number"])
        done = await buyer.until(placed, {"COMPLETED"})
        end = f'tessera_follow_parts_ended_total{{connection="{part["source"]}",end="completed"}}'
        worked = 'tessera_order_turns_total{outcome="ended"}'
        while f"{end} 1.0" not in (measured := await buyer.measured()):
            pass

    assert done["parts"] == [{"source": part["source"], "state": "COMPLETED"}]
    assert done["payment"]["captured"] == done["total"]
    assert [float(one.split()[-1]) > 0 for one in measured if one.startswith(worked)] == [True]
    names = {one.split("{")[0].split(" ")[0] for one in measured}
    assert names >= {
        "tessera_follow_bugs_total",
        "tessera_follow_calls_total",
        "tessera_follow_given_up_total",
        "tessera_follow_orders",
        "tessera_follow_lag_seconds",
    }


async def test_a_system_that_says_that_something_changed_is_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    heard = {name: {"secrets": [{"env": "HOOK"}]} for name in SHIP}
    async with a_buyer("PT1H", hearing=heard) as buyer:
        placed = await buyer.buys()
        [part] = (await buyer.until(placed, {"SOURCED"}))["parts"]
        await buyer.end(part["source"], SHIP, placed["number"])
        told = signed("m-1", datetime.now(UTC))
        path = f"/webhooks/{part['source']}"
        answer = await buyer.sandbox.ask.http.post(path, content=BODY, headers=told)
        assert answer.status_code == 202
        async with asyncio.timeout(60):
            await buyer.until(placed, {"COMPLETED"})


async def test_a_part_that_is_cancelled_later_leaves_from_elsewhere() -> None:
    async with a_buyer() as buyer:
        placed = await buyer.buys()
        order = await buyer.until(placed, {"SOURCED"})
        [part] = order["parts"]
        first, number = part["source"], placed["number"]
        [second] = {"shop", "warehouse"} - {first}
        _sold_out(buyer, first)
        await buyer.end(first, CANCEL, number)
        while len((again := await buyer.until(placed, {"SOURCED"}))["parts"]) == 1:
            pass
        await buyer.end(second, SHIP, f"{number}-2")
        done = await buyer.until(placed, {"COMPLETED"})
        served: Any = buyer.sandbox.upstreams["payments"].served
        [charge] = served.state.till.charges.values()

    assert [(one["source"], one["state"]) for one in again["parts"]] == [
        (first, "REPLACED"),
        (second, "TAKEN"),
    ]
    assert [one["state"] for one in done["parts"]] == ["REPLACED", "COMPLETED"]
    assert done["total"] == order["total"]
    assert (str(charge.captured), charge.refunded) == (order["total"]["amount"], 0)


def _sold_out(buyer: Buyer, system: str) -> None:
    """Nobody finds the pieces there."""
    place = {"shop": "ECOM-1", "warehouse": "WH-1"}[system]
    book = _book(buyer.sandbox, system)
    left = book.left(buyer.sku, place) - book.kept(buyer.sku, place, book.now())
    book.take("walk-in", (Line(buyer.sku, place, left),), {})
