"""A shopper, at a shop of three variants in two places."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from app.ports import StockLevel
from app.store import Store
from app.store.tables import facts
from app.values import CurrencyCode, LocationCode, Sku
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.gateways import Asker, Retailer, gateway_over

PROBLEM = "... on Problem { code message path }"
CART = """id version status channel currency subtotal { amount currency }
  lines { id sku quantity unitPrice { amount currency } total { amount } pricedAt priceAsOf }
  buyer { email phone country postalCode }
  hold { id expiresAt units { sku locationCode quantity location { code } } }"""
CHANGED = f"... on CartChanged {{ cart {{ {CART} }} }}"
CONFLICT = "... on CartVersionConflict { currentVersion cart { version } }"
SOLD = "... on VariantNotSold { skus } ... on PriceUnknown { skus }"
SHORT = """... on InsufficientStock { shortages { sku location asked available } }
  ... on StockUnknown { shortages { sku location asked available } }"""
RESULTS = {
    "cartCreate": [CHANGED, SOLD],
    "cartLinesAdd": [CHANGED, CONFLICT, SOLD],
    "cartLinesUpdate": [CHANGED, CONFLICT, SOLD],
    "cartLinesRemove": [CHANGED, CONFLICT],
    "cartBuyerSet": [CHANGED, CONFLICT],
    "cartMerge": [CHANGED, CONFLICT],
    "cartHandOver": ["... on CartHandedOver { takeOverCode expiresAt }"],
    "cartTakeOver": [CHANGED],
    "cartHold": [CHANGED, CONFLICT, SHORT],
    "cartHoldRelease": [CHANGED, CONFLICT],
}
SHIRT, COAT, SOCKS = Sku("SHIRT-M"), Sku("COAT-L"), Sku("SOCKS")
MILAN, DEPOT = LocationCode("ST-MIL"), LocationCode("WH-1")


def document(name: str) -> str:
    kind = name[0].upper() + name[1:]
    fields = "\n".join([PROBLEM, *RESULTS[name]])
    return f"""mutation Do($input: {kind}Input!) {{
      done: {name}(input: $input) {{ __typename {fields} }} }}"""


def a_shop(**changes: Any) -> Retailer:
    """SHIRT-M: 3 in Milan, 10 in the depot; COAT-L: 2 in Milan; SOCKS: priced, nowhere told of."""
    return Retailer(
        **{
            "known_products": [
                a_product(variants=(a_variant(SHIRT), a_variant(COAT), a_variant(SOCKS)))
            ],
            "known_prices": [
                a_price(SHIRT, "49.90"),
                a_price(COAT, "199.00"),
                a_price(SOCKS, "5.05"),
            ],
            "known_locations": [a_location(MILAN), a_location(DEPOT)],
            "levels": [
                a_level(sku=SHIRT, location=MILAN, on_hand=3),
                a_level(sku=SHIRT, location=DEPOT, on_hand=10),
                a_level(sku=COAT, location=MILAN, on_hand=2),
            ],
            **changes,
        }
    )


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def passes(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Shopper:
    """Asks over HTTP, and looks into the store."""

    ask: Asker
    store: Store
    shop: Retailer
    clock: Clock = field(default_factory=Clock)

    async def __call__(self, name: str, /, **given: Any) -> dict[str, Any]:
        """What came of a mutation."""
        done: dict[str, Any] = (await self.ask.data(document(name), input=given))["done"]
        return done

    async def cart(self, name: str, /, **given: Any) -> dict[str, Any]:
        """The cart after a mutation that was done."""
        done = await self(name, **given)
        assert done["__typename"] == "CartChanged", done
        cart: dict[str, Any] = done["cart"]
        return cart

    async def new(self, **units: int) -> dict[str, Any]:
        """A cart with units, named like their SKUs but for the dash."""
        lines = [{"sku": sku.replace("_", "-"), "quantity": n} for sku, n in units.items()]
        return await self.cart("cartCreate", lines=lines)

    async def look(self, cart: str, fields: str = CART) -> dict[str, Any] | None:
        """The cart as it is now."""
        query = f"query Look($id: ID!) {{ cart(id: $id) {{ {fields} }} }}"
        found: dict[str, Any] | None = (await self.ask.data(query, id=cart))["cart"]
        return found

    async def told(self) -> list[str]:
        """The kinds of all facts, in order."""

        def kinds(connection: Connection) -> list[str]:
            return list(connection.scalars(select(facts.c.kind).order_by(facts.c.seq)))

        return await self.store.read(kinds)

    def has(self, sku: Sku, location: LocationCode, on_hand: int) -> None:
        """Let the shop say now that there is so much."""
        there = a_level(sku=sku, location=location, on_hand=on_hand, as_of=self.clock.now)
        self.shop.levels = [*filter(_other(there), self.shop.levels), there]


def _other(there: StockLevel) -> Any:
    spot = (there.sku, there.location)
    return lambda level: (level.sku, level.location) != spot


@asynccontextmanager
async def shopping(
    store: Store, shop: Retailer | None = None, **sections: Any
) -> AsyncIterator[Shopper]:
    clock, shop = Clock(), shop or a_shop()
    sections.setdefault("requests", {"budget": "PT60S"})  # how busy the machine is, is no matter
    async with gateway_over({"shop": shop}, now=clock, kept_in=store, **sections) as ask:
        yield Shopper(ask, store, shop, clock)


GBP = CurrencyCode("GBP")
