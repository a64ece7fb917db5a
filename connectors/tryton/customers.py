"""How are Tryton's parties found, told of, and erased?

Tryton erases a party itself, by a wizard, once nothing of it is open and it is not active any more.
All of it may be done again: a party that was erased is erased once more, to the same end. One that
was retired, and could not be erased, is not told of any more, and is erased the next time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from app.errors import (
    UpstreamRefused,
    UpstreamUnauthorized,
)
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
    spellings,
)
from connectors.kit.rows import batches
from connectors.tryton import customer_mapping as mapping
from connectors.tryton.reading import merged, read
from connectors.tryton.rpc import Rpc, Search, together
from connectors.tryton.settings import Customers

T = TypeVar("T")
KEYS_PER_CALL = 200
OK = 200
SALES = frozenset({KeptRecord.SALES, KeptRecord.INVOICES})
WIZARD = "wizard.party.erase"
PARTY = (
    *("name", "contact_mechanisms.type", "contact_mechanisms.value"),
    *("addresses.street", "addresses.postal_code", "addresses.city", "addresses.country.code"),
    "categories.name",
)
SALE = (
    *("party", "reference", "number", "state", "create_date", "total_amount", "currency.code"),
    *("lines.quantity", "lines.description", "lines.amount"),
    *("lines.product.code", "lines.product.name"),
)
OPEN, KNOWN = ("done", "cancelled"), ("confirmed", "processing", "done", "cancelled")
EVER = ("active", "in", [True, False])


class CustomerDesk:
    """The parties of one database."""

    def __init__(self, rpc: Rpc, customers: Customers, *, now: Callable[[], datetime]) -> None:
        self._rpc = rpc
        self._read = partial(mapping.customer, settings=customers)
        self._now = now

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`. It has no loyalty cards."""
        sought = [one for one in contacts if one.kind is not ContactKind.LOYALTY_CARD]
        chunks = [
            [form for one in chunk for form in spellings(one)]
            for chunk in batches(sorted(sought), KEYS_PER_CALL)
        ]
        asked = [("contact_mechanisms.value", "in", forms) for forms in chunks]
        found = await self._parties(asked, self._read)
        wanted = set(sought)
        known = (row for row in found.rows if wanted & {one.contact for one in row.contacts})
        return replace(found, rows=tuple({row.key: row for row in known}.values()))

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`."""
        return await self._parties(_of(keys), self._read)

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """See `CustomerDirectory`."""
        return await self._parties(_of(keys), mapping.records)

    async def purchases(
        self, keys: Collection[CustomerKey], *, until: datetime, most: int
    ) -> Answer[Purchase]:
        """See `PurchaseHistory`. Sales of parties that are still active, one call a batch."""
        if not keys:
            return Answer(rows=(), as_of=self._now())
        found = merged(
            await together(self._sold(one) for one in batches(_ids(keys), KEYS_PER_CALL))
        )
        left: dict[CustomerKey, int] = {}
        chosen = []
        for row in sorted(found.rows, key=lambda one: (one.placed_at, one.reference), reverse=True):
            if row.placed_at <= until and left.setdefault(row.customer, most) > 0:
                left[row.customer] -= 1
                chosen.append(row)
        return replace(found, rows=tuple(chosen))

    async def erase(self, key: CustomerKey) -> Erasure:
        """See `CustomerDirectory`. Five calls; an open sale is a reason to refuse."""
        erasure = Erasure(key=key, kept=SALES)
        if not (ids := _ids([key])):
            return erasure
        there = Search(model="party.party", domain=[("id", "=", ids[0]), EVER], fields=("active",))
        if not (await self._rpc.search("party", there)).rows():
            return erasure
        pending = Search(
            model="sale.sale",
            domain=[("party", "=", ids[0]), ("state", "not in", list(OPEN))],
            fields=("state",),
            limit=1,
        )
        if (await self._rpc.search("open-sales", pending)).rows():
            raise UpstreamRefused("a sale of the customer is still open")
        await self._rpc.change("retire-party", "model.party.party.write", ids, {"active": False})
        await self._wizard(ids[0])
        return erasure

    async def _wizard(self, party: int) -> None:
        session = (await self._rpc.change("begin-erasing", f"{WIZARD}.create")).result
        number = session[0] if isinstance(session, list) and session else None
        told = {"ask": {"party": party}}
        await self._rpc.change("erase", f"{WIZARD}.execute", number, told, "erase")

    async def _parties(self, asked: Sequence[Any], mapped: Callable[[Any], T]) -> Answer[T]:
        if not asked:
            return Answer(rows=(), as_of=self._now())

        async def ask(domain: Any) -> Answer[T]:
            search = Search(model="party.party", domain=[domain], fields=PARTY)
            return read(await self._rpc.search("parties", search), mapped)

        return merged(await together(map(ask, asked)))

    async def _sold(self, parties: Sequence[int]) -> Answer[Purchase]:
        domain = [
            ("party", "in", parties),
            ("party.active", "=", True),
            ("state", "in", list(KNOWN)),
        ]
        search = Search(model="sale.sale", domain=domain, fields=SALE)
        try:
            reply = await self._rpc.search("purchases", search)
        except UpstreamRefused as error:
            if error.status != OK:
                raise
            # Tryton has no other word for a missing right, and nothing else to say no to.
            raise UpstreamUnauthorized("the user may not read sales") from error
        return read(reply, mapping.purchase)


def _ids(keys: Collection[CustomerKey]) -> list[int]:
    """Those that can be ids of Tryton's."""
    return sorted(int(key) for key in set(keys) if key.isascii() and key.isdecimal())


def _of(keys: Collection[CustomerKey]) -> list[Any]:
    return [("id", "in", chunk) for chunk in batches(_ids(keys), KEYS_PER_CALL)]
