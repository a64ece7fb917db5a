"""How is the seller's loyalty programme asked, and how are points given and taken?"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from app.errors import InvalidInputError, UpstreamBroken, UpstreamRefused
from app.ports import (
    Adjustment,
    Answer,
    Earning,
    Enrolment,
    MemberKey,
    MemberReference,
    PointsEntry,
    PointsMove,
    PointsPage,
    ProgramMember,
    Wiring,
)
from app.values import LocationCode
from connectors.kit.rows import answer, batches, merged
from connectors.kit.sealed import Seal
from connectors.square import loyalty_mapping as mapping
from connectors.square.api import Api, Call, Reply, each_once, refusal, together, understood
from connectors.square.loyalty_mapping import Program
from connectors.square.places import Places
from connectors.square.settings import Settings

T = TypeVar("T")
KEYS_PER_CALL = 30  # mappings, or customers, in one search
ACCOUNTS_PER_PAGE = 200
EVENTS_PER_PAGE = 30
REASON_LENGTH = 3500
E164 = re.compile(r"\+[1-9]\d{6,14}")  # Square refuses a whole search for one that is none
MAIN = Call(operation="programme", path="v2/loyalty/programs/main", method="GET")
ACCOUNTS = Call(operation="members", path="v2/loyalty/accounts/search", rows="loyalty_accounts")
EVENTS = Call(operation="points-history", path="v2/loyalty/events/search", rows="events")
JOIN = Call(operation="enrol", path="v2/loyalty/accounts", safe=False)
EARN = Call(
    operation="earn",
    path="v2/loyalty/accounts/{account}/accumulate",
    safe=False,
    rows="events",
    beside=frozenset(),
)
ADJUST = Call(operation="adjust", path="v2/loyalty/accounts/{account}/adjust", safe=False)


class Loyalty:
    """Fulfils what `LoyaltyProgram` asks of accounts; `Rewards` has the rest."""

    def __init__(self, settings: Settings, wiring: Wiring, api: Api, places: Places) -> None:
        self._api = api
        self._places = places
        self._now = wiring.now
        self._kept_for = settings.ids_kept
        self._seal = Seal(settings.access_token.get_secret_value())
        self._elsewhere = settings.loyalty.location if settings.loyalty is not None else ""
        self._kept: tuple[datetime, Program] | None = None

    async def program(self) -> Program:
        """The seller's programme, kept for a while."""
        begun = self._now()
        if self._kept is not None and begun < self._kept[0]:
            return self._kept[1]
        reply = await self._api.send(MAIN)
        found = understood(reply.thing("program"), mapping.program, "programme")
        self._kept = (begun + self._kept_for, found)
        return found

    async def place(self, code: LocationCode | None) -> str:
        """Square's id of the location where points move: what is bought elsewhere has its own.

        It is part of what is written, so it must be the same whenever the write is made again.
        """
        if code is None:
            return self._elsewhere
        return await self._places.id_of(code) or self._elsewhere

    async def members(self, keys: Collection[MemberKey]) -> Answer[ProgramMember]:
        """See `LoyaltyProgram`. Square gives out no cards."""
        phones = [key.value for key in keys if key.by == "phone" and E164.fullmatch(key.value)]
        customers = [key.value for key in keys if key.by == "customer"]
        queries: list[Mapping[str, Any]] = [
            *(
                {"mappings": [{"phone_number": phone} for phone in batch]}
                for batch in batches(phones, KEYS_PER_CALL)
            ),
            *({"customer_ids": batch} for batch in batches(customers, KEYS_PER_CALL)),
        ]
        found = await together(map(self._found, queries))
        return merged(found, key=lambda one: one.reference, as_of=self._now())

    async def points_history(
        self, member: MemberReference, *, first: int, after: str | None = None
    ) -> PointsPage:
        """See `LoyaltyProgram`. Square tells at most thirty entries at once."""
        asked = {**_of(member), "limit": max(1, min(first, EVENTS_PER_PAGE))}
        if after is not None:
            asked["cursor"] = self._seal.opened(after, member)
        try:
            reply = await self._api.send(EVENTS, asked)
        except UpstreamRefused as error:
            if after is not None and refusal(error) == "INVALID_CURSOR":
                raise InvalidInputError(
                    "after is not of this history: start again without it", argument="after"
                ) from error
            raise
        read = merged([_entries(reply.rows(), reply.as_of)], key=_named, as_of=reply.as_of)
        more = reply.cursor()
        return PointsPage(
            entries=read.rows,
            after=None if more is None else self._seal.sealed(more, member),
            as_of=read.as_of,
            rejected=read.rejected,
        )

    async def enrol(self, enrolment: Enrolment) -> ProgramMember:
        """See `LoyaltyProgram`. A phone number is needed."""
        if (known := await self._known(enrolment.keys)) is not None:
            return known
        phone = next((key.value for key in enrolment.keys if key.by == "phone"), None)
        if phone is None or not E164.fullmatch(phone):
            raise UpstreamRefused("enrols nobody without a phone number")
        account = {
            "program_id": (await self.program()).id,
            "mapping": {"phone_number": phone},
        }
        asked = {"loyalty_account": account, "idempotency_key": f"{enrolment.key}-enrol"}
        try:
            reply = await self._api.send(JOIN, asked)
        except UpstreamRefused:
            if (known := await self._known(enrolment.keys)) is not None:
                return known  # somebody else was faster
            raise
        return understood(reply.thing("loyalty_account"), mapping.member, "account")

    async def earn_points(self, earning: Earning) -> PointsEntry:
        """See `LoyaltyProgram`."""
        asked = {
            "accumulate_points": {"points": earning.points},
            "location_id": await self.place(earning.location),
            "idempotency_key": f"{earning.key}-earn",
        }
        reply = await self._api.send(EARN, asked, ids={"account": earning.member})
        entries = [understood(row, mapping.entry, "event") for row in reply.rows()]
        earned = {one.reference: one for one in entries if one.move is PointsMove.EARNED}
        if not earned:
            raise UpstreamBroken("answered earn without the points that were earned")
        return next(iter(earned.values()))

    async def adjust_points(self, adjustment: Adjustment) -> PointsEntry:
        """See `LoyaltyProgram`."""
        change = {"points": adjustment.points, "reason": adjustment.reason[:REASON_LENGTH]}
        asked = {"adjust_points": change, "idempotency_key": f"{adjustment.key}-adjust"}
        reply = await self._api.send(ADJUST, asked, ids={"account": adjustment.member})
        return understood(reply.thing("event"), mapping.entry, "event")

    async def accounts(self, customers: Sequence[str]) -> list[Mapping[str, Any]]:
        """The accounts of customers, as Square tells them."""
        return each_once(await self._pages({"customer_ids": customers}), "id")

    async def records(self, customer: str) -> dict[str, Any]:
        """All that the programme has of a customer, as Square tells it."""
        accounts = await self.accounts([customer])
        events = await together(
            self._api.pages(EVENTS, _of(MemberReference(one["id"]))) for one in accounts
        )
        entries = [row for pages in events for row in each_once(pages, "id")]
        return {"loyalty_accounts": accounts, "loyalty_events": entries}

    async def _known(self, keys: Collection[MemberKey]) -> ProgramMember | None:
        found = await self.members(keys)
        if found.rejected:
            raise UpstreamBroken("answered members with an account that cannot be read")
        if len(found.rows) > 1:
            raise UpstreamRefused("the keys are of several members")
        return found.rows[0] if found.rows else None

    async def _found(self, query: Mapping[str, Any]) -> Answer[ProgramMember]:
        pages = await self._pages(query)
        return answer(
            (row for page in pages for row in page.rows()),
            mapping.member,
            as_of=min(page.as_of for page in pages),
            reference=lambda row: row["id"],
        )

    async def _pages(self, query: Mapping[str, Any]) -> list[Reply]:
        return await self._api.pages(ACCOUNTS, {"query": query, "limit": ACCOUNTS_PER_PAGE})


def _of(member: MemberReference) -> dict[str, Any]:
    """The question for the entries of a member."""
    one = {"loyalty_account_filter": {"loyalty_account_id": member}}
    return {"query": {"filter": one}, "limit": EVENTS_PER_PAGE}


def _entries(found: Sequence[Any], as_of: datetime) -> Answer[PointsEntry]:
    return answer(found, mapping.entry, as_of=as_of, reference=lambda row: row["id"])


def _named(entry: PointsEntry) -> str:
    return entry.reference
