"""What have customers bought from the seller, at a till or elsewhere?"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.ports import Answer, CustomerKey, Purchase
from app.values import LocationCode
from connectors.kit.cells import instant
from connectors.kit.rows import answer, batches
from connectors.square import order_mapping as mapping
from connectors.square.api import Api, each_once, together, understood
from connectors.square.customers import Directory
from connectors.square.order_mapping import Names, Row
from connectors.square.places import Places
from connectors.square.receipts import LOCATIONS_PER_CALL, ORDERS, ORDERS_PER_PAGE, named
from connectors.square.variations import Variations

TOLD = ["OPEN", "COMPLETED", "CANCELED"]  # not those that were never more than a draft


class Purchases:
    """Fulfils `PurchaseHistory`: a search for each customer and each ten locations."""

    def __init__(
        self, api: Api, directory: Directory, places: Places, variations: Variations
    ) -> None:
        self._api = api
        self._directory = directory
        self._places = places
        self._variations = variations

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """See `PurchaseHistory`. Orders go on naming whom the directory has forgotten."""
        known = await self._directory.customers(keys)
        if not known.rows:
            return Answer(rows=(), as_of=known.as_of, rejected=known.rejected)
        places = await self._places.every()
        found = await together(self._of(one.key, places, until, most) for one in known.rows)
        bought = [one for orders in found for one in orders]
        names = Names(await named(self._variations, [row for _, row in bought]), places)
        read = answer(
            bought,
            lambda one: mapping.purchase(one[1], one[0], names),
            as_of=known.as_of,
            reference=lambda one: one[1]["id"],
        )
        return Answer(rows=read.rows, as_of=read.as_of, rejected=(*known.rejected, *read.rejected))

    async def _of(
        self, key: CustomerKey, places: Mapping[str, LocationCode], until: datetime, most: int
    ) -> list[tuple[CustomerKey, Row]]:
        """The latest orders of a customer, wherever they were placed."""
        found = await together(
            self._searched(key, batch, until, most) for batch in batches(places, LOCATIONS_PER_CALL)
        )
        rows = [row for orders in found for row in orders]
        rows.sort(key=_placed, reverse=True)
        return [(key, row) for row in rows[:most]]

    async def _searched(
        self, key: CustomerKey, places: list[str], until: datetime, most: int
    ) -> list[Row]:
        asked: dict[str, Any] = {
            "location_ids": places,
            "limit": max(1, min(most, ORDERS_PER_PAGE)),
            "query": {
                "filter": {
                    "customer_filter": {"customer_ids": [key]},
                    "state_filter": {"states": TOLD},
                    "date_time_filter": {"created_at": {"end_at": until.isoformat()}},
                },
                "sort": {"sort_field": "CREATED_AT", "sort_order": "DESC"},
            },
        }
        reply = await self._api.send(ORDERS, asked)
        return [row for row in each_once([reply], "id") if mapping.has_lines(row)]


def _placed(row: Row) -> datetime:
    return understood(row, lambda order: instant(order, "created_at"), "order")
