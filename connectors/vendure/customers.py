"""How are Vendure's customers found, told of, and forgotten?

Vendure finds telephone numbers only as they were typed, so they are asked for in all usual
spellings. It forgets nobody by itself: the shop has to have the mutation that the README names.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from app.errors import UpstreamBroken
from app.ports import (
    Answer,
    Contact,
    ContactKind,
    CustomerKey,
    CustomerRecords,
    Erasure,
    KeptRecord,
    Purchase,
    UpstreamCustomer,
    Wiring,
    spellings,
)
from connectors.kit.rows import answer, batches
from connectors.vendure import customer_documents as documents
from connectors.vendure import customer_mapping as mapping
from connectors.vendure.access import Access
from connectors.vendure.api import Operation, Reply
from connectors.vendure.lists import every_page, joined, together, without
from connectors.vendure.settings import Customers, Settings

T = TypeVar("T")
SALES = frozenset({KeptRecord.SALES})
A_TICK = timedelta(milliseconds=1)  # of Vendure's clock


class CustomerDesk:
    """The customers of one shop."""

    def __init__(
        self, settings: Settings, customers: Customers, wiring: Wiring, access: Access
    ) -> None:
        self._settings = settings
        self._read = partial(mapping.customer, country=customers.phone_country)
        self._key_field = None if settings.orders is None else settings.orders.key_field
        self._now = wiring.now
        self._access = access

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`. It has no loyalty cards."""
        sought = [one for one in contacts if one.kind is not ContactKind.LOYALTY_CARD]
        chunks = batches(sorted(sought), self._settings.page_size)
        asked = [{"_or": list(_filters(chunk))} for chunk in chunks]
        found = await self._answered(documents.CUSTOMERS, asked, self._customers)
        wanted = set(sought)
        rows = (row for row in found.rows if wanted & {one.contact for one in row.contacts})
        return replace(found, rows=_once(rows, lambda row: row.key))

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`."""
        found = await self._answered(documents.CUSTOMERS, self._of(keys), self._customers)
        return replace(found, rows=_once(found.rows, lambda row: row.key))

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """See `CustomerDirectory`."""
        found = await self._answered(documents.CUSTOMERS, self._of(keys), self._records)
        return replace(found, rows=_once(found.rows, lambda row: row.key))

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """See `PurchaseHistory`."""
        orders = {
            "take": most,
            "sort": {"orderPlacedAt": "DESC"},
            "filter": {"orderPlacedAt": {"before": _just_after(until).isoformat()}},
        }
        operation = documents.bought(self._key_field)
        found = await self._answered(operation, self._of(keys), self._purchases, orders=orders)
        rows = (row for row in found.rows if row.placed_at <= until)
        return replace(found, rows=_once(rows, lambda row: (row.customer, row.reference)))

    async def erase(self, key: CustomerKey) -> Erasure:
        """See `CustomerDirectory`. One call, by the shop's own mutation, which may be repeated."""
        reply = await self._access.administer(documents.ERASE, {"id": str(key)})
        if not reply.flag("eraseCustomer"):
            raise UpstreamBroken("the customer was not erased")
        return Erasure(key=key, kept=SALES)

    async def _answered(
        self,
        operation: Operation,
        filters: Sequence[Any],
        read: Callable[[Reply], Answer[T]],
        **variables: Any,
    ) -> Answer[T]:
        """All pages of all questions."""
        if not filters:
            return Answer(rows=(), as_of=self._now())

        async def pages(condition: Any) -> Sequence[Reply]:
            async def ask(skip: int) -> Reply:
                size, sort = self._settings.page_size, {"id": "ASC"}
                options = {"skip": skip, "take": size, "sort": sort, "filter": condition}
                asked = {"customers": options, **variables}
                return await self._access.administer(operation, asked)

            return await every_page(ask, "customers", size=self._settings.page_size)

        replies = [one for found in await together(map(pages, filters)) for one in found]
        return joined(read(reply) for reply in replies)

    def _of(self, keys: Collection[CustomerKey]) -> list[Any]:
        chunks = batches(sorted(keys), self._settings.page_size)
        return [{"id": {"in": chunk}} for chunk in chunks]

    def _customers(self, reply: Reply) -> Answer[UpstreamCustomer]:
        return _mapped(reply, reply.rows("customers"), self._read)

    def _records(self, reply: Reply) -> Answer[CustomerRecords]:
        return _mapped(reply, reply.rows("customers"), mapping.records)

    def _purchases(self, reply: Reply) -> Answer[Purchase]:
        decimals = reply.number("globalSettings", "serverConfig", "moneyStrategyPrecision")
        try:
            told = list(mapping.purchases(reply.rows("customers")))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UpstreamBroken("the answer has customers without orders") from error
        read = partial(mapping.purchase, key_field=self._key_field, decimals=decimals)
        return _mapped(reply, told, read, lambda row: row[1]["code"])


def _mapped(
    reply: Reply,
    rows: list[Any],
    read: Callable[[Any], T],
    reference: Callable[[Any], object] = lambda row: row["id"],
) -> Answer[T]:
    mapped = answer(rows, read, as_of=reply.as_of, reference=reference)
    return without(reply.rejected("customers"), mapped)


def _just_after(moment: datetime) -> datetime:
    """The next tick: Vendure's `before` leaves the moment itself out."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) + A_TICK


def _filters(contacts: Sequence[Contact]) -> Any:
    """What finds somebody with one of these."""
    names = {ContactKind.EMAIL: "emailAddress", ContactKind.PHONE: "phoneNumber"}
    for kind, name in names.items():
        forms = [form for one in contacts if one.kind is kind for form in spellings(one)]
        if forms:
            yield {name: {"in": forms}}


def _once(rows: Any, key: Callable[[Any], Any]) -> Any:
    return tuple({key(row): row for row in rows}.values())
