"""What does the desk answer about a partner who sells for us?"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request

from connectors.filedrop.collecting import Collector
from connectors.filedrop.drop import Drop
from connectors.filedrop.offering import Wanted
from connectors.filedrop.publishing import Publisher
from connectors.filedrop.records import RefusedError
from connectors.filedrop.selling import Sale
from connectors.filedrop.sending import checked
from connectors.filedrop.settings import Settings
from connectors.filedrop.sold import FIRST, Standing, place
from connectors.filedrop.words import Parcel, Words, accepted, sent

FEW = 5  # orders that are asked about one by one; of more the records are listed
Handler = Callable[[Request], Awaitable[Mapping[str, Any]]]


class CursorError(Exception):
    """It is no place in the orders of this partner."""


class Publication(msgspec.Struct):
    """What is to be published."""

    offers: list[Wanted]


class Skus(msgspec.Struct):
    """Whose listings are asked for."""

    skus: list[str]


class Leaf(msgspec.Struct):
    """A page of orders that is asked for."""

    first: int
    after: str | None = None


class Numbers(msgspec.Struct):
    """Orders that are asked for."""

    numbers: list[str]


class Accepting(msgspec.Struct):
    """An order that we have."""

    order: str


class Sending(msgspec.Struct):
    """A parcel of an order."""

    order: str
    parcel: Parcel


class SellingDesk:
    """Our stock goes out, orders come in, and words about them go out."""

    def __init__(
        self, drop: Drop, settings: Settings, now: Callable[[], datetime], collector: Collector
    ) -> None:
        self._settings, self._now, self._collector = settings, now, collector
        self.publisher: Publisher | None = None
        self.words: Words | None = None
        if settings.listings is not None:
            self.publisher = Publisher(drop, settings, settings.listings, now)
        if settings.sales is not None:
            self.words = Words(drop, settings, settings.sales, now, self._sale)

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """What it answers to, by method and path."""
        return {
            ("POST", "/listings"): self.listings,
            ("PUT", "/publications/{key}"): self.publish,
            ("POST", "/sales"): self.page,
            ("POST", "/sales/numbered"): self.numbered,
            ("PUT", "/sales/acceptances/{key}"): self.accept,
            ("PUT", "/sales/parcels/{key}"): self.despatch,
        }

    async def round(self) -> None:
        """Do what is due by the clock."""
        if self.publisher is not None:
            await self.publisher.round()

    async def publish(self, request: Request) -> Mapping[str, Any]:
        """What became of each offer."""
        asked = msgspec.json.decode(await request.body(), type=Publication)
        key = checked(request.path_params["key"])
        verdicts = await self._publisher().publish(key, asked.offers)
        results = [{"sku": sku, "refused": wrong} for sku, wrong in verdicts.items()]
        return {"as_of": self._now().isoformat(), "results": results}

    async def listings(self, request: Request) -> Mapping[str, Any]:
        """What was told last."""
        asked = msgspec.json.decode(await request.body(), type=Skus)
        told = await self._publisher().told(asked.skus)
        rows = [msgspec.structs.asdict(one) for one in told]
        listings = [{**row, "as_of": row["as_of"].isoformat()} for row in rows]
        return {"as_of": self._now().isoformat(), "listings": listings}

    async def page(self, request: Request) -> Mapping[str, Any]:
        """Orders that changed; before it is said that there are no more, somebody has a look."""
        asked = msgspec.json.decode(await request.body(), type=Leaf)
        self._words()
        sold = self._collector.sold
        after = FIRST if asked.after is None else place(asked.after)
        if after is None:
            raise CursorError("it is no cursor of these orders")
        await self._collector.up_to_date()
        found, end, more = sold.page(after, asked.first)
        if not more:
            await self._collector.look()
            found, end, more = sold.page(after, asked.first)
        orders = [await self._row(one) for one in found]
        unread, self._collector.unread = self._collector.unread, {}
        return {
            "as_of": self._now().isoformat(),
            "orders": orders,
            "cursor": end.cursor,
            "more": more,
            "rejected": [{"reference": one, "reason": reason} for one, reason in unread.items()],
        }

    async def numbered(self, request: Request) -> Mapping[str, Any]:
        """These orders, with all that any process has said of them."""
        asked = msgspec.json.decode(await request.body(), type=Numbers)
        words = self._words()
        await self._collector.up_to_date()
        found = list(self._collector.sold.find(asked.numbers))
        if many := len(found) > FEW:
            await words.look()
        orders = [await self._row(one, anew=not many) for one in found]
        return {"as_of": self._now().isoformat(), "orders": orders}

    async def accept(self, request: Request) -> Mapping[str, Any]:
        """Under which key it was said that we have an order."""
        asked = msgspec.json.decode(await request.body(), type=Accepting)
        words = self._words()
        await self._collector.up_to_date()
        key = await words.accept(request.path_params["key"], asked.order)
        return {"order": asked.order, "reference": key}

    async def despatch(self, request: Request) -> Mapping[str, Any]:
        """That it was said that a parcel left."""
        asked = msgspec.json.decode(await request.body(), type=Sending)
        words, key = self._words(), request.path_params["key"]
        await self._collector.up_to_date()
        await words.despatch(key, asked.order, asked.parcel)
        return {"order": asked.order, "reference": key}

    def _sale(self, number: str) -> Sale | None:
        return next((one.sale for one in self._collector.sold.find([number])), None)

    async def _row(self, standing: Standing, *, anew: bool = False) -> Mapping[str, Any]:
        sale, sales = standing.sale, self._settings.sales
        heard = await self._words().heard(sale.number, anew=anew)
        left = sent(heard)
        row: dict[str, Any] = msgspec.to_builtins(sale)
        lines = [{**line._asdict(), "shipped": left.get(line.reference, 0)} for line in sale.lines]
        waits = sales is not None and sales.acknowledge and not accepted(heard)
        changed = {"changed_at": standing.changed_at.isoformat()}
        return {**row, **changed, "lines": lines, "waits": waits}

    def _publisher(self) -> Publisher:
        if self.publisher is None:
            raise RefusedError("listings are not set up")
        return self.publisher

    def _words(self) -> Words:
        if self.words is None:
            raise RefusedError("sales are not set up")
        return self.words
