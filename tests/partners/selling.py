"""Partners who sell for a retailer with a depot and a store, over HTTP."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
from sqlalchemy import func, select

from app.api.schema import build_schema
from app.availability import ledger
from app.availability.model import Spot
from app.availability.tables import allocations, hold_lines
from app.errors import UpstreamRefused, UpstreamUnavailable
from app.main import utc_now
from app.orders.tables import orders
from app.partners.watching import Watching
from app.ports import Answer, OrderKey, OrderStatus, SoldOrder, StockLevel, UpstreamOrder
from app.principals.service import principals
from app.store import Store
from app.upkeep import watching
from app.values import LocationCode, PrincipalKind, Sku
from tests.builders import a_level, a_price, a_product, a_variant
from tests.gateways import Retailer
from tests.promises.worlds import DC, FAR, MONDAY, NEAR, RULES
from tests.staff import as_
from tests.streams.served import Served, served

A, B, HIDDEN = Sku("A"), Sku("B"), Sku("X")
ACME, ZETA = as_(PrincipalKind.PARTNER, "acme"), as_(PrincipalKind.PARTNER, "zeta")
LISTS: dict[str, Any] = {
    "acme-eur": {"currency": "EUR", "prices": {"A": "12.50", "B": "20.00"}},
    "acme-gbp": {"currency": "GBP", "prices": {"A": "11.00"}},
}
PARTNERS: dict[str, Any] = {
    "acme": {
        "skus": ["A", "B", "C"],
        "locations": ["DC", "ST-NEAR"],
        "buffer": 2,
        "price_list": ["acme-eur", "acme-gbp"],
        "currencies": ["EUR", "GBP"],
    },
    "zeta": {"skus": ["A"], "price_list": "acme-eur"},
}
CHANNELS = {
    "WEB": {"currency": "EUR", "country": "IT", "locale": "it"},
    "UK": {"currency": "GBP", "country": "GB", "locale": "en"},
}
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
MILAN = {"lines": ["Via Tortona 1"], "city": "Milano", "postalCode": "20144", "country": "IT"}
ORDER = """number reference partner state reason total { amount currency } delivery { amount }
  lines { sku quantity locationCode priceList unitPrice { amount } } parts { source state }
  promised { latest } payment { status }"""
PROBLEM = """... on Problem { code message path }
  ... on SkusNotOffered { skus } ... on CurrencyNotAllowed { allowed }
  ... on AllocationLimitExceeded { limit sku most used asked }
  ... on ReferenceUsed { orderNumber }
  ... on PriceChanged { before { amount } after { amount } }
  ... on InsufficientStock { shortages { sku asked available } }
  ... on StockUnknown { shortages { sku asked available } }"""
PLACE = f"""mutation Place($input: PartnerOrderPlaceInput!) {{
  done: partnerOrderPlace(input: $input) {{ __typename {PROBLEM}
  ... on PartnerOrderPlaced {{ order {{ {ORDER} }} }} }} }}"""
CANCEL = f"""mutation Cancel($input: PartnerOrderCancelInput!) {{
  done: partnerOrderCancel(input: $input) {{ __typename ... on Problem {{ code message path }}
  ... on OrderNotCancellable {{ state }}
  ... on PartnerOrderCancelled {{ order {{ {ORDER} }} }} }} }}"""
USAGE = """name usage { ordersToday openOrders unitsToday openUnits eventsToday
  limits { openUnits unitsADay ordersADay } skus { sku openUnits unitsToday left } }"""


@dataclass
class Shop(Retailer):
    """It carries orders out, unless it `refuses`; `silent`: it says nothing of stock.

    Those that have `left` it is done with; it may have `stopped` some by itself.
    """

    book: dict[str, SoldOrder] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    refuses: bool = False
    stops: bool = True
    silent: bool = False

    async def stock_levels(
        self, skus: Collection[Sku], locations: Collection[LocationCode]
    ) -> Answer[StockLevel]:
        if self.silent:
            raise UpstreamUnavailable("silent")
        return await super().stock_levels(skus, locations)

    async def hand_over(self, order: SoldOrder) -> UpstreamOrder:
        if self.refuses:
            raise UpstreamRefused("sold out")
        self.book.setdefault(order.key, order)
        return self._of(order.key)

    async def placed(self, keys: Collection[OrderKey]) -> Answer[UpstreamOrder]:
        found = tuple(self._of(key) for key in keys if key in self.book)
        return Answer(rows=found, as_of=self.as_of)

    async def cancel(self, key: OrderKey) -> UpstreamOrder | None:
        if not self.stops or key in self.left:
            raise UpstreamRefused("it has left")
        if key not in self.book:
            return None
        self.stopped.add(key)
        return self._of(key)

    def _of(self, key: str) -> UpstreamOrder:
        status = OrderStatus.CANCELLED if key in self.stopped else OrderStatus.ACCEPTED
        status = OrderStatus.COMPLETED if key in self.left else status
        return UpstreamOrder(key=OrderKey(key), reference=f"S-{key}", status=status)


def a_shop(**stock: int) -> Shop:
    """A: 6 in the depot and 3 in the near store, unless told otherwise; B: 4 in the depot."""
    there = {(A, "DC"): 6, (A, "ST-NEAR"): 3, (B, "DC"): 4, (HIDDEN, "DC"): 9, (A, "ST-FAR"): 50}
    there |= {(Sku(sku), "DC"): units for sku, units in stock.items()}
    return Shop(
        levels=[
            a_level(sku=sku, location=LocationCode(at), on_hand=units, as_of=MONDAY)
            for (sku, at), units in there.items()
        ],
        known_products=[
            a_product(variants=tuple(map(a_variant, (A, B, HIDDEN, Sku("C"), Sku("D")))))
        ],
        known_prices=[a_price(sku, "30.00") for sku in (A, B, HIDDEN, "C", "D")],
        known_locations=(DC, NEAR, FAR),
        as_of=MONDAY,
    )


@dataclass
class Clock:
    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Market:
    """The retailer, and its partners."""

    gateway: Served
    store: Store
    shop: Shop
    watching: Watching
    clock: Clock
    http: httpx.AsyncClient

    async def post(self, query: str, headers: dict[str, str], **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        told: dict[str, Any] = (
            await self.http.post(self.gateway.url, json=body, headers=headers)
        ).json()
        return told

    async def data(self, query: str, headers: dict[str, str], **variables: Any) -> dict[str, Any]:
        told = await self.post(query, headers, **variables)
        assert "errors" not in told, told["errors"]
        data: dict[str, Any] = told["data"]
        return data

    async def place(
        self, reference: str = "R-1", by: dict[str, str] = ACME, /, **given: Any
    ) -> dict[str, Any]:
        """What came of an order: one of A unless told otherwise."""
        asked = {
            "reference": reference,
            "lines": [{"sku": "A", "quantity": 1}],
            "buyer": BUYER,
            "address": MILAN,
            "idempotencyKey": f"the-key-of-order-{reference}",
            **given,
        }
        told = await self.post(PLACE, by, input=asked)
        done: dict[str, Any] = told["data"]["done"]  # with errors of systems that are silent
        return done

    async def placed(self, reference: str = "R-1", /, **given: Any) -> dict[str, Any]:
        done = await self.place(reference, **given)
        assert done["__typename"] == "PartnerOrderPlaced", done
        order: dict[str, Any] = done["order"]
        return order

    async def cancel(self, by: dict[str, str] = ACME, /, **given: Any) -> dict[str, Any]:
        asked = {"idempotencyKey": "the-key-to-stop-the-order", **given}
        done: dict[str, Any] = (await self.data(CANCEL, by, input=asked))["done"]
        return done

    async def look(self) -> None:
        """All partners are told what there is."""
        for name in self.watching.partners:
            await self.watching.once(name)

    async def shown(self, partner: dict[str, str] = ACME) -> dict[str, int | None]:
        """What a partner is told that it may sell."""
        text = """{ assortmentEvents { events { ... on AssortmentSnapshot {
          items { sku availableToSell } } } } }"""
        [page] = (await self.data(text, partner))["assortmentEvents"]["events"]
        return {one["sku"]: one["availableToSell"] for one in page["items"]}

    async def usage(self, partner: dict[str, str] = ACME) -> dict[str, Any]:
        usage: dict[str, Any] = (await self.data(f"{{ partner {{ {USAGE} }} }}", partner))[
            "partner"
        ]["usage"]
        return usage

    async def worked(self) -> None:
        """Everything that is due is done."""
        while await self.gateway.gateway.services.order_worker.round():
            pass

    async def followed(self) -> None:
        """Systems were asked how far they are, and what follows is done."""
        self.clock.now += timedelta(hours=1)
        while await self.gateway.gateway.services.order_follower.round():
            pass
        await self.worked()

    async def free(self, sku: Sku = A) -> int:
        """Units that anybody may still have, wherever somebody has asked."""
        spots = [Spot(sku, LocationCode(at)) for at in ("DC", "ST-NEAR", "ST-FAR")]
        free = await self.store.read(partial(ledger.sellable, spots=spots, now=self.clock.now))
        return sum(free.values())

    async def taken(self) -> tuple[int, int, int]:
        """Orders, units that are held and units that are allocated."""

        def count(connection: Any) -> tuple[int, int, int]:
            held = connection.scalar(select(func.sum(hold_lines.c.quantity))) or 0
            allocated = connection.scalar(select(func.sum(allocations.c.quantity))) or 0
            return connection.scalar(select(func.count()).select_from(orders)), held, allocated

        return await self.store.read(count)


@asynccontextmanager
async def market(
    store: Store, shop: Shop | None = None, *, looked: bool = True, **sections: Any
) -> AsyncIterator[Market]:
    clock, shop = Clock(), shop or a_shop()
    given: dict[str, Any] = {
        "partners": PARTNERS,
        "pricing": {"lists": LISTS},
        "promises": RULES,
        "channels": CHANNELS,
        "bind": {"orders": {"shop": ["*"]}},
        "events": {"poll_every": "PT0.02S"},
        "requests": {"budget": "PT60S"},  # how busy the machine is, is no matter
        **sections,
    }
    async with (
        served(schema=build_schema(), kept_in=store, shop=shop, now=clock, **given) as gateway,
        httpx.AsyncClient(timeout=60) as http,
    ):
        running = gateway.gateway
        async with principals(running.settings.access, utc_now, store) as running.principals:
            pass  # the callers' proofs are of now, whatever the retailer's clock says
        services, settings = running.services, running.settings
        looking = watching(settings, services.connections, services.availability, store, clock)
        there = Market(gateway, store, shop, looking, clock, http)
        if looked:
            await there.look()
        yield there


def limited(**limits: Any) -> dict[str, Any]:
    """The partners, the first of them with limits."""
    return {**PARTNERS, "acme": {**PARTNERS["acme"], "limits": limits}}


DAY = timedelta(days=1)
