"""What does a file say, once it is unpacked? Whatever takes long is done beside the questions."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from connectors.filedrop.dating import Version, version
from connectors.filedrop.documents import Answers, StockList
from connectors.filedrop.drop import Seen
from connectors.filedrop.reading import answers_of, sales_of, stock_of
from connectors.filedrop.sections import Dates
from connectors.filedrop.selling import SaleList
from connectors.filedrop.selling_settings import Sales
from connectors.filedrop.settings import Orders, Settings, Stock
from connectors.filedrop.unpacking import unpacked


class Taker:
    """Understands files as the settings say. Every method raises `Unreadable`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._limits, self._now = settings.limits, now

    async def stock(self, data: bytes, stock: Stock) -> StockList:
        """The levels of a file."""
        plain = await self._plain(data)
        return await asyncio.to_thread(stock_of, plain, stock, most=self._limits.rows)

    async def answers(self, data: bytes, orders: Orders) -> Answers:
        """The answers of a file."""
        plain = await self._plain(data)
        return await asyncio.to_thread(answers_of, plain, orders, most=self._limits.rows)

    async def sales(self, data: bytes, sales: Sales) -> SaleList:
        """The orders of a file."""
        plain = await self._plain(data)
        return await asyncio.to_thread(sales_of, plain, sales, most=self._limits.rows)

    def version(
        self, one: Seen, dates: Dates, within: datetime | None, sequence: int = 0
    ) -> Version:
        """Which one of its kind a file is."""
        return version(
            one.name,
            dates,
            within=within,
            modified=one.modified,
            now=self._now(),
            sequence=sequence,
        )

    async def _plain(self, data: bytes) -> bytes:
        return await asyncio.to_thread(unpacked, data, self._limits.bytes)
