"""The demo's partner sells from real systems; what one of them refuses, its other places send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app import settings as config
from app.ports import find_connectors
from app.values import PrincipalKind
from connectors.kit.manifests import CONNECTORS
from connectors.sandbox.retailer.orders import Line
from tests.gateways import Asker, Sandbox, sandbox_gateway
from tests.staff import as_

SKU, SHOP = "RJK1001-BLK-M", "ECOM-1"
SYSTEMS = {SHOP: "shop", "WH-1": "warehouse"}
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
HOME = {"lines": ["Via Tortona 1"], "city": "Milano", "postalCode": "20144", "country": "IT"}
ORDER = """number state reason total { amount } lines { sku quantity locationCode }
  parts { source state } payment { status }"""
PLACE = f"""mutation Place($input: PartnerOrderPlaceInput!) {{
  done: partnerOrderPlace(input: $input) {{ __typename ... on Problem {{ code message }}
  ... on PartnerOrderPlaced {{ order {{ {ORDER} }} }} }} }}"""
LIST = f"{{ partner {{ itemCount orders {{ edges {{ node {{ {ORDER} }} }} }} }} }}"


@dataclass
class Dropshipper:
    """The partner of the demo."""

    sandbox: Sandbox

    @property
    def ask(self) -> Asker:
        return Asker(self.sandbox.ask.http, as_(PrincipalKind.PARTNER, "acme"))

    async def place(self, **changes: Any) -> dict[str, Any]:
        asked = {
            "reference": "R-1",
            "lines": [{"sku": SKU, "quantity": 1}],
            "buyer": BUYER,
            "address": HOME,
            "idempotencyKey": "the-key-of-order-R-1",
            **changes,
        }
        done: dict[str, Any] = (await self.ask.data(PLACE, input=asked))["done"]
        return done

    async def ordered(self) -> dict[str, Any]:
        """Its order once it is carried out, or not."""
        while True:
            [edge] = (await self.ask.data(LIST))["partner"]["orders"]["edges"]
            order: dict[str, Any] = edge["node"]
            if order["state"] in {"CANCELLED", "SOURCED"}:
                return order
            await self.sandbox.gateway.services.order_worker.round()

    def sold_out(self, at: str) -> None:
        """Somebody buys the last pieces in the system itself."""
        served: Any = self.sandbox.upstreams[SYSTEMS[at]].served
        book = served.state.book
        left = book.left(SKU, at) - book.kept(SKU, at, book.now())
        book.take("walk-in", (Line(SKU, at, left),), {})


@asynccontextmanager
async def dropshipper(**terms: Any) -> AsyncIterator[Dropshipper]:
    """Once it was told what there is."""
    demo = config.load(find_connectors(CONNECTORS)["sandbox"].folder / "demo.toml").model_dump()
    partners = {"acme": {**demo["partners"]["acme"], "look_every": "PT1H", **terms}}
    async with sandbox_gateway(
        partners=partners,
        pricing=demo["pricing"],
        freshness={"stock": {"fresh_for": "PT0S"}},
        connection={"timeout": "PT20S"},
        requests={"budget": "PT60S"},
    ) as sandbox:
        partner = Dropshipper(sandbox)
        async with asyncio.timeout(60):
            while not (await partner.ask.data(LIST))["partner"]["itemCount"]:
                pass
        yield partner


async def test_an_order_is_sent_by_a_real_system_and_paid_on_account() -> None:
    async with dropshipper() as partner:
        placed = await partner.place(lines=[{"sku": SKU, "quantity": 2}])
        order = await partner.ordered()

    assert placed["__typename"] == "PartnerOrderPlaced", placed
    assert order["state"] == "SOURCED"
    assert (order["total"], order["payment"]) == ({"amount": "82.00"}, None)
    assert sum(one["quantity"] for one in order["lines"]) == 2


async def test_what_one_system_refuses_is_sent_from_another_of_its_places() -> None:
    async with dropshipper() as partner:
        placed = await partner.place()
        [line] = placed["order"]["lines"]
        first = line["locationCode"]
        [second] = SYSTEMS.keys() - {first}
        partner.sold_out(first)
        order = await partner.ordered()

    assert order["state"] == "SOURCED"
    assert [one["locationCode"] for one in order["lines"]] == [second]
    assert [(one["source"], one["state"]) for one in order["parts"]] == [
        (SYSTEMS[first], "REPLACED"),
        (SYSTEMS[second], "TAKEN"),
    ]


async def test_nothing_of_it_is_sent_from_where_the_partner_does_not_sell() -> None:
    """Though the warehouse has it, and the channel sells from there."""
    async with dropshipper(locations=["ECOM-*"]) as partner:
        await partner.place()
        partner.sold_out(SHOP)
        order = await partner.ordered()

    assert (order["state"], order["reason"]) == ("CANCELLED", "REFUSED_UPSTREAM")
    assert [one["source"] for one in order["parts"]] == ["shop"]
