"""A gateway with a partner who sells for us and only knows files: from listing to parcel."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from csv import DictReader
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, select

from app.markets.desk import MarketDesk
from app.markets.tables import market_sources
from app.orders import repository
from app.orders.model import Order, OrderState
from app.ports import MarketOrderNumber, MarketWriteKey, Parcel
from connectors.sandbox.retailer.catalogue import assortment
from tests.connectors.filedrop.selling import COLUMNS, HEADER, SALES, gone, row
from tests.connectors.filedrop.sftp_server import sftp_server
from tests.connectors.filedrop.test_end_to_end import PATIENCE, PAUSE, Shop, shop, stock_table

T = TypeVar("T")
THING = next(iter(assortment(7).skus))
OURS = OrderState.PLACED, OrderState.SOURCED
TERMS = {
    "channel": "MARKET",
    "locations": ["SUP-1"],
    "skus": [THING],
    "poll_every": "PT0.2S",
    "look_every": "PT0.3S",
}
SELLS = {
    "url": "embedded",
    "every": "PT0.2S",
    "listings": {"columns": {"sku": "sku", "quantity": "units", "price": "price"}},
    "sales": {**SALES, "columns": COLUMNS},
}


@dataclass
class Boutique:
    """The partner who sells, and the gateway that it sells for."""

    shop: Shop
    root: Path

    def send(self, name: str, *rows: str) -> None:
        (self.root / "in").mkdir(exist_ok=True)
        part = self.root / "in" / f"{name}.part"
        part.write_text("\n".join([HEADER, *rows]) + "\n")
        part.rename(self.root / "in" / name)

    def there(self, folder: str, begins: str = "") -> list[str]:
        path = self.root / folder
        names = (one.name for one in path.iterdir()) if path.is_dir() else iter(())
        return sorted(name for name in names if name.startswith(begins))

    def read(self, name: str) -> list[dict[str, str]]:
        with (self.root / "out" / name).open(newline="") as opened:
            return list(DictReader(opened))

    def shows(self) -> dict[str, int]:
        """Units that all files with our figures come to."""
        return {sku: int(units) for sku, units in self._listed("units").items()}

    def prices(self) -> dict[str, str]:
        """Prices, as above."""
        return self._listed("price")

    def _listed(self, column: str) -> dict[str, str]:
        """A file goes before those of lower names; what is blank in it stays as it was."""
        rows = [one for name in self.there("out", "listing-") for one in self.read(name)]
        return {one["sku"]: one[column] for one in rows if one[column]}

    async def orders(self) -> list[Order]:
        return await self.shop.gateway.store.read(partial(repository.page, first=10))

    async def order(self, *states: OrderState) -> Order | None:
        """The only order, once it is so far."""
        orders = await self.orders()
        return orders[0] if [one for one in orders if one.state in states] else None

    async def read_again(self) -> None:
        """Wait until our orders have been asked for twice: the first time may have begun before."""
        for _ in range(2):
            before = datetime.now(UTC)
            await until(partial(self._polled, before))

    async def _polled(self, after: datetime) -> bool:
        def polled(connection: Connection) -> Any:
            mine = market_sources.c.connection == "boutique"
            return connection.execute(select(market_sources.c.polled_at).where(mine)).scalar()

        at = await self.shop.gateway.store.read(polled)
        return at is not None and at > after


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """The answer, once it is one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if found := await ask():
                return found
            await asyncio.sleep(PAUSE)


async def until_true(ask: Callable[[], bool]) -> None:
    async def asked() -> bool:
        return ask()

    await until(asked)


@pytest.mark.parametrize("over", ["folder", "sftp"])
async def test_a_partner_sells_what_our_files_say_and_its_files_are_our_orders(
    tmp_path: Path, over: str
) -> None:
    supplier, root = tmp_path / "supplier", tmp_path / "boutique"
    for folder in (supplier, root):
        folder.mkdir()
    async with AsyncExitStack() as stack:
        where: dict[str, Any] = {"folder": str(root)}
        if over == "sftp":
            away = await stack.enter_async_context(sftp_server(root))
            server = {"host": "127.0.0.1", "port": away.port, "user": "retailer"}
            where = {
                "sftp": {**server, "known_hosts": away.known_hosts},
                "password": {"env": "WEAVER"},
            }

        def adapt(told: dict[str, Any]) -> None:
            weaver = told["connections"]["weaver"]
            weaver["settings"]["orders"] = {"accepted_by": "delivery"}
            told["connections"]["boutique"] = {
                "connector": "filedrop",
                "timeout": "PT20S",
                "settings": {**SELLS, **where},
            }
            told["markets"] = {"boutique": TERMS}

        weaver = await stack.enter_async_context(shop(supplier, adapt, folder=str(supplier)))
        boutique = Boutique(weaver, root)
        counted = datetime.now(UTC) - timedelta(seconds=5)
        weaver.send("stock-1.csv", stock_table(THING, 12, counted))

        await until_true(lambda: boutique.shows() == {THING: 12} and bool(boutique.prices()))
        price = boutique.prices()[THING]
        now = datetime.now(UTC).isoformat()
        sold = row("F-1", THING, 3, now, ordered=now, price=price, paid="900.00")
        boutique.send("sold-1.csv", sold)
        taken = await until(lambda: boutique.order(*OURS))
        await until_true(lambda: bool(boutique.there("out", "sale-")))
        await until_true(lambda: boutique.shows() == {THING: 9})

        (acknowledged,) = boutique.there("out", "sale-")
        (word,) = boutique.read(acknowledged)
        assert float(price) > 0
        assert [(line.sku, line.quantity) for line in taken.lines] == [(THING, 3)]
        assert (taken.buyer.name, taken.buyer.email) == ("Grace Example", "x@partner.example")
        assert acknowledged == f"sale-ack-{taken.number}.csv"
        assert (word["action"], word["order"]) == ("ACCEPT", "F-1")

        later = datetime.now(UTC).isoformat()
        boutique.send("sold-2.csv", gone("F-1", at=later))
        await until(lambda: boutique.order(OrderState.CANCELLED))
        await until_true(lambda: boutique.shows() == {THING: 12})
        boutique.send("sold-1.csv", sold)
        boutique.send("sold-3.csv", sold)
        await until_true(lambda: boutique.there("in") == [])
        await boutique.read_again()
        after = await boutique.orders()

        assert [(one.number, one.state) for one in after] == [(taken.number, OrderState.CANCELLED)]
        assert boutique.shows() == {THING: 12}
        assert boutique.there("out", "sale-") == [acknowledged]
        assert boutique.there("rejected") == []
        kept = [name.split("~")[-1] for name in boutique.there("archive")]
        assert kept == ["sold-1.csv", "sold-2.csv", "sold-3.csv"]


async def test_what_left_is_told_by_a_file(tmp_path: Path) -> None:
    supplier, root = tmp_path / "supplier", tmp_path / "boutique"
    for folder in (supplier, root):
        folder.mkdir()

    def adapt(told: dict[str, Any]) -> None:
        told["connections"]["weaver"]["settings"]["orders"] = {"accepted_by": "delivery"}
        told["connections"]["boutique"] = {
            "connector": "filedrop",
            "timeout": "PT20S",
            "settings": {**SELLS, "folder": str(root)},
        }
        told["markets"] = {"boutique": TERMS}

    async with shop(supplier, adapt, folder=str(supplier)) as weaver:
        boutique = Boutique(weaver, root)
        weaver.send("stock-1.csv", stock_table(THING, 12, datetime.now(UTC)))
        await until_true(lambda: boutique.shows() == {THING: 12})  # or nobody knows of units yet
        now = datetime.now(UTC).isoformat()
        boutique.send("sold-1.csv", row("F-1", THING, 3, now, ordered=now, paid="900.00"))
        await until(lambda: boutique.order(*OURS))
        desk = MarketDesk(weaver.gateway.store, weaver.gateway.settings.markets)
        parcel = Parcel(
            key=MarketWriteKey("P-1"),
            order=MarketOrderNumber("F-1"),
            lines=(),  # all that has yet to leave
            carrier="DHL",
            tracking="0034",
            shipped_at=datetime.now(UTC),
        )
        told = [await desk.ship("boutique", parcel, datetime.now(UTC)) for _ in range(2)]
        await until_true(lambda: "sale-P-1.csv" in boutique.there("out"))
        (left,) = boutique.read("sale-P-1.csv")

    assert told == [True, False]
    named = ("action", "order", "line", "sku", "quantity", "carrier", "tracking")
    assert [left[one] for one in named] == ["DESPATCH", "F-1", THING, THING, "3", "DHL", "0034"]
