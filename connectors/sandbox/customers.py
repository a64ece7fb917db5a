"""How are customers of the shop and of the tills found, told of, and forgotten?"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from app.errors import UpstreamBroken, UpstreamRefused
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
)
from connectors.kit import cells
from connectors.kit.rows import answer, list_at
from connectors.sandbox import customer_mapping as mapping
from connectors.sandbox.answers import joined, stated, table
from connectors.sandbox.asking import Names
from connectors.sandbox.orders import says
from connectors.sandbox.wire import Caller, in_batches

T = TypeVar("T")
MOST = 100  # purchases of one customer in one answer
SALES = frozenset({KeptRecord.SALES})
Read = Callable[[Any], T]


class ShopCustomers:
    """The shop's accounts, and its orders by account."""

    def __init__(self, wiring: Wiring, call: Caller) -> None:
        self._wiring = wiring
        self._call = call

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`. It has no cards."""
        names = {ContactKind.EMAIL: "emails", ContactKind.PHONE: "phones"}
        return await _found(self._wiring, contacts, names, self._looked_up)

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`."""
        return await _of_keys(self._wiring, keys, lambda ids: self._looked_up({"ids": ids}))

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """See `CustomerDirectory`."""
        return await _of_keys(self._wiring, keys, self._exported)

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """See `PurchaseHistory`; orders that were handed over have our key."""

        async def ask(ids: list[CustomerKey]) -> Answer[Purchase]:
            asked = {"ids": ids, "until": until.isoformat(), "limit": min(most, MOST)}
            document = await self._call.post("customer-orders", "v1/customers/orders", asked)
            return _items(document, mapping.shop_purchase, "number")

        return await _bought(self._wiring, keys, ask)

    async def erase(self, key: CustomerKey) -> Erasure:
        """See `CustomerDirectory`. One call."""
        path = f"v1/customers/{quote(key, safe='')}"
        try:
            document = await self._call.write("erase", "DELETE", path, {})
        except UpstreamRefused as error:
            if says(error.body, "unknown_customer"):
                return Erasure(key=key, kept=SALES)
            raise
        return _erased(document, "id", key)

    async def _looked_up(self, asked: Mapping[str, list[Any]]) -> Answer[UpstreamCustomer]:
        document = await self._call.post("customers", "v1/customers/lookup", asked)
        return _items(document, mapping.account, "id")

    async def _exported(self, ids: list[CustomerKey]) -> Answer[CustomerRecords]:
        document = await self._call.post("export", "v1/customers/export", {"ids": ids})
        return _items(document, mapping.account_records, "id")


class TillCustomers:
    """The tills' card holders, and receipts by card holder."""

    def __init__(self, wiring: Wiring, call: Caller, names: Names) -> None:
        self._wiring = wiring
        self._call = call
        self._names = names

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`. Card numbers are written with and without a space there."""
        names = {
            ContactKind.EMAIL: "emails",
            ContactKind.PHONE: "mobiles",
            ContactKind.LOYALTY_CARD: "cardNos",
        }
        return await _found(self._wiring, contacts, names, self._looked_up)

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`."""
        return await _of_keys(self._wiring, keys, lambda ids: self._looked_up({"customerNos": ids}))

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """See `CustomerDirectory`."""
        return await _of_keys(self._wiring, keys, self._exported)

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """See `PurchaseHistory`. Receipts."""

        async def ask(numbers: list[CustomerKey]) -> Answer[Purchase]:
            asked = {"customerNos": numbers, "until": until.isoformat(), "limit": min(most, MOST)}
            document = await self._call.post("receipts", "rpc/receipts.query", asked)
            return _rows(document, lambda row: mapping.receipt(row, self._names.codes), "receiptNo")

        return await _bought(self._wiring, keys, ask)

    async def erase(self, key: CustomerKey) -> Erasure:
        """See `CustomerDirectory`. One call."""
        asked = {"customerNo": key}
        document = await self._call.write("erase", "POST", "rpc/customers.forget", asked)
        return _erased(document, "customerNo", key)

    async def _looked_up(self, asked: Mapping[str, list[Any]]) -> Answer[UpstreamCustomer]:
        document = await self._call.post("customers", "rpc/customers.find", asked)
        return _rows(document, mapping.card_holder, "customerNo")

    async def _exported(self, numbers: list[CustomerKey]) -> Answer[CustomerRecords]:
        asked = {"customerNos": numbers}
        document = await self._call.post("export", "rpc/customers.export", asked)
        return _rows(document, mapping.card_records, "customerNo")


async def _found(
    wiring: Wiring,
    contacts: Collection[Contact],
    names: Mapping[ContactKind, str],
    ask: Callable[[Mapping[str, list[Any]]], Awaitable[Answer[UpstreamCustomer]]],
) -> Answer[UpstreamCustomer]:
    """Those who have one of the contacts, also by our reckoning: systems find what is similar."""
    sought = {f"{one.kind}:{one.value}": one for one in contacts if one.kind in names}
    if not sought:
        return Answer(rows=(), as_of=wiring.now())

    async def looked_up(batch: list[str]) -> Answer[UpstreamCustomer]:
        asked: dict[str, list[Any]] = {name: [] for name in names.values()}
        for one in batch:
            asked[names[sought[one].kind]].append(_written(sought[one]))
        return await ask(asked)

    found = joined(await in_batches(sought, looked_up), lambda row: row.key)
    wanted = set(sought.values())
    rows = (row for row in found.rows if wanted & {one.contact for one in row.contacts})
    return Answer(rows=tuple(rows), as_of=found.as_of, rejected=found.rejected)


def _written(contact: Contact) -> str:
    """As the tills write a card."""
    if contact.kind is ContactKind.LOYALTY_CARD:
        return f"{contact.value[:2]} {contact.value[2:]}"
    return contact.value


async def _of_keys(
    wiring: Wiring,
    keys: Collection[CustomerKey],
    ask: Callable[[list[CustomerKey]], Awaitable[Answer[T]]],
) -> Answer[T]:
    """What is told of customers who were asked for."""
    if not keys:
        return Answer(rows=(), as_of=wiring.now())
    found: Answer[Any] = joined(await in_batches(keys, ask), lambda row: row.key)
    rows = tuple(row for row in found.rows if row.key in set(keys))
    return Answer(rows=rows, as_of=found.as_of, rejected=found.rejected)


async def _bought(
    wiring: Wiring,
    keys: Collection[CustomerKey],
    ask: Callable[[list[CustomerKey]], Awaitable[Answer[Purchase]]],
) -> Answer[Purchase]:
    if not keys:
        return Answer(rows=(), as_of=wiring.now())
    return joined(await in_batches(keys, ask), lambda row: (row.customer, row.reference))


def _items(document: Any, read: Read[T], name: str) -> Answer[T]:
    as_of = stated(cells.instant, document, "served_at")
    rows: Iterable[Any] = list_at(document, "items")
    return answer(rows, read, as_of=as_of, reference=lambda row: row[name])


def _rows(document: Any, read: Read[T], name: str) -> Answer[T]:
    as_of = stated(cells.instant, document, "answeredAt")
    return answer(table(document), read, as_of=as_of, reference=lambda row: row[name])


def _erased(document: Any, name: str, key: CustomerKey) -> Erasure:
    if not isinstance(document, dict) or document.get(name) != key:
        raise UpstreamBroken("the answer tells of no customer who was forgotten")
    return Erasure(key=key, kept=SALES)
