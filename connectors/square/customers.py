"""Whom does the seller's directory know, what does it have of them, and can it forget them?"""

from collections.abc import Collection, Mapping
from typing import Any

from app.errors import UpstreamRefused
from app.ports import (
    Answer,
    Contact,
    ContactKind,
    CustomerKey,
    CustomerRecords,
    Erasure,
    KeptRecord,
    RejectedRow,
    UpstreamCustomer,
    Wiring,
)
from connectors.kit.cells import text
from connectors.kit.rows import answer, batches, merged
from connectors.square import customer_mapping as mapping
from connectors.square.api import Api, Call, code_of, each_once, refusal, together
from connectors.square.loyalty import E164, Loyalty
from connectors.square.settings import Customers

IDS_PER_CALL = 100
CUSTOMERS_PER_PAGE = 100
FILTERS = {ContactKind.EMAIL: "email_address", ContactKind.PHONE: "phone_number"}
GONE = frozenset({"NOT_FOUND", "CUSTOMER_NOT_FOUND"})
SALES = frozenset({KeptRecord.SALES})
FIND = Call(
    operation="find-customers",
    path="v2/customers/search",
    rows="customers",
    beside=frozenset({"cursor", "count"}),
)
RETRIEVE = Call(operation="customers", path="v2/customers/bulk-retrieve")
ATTRIBUTES = Call(
    operation="custom-attributes",
    path="v2/customers/{customer}/custom-attributes",
    method="GET",
    rows="custom_attributes",
)
DELETE = Call(operation="erase", path="v2/customers/{customer}", method="DELETE", safe=False)


class Directory:
    """Fulfils `CustomerDirectory`. Where there is a programme, members belong to it, too."""

    def __init__(
        self, settings: Customers, wiring: Wiring, api: Api, loyalty: Loyalty | None
    ) -> None:
        self._country = settings.country
        self._api = api
        self._loyalty = loyalty
        self._now = wiring.now

    async def find(self, contacts: Collection[Contact]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`. One call for each contact, as Square takes one in a search."""
        asked = [one for one in dict.fromkeys(contacts) if _is_searched(one)]
        found = merged(
            await together(map(self._having, asked)), key=lambda one: one.key, as_of=self._now()
        )
        wanted = frozenset(asked)
        rows = (one for one in found.rows if wanted & {known.contact for known in one.contacts})
        return Answer(rows=tuple(rows), as_of=found.as_of, rejected=found.rejected)

    async def customers(self, keys: Collection[CustomerKey]) -> Answer[UpstreamCustomer]:
        """See `CustomerDirectory`."""
        profiles = await self._profiles(keys)
        read = answer(
            profiles.rows,
            lambda row: mapping.customer(row, self._country),
            as_of=profiles.as_of,
            reference=lambda row: row["id"],
        )
        return Answer(
            rows=read.rows, as_of=read.as_of, rejected=(*profiles.rejected, *read.rejected)
        )

    async def export(self, keys: Collection[CustomerKey]) -> Answer[CustomerRecords]:
        """See `CustomerDirectory`. A call or more for each customer."""
        profiles = await self._profiles(keys)
        records = await together(self._records(row) for row in profiles.rows)
        return Answer(rows=tuple(records), as_of=profiles.as_of, rejected=profiles.rejected)

    async def erase(self, key: CustomerKey) -> Erasure:
        """See `CustomerDirectory`. An account of the programme would go on naming its member."""
        if self._loyalty is not None and await self._loyalty.accounts([key]):
            raise UpstreamRefused("has a loyalty account, which only the seller can delete")
        try:
            await self._api.send(DELETE, ids={"customer": key})
        except UpstreamRefused as error:
            if refusal(error) not in GONE:
                raise
        return Erasure(key=key, kept=SALES)

    async def _having(self, contact: Contact) -> Answer[UpstreamCustomer]:
        wanted = {FILTERS[contact.kind]: {"exact": contact.value}}
        asked = {"query": {"filter": wanted}, "limit": CUSTOMERS_PER_PAGE}
        pages = await self._api.pages(FIND, asked)
        return answer(
            (row for page in pages for row in page.rows()),
            lambda row: mapping.customer(row, self._country),
            as_of=min(page.as_of for page in pages),
            reference=lambda row: row["id"],
        )

    async def _profiles(self, keys: Collection[CustomerKey]) -> Answer[Mapping[str, Any]]:
        """The profiles that there are under these very ids, as Square tells them."""
        found = await together(map(self._retrieved, batches(keys, IDS_PER_CALL)))
        return merged(found, key=lambda row: row["id"], as_of=self._now())

    async def _retrieved(self, keys: list[CustomerKey]) -> Answer[Mapping[str, Any]]:
        reply = await self._api.send(RETRIEVE, {"customer_ids": keys})
        told = reply.thing("responses")
        named = [(key, told[key]) for key in keys if key in told]
        failed = {key: code for key, one in named if (code := code_of(one)) is not None}
        read = answer(
            [one for one in named if one[0] not in failed],
            _profile,
            as_of=reply.as_of,
            reference=lambda one: one[0],
        )
        lost = [
            RejectedRow(key, f"answered with {code}")
            for key, code in failed.items()
            if code not in GONE
        ]
        rows = tuple(row for key, row in read.rows if row["id"] == key)
        return Answer(rows=rows, as_of=reply.as_of, rejected=(*read.rejected, *lost))

    async def _records(self, profile: Mapping[str, Any]) -> CustomerRecords:
        key = CustomerKey(profile["id"])
        pages = await self._api.pages(ATTRIBUTES, ids={"customer": key})
        documents: dict[str, Any] = {
            "customer": profile,
            "custom_attributes": each_once(pages, "key"),
        }
        if self._loyalty is not None:
            documents |= await self._loyalty.records(key)
        return CustomerRecords(key=key, documents=documents)


def _is_searched(contact: Contact) -> bool:
    """Square knows no cards, and refuses to look for a number that is none."""
    if contact.kind is ContactKind.PHONE:
        return E164.fullmatch(contact.value) is not None
    return contact.kind in FILTERS


def _profile(named: tuple[CustomerKey, Any]) -> tuple[CustomerKey, Mapping[str, Any]]:
    key, one = named
    profile = one["customer"]
    text(profile, "id")
    return key, profile
