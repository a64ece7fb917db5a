"""How are the tills asked for points and receipts?"""

import re
from collections.abc import Collection
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
    PointsKey,
    PointsMove,
    PointsPage,
    ProgramMember,
    Receipt,
    ReceiptLine,
    ReceiptNumber,
    ReceiptPage,
    RedeemedPoints,
    Redemption,
    RedemptionState,
    Wiring,
)
from app.values import CurrencyCode, Money, Sku
from connectors.kit import cells
from connectors.kit.rows import answer, batches, list_at
from connectors.sandbox import fields
from connectors.sandbox.answers import Codes, code, joined, stated, table
from connectors.sandbox.asking import Names
from connectors.sandbox.orders import says
from connectors.sandbox.wire import IDS_PER_CALL, Caller

T = TypeVar("T")
MOST = 100  # entries or receipts that are told at once
ENTRY = re.compile(r"E-[0-9]{1,12}")
PLACE = re.compile(r"[0-9]{1,12}")
BAD_CURSOR = "after is not a cursor of the tills"
MOVES = {
    "earn": PointsMove.EARNED,
    "adjust": PointsMove.ADJUSTED,
    "reserve": PointsMove.HELD,
    "collect": PointsMove.REDEEMED,
    "free": PointsMove.RELEASED,
}
STATES = {
    "reserved": RedemptionState.HELD,
    "collected": RedemptionState.CAPTURED,
    "freed": RedemptionState.RELEASED,
}


class BonusCalls:
    """Fulfils `LoyaltyProgram` and `ReceiptSource`."""

    def __init__(self, wiring: Wiring, call: Caller) -> None:
        self._wiring = wiring
        self._call = call
        self._names = Names(wiring)

    async def members(self, keys: Collection[MemberKey]) -> Answer[ProgramMember]:
        """See `LoyaltyProgram`. Cards and customers go in the same call."""
        known = sorted(key for key in keys if key.by in {"card", "customer"})
        if not known:
            return Answer(rows=(), as_of=self._wiring.now())
        answers = [await self._found(batch) for batch in batches(known, IDS_PER_CALL)]
        return joined(answers, lambda member: member.reference)

    async def points_history(
        self, member: MemberReference, *, first: int, after: str | None = None
    ) -> PointsPage:
        """See `LoyaltyProgram`."""
        if after is not None and not ENTRY.fullmatch(after):
            raise InvalidInputError(
                "after is not of this history: start again without it", argument="after"
            )
        asked = {"accountNo": member, "limit": min(first, MOST), "before": after}
        document = await self._call.post("history", "rpc/bonus.history", asked)
        told = _entries(document)
        rows = joined([told], lambda entry: entry.reference)
        more = stated(fields.flag, document, "more")
        last = rows.rows[-1].reference if more and rows.rows else None
        return PointsPage(entries=rows.rows, after=last, as_of=told.as_of, rejected=rows.rejected)

    async def enrol(self, enrolment: Enrolment) -> ProgramMember:
        """See `LoyaltyProgram`. A card is needed."""
        card = next((key.value for key in enrolment.keys if key.by == "card"), None)
        if card is None:
            raise UpstreamRefused("the tills enrol nobody without a card")
        document = await self._call.write("enrol", "POST", "rpc/bonus.enrol", {"cardNo": card})
        return _only(_members(document))

    async def earn_points(self, earning: Earning) -> PointsEntry:
        """See `LoyaltyProgram`."""
        return await self._booked(earning.key, earning.member, "earn", earning.points)

    async def adjust_points(self, adjustment: Adjustment) -> PointsEntry:
        """See `LoyaltyProgram`."""
        return await self._booked(adjustment.key, adjustment.member, "adjust", adjustment.points)

    async def hold_points(self, redemption: Redemption) -> RedeemedPoints:
        """See `LoyaltyProgram`."""
        return await self._redeemed("reserve", redemption)

    async def capture_points(self, redemption: Redemption) -> RedeemedPoints:
        """See `LoyaltyProgram`."""
        return await self._redeemed("collect", redemption)

    async def release_points(self, redemption: Redemption) -> RedeemedPoints | None:
        """See `LoyaltyProgram`."""
        return await self._redeemed("free", redemption)

    async def receipts(self, after: str | None, *, first: int) -> ReceiptPage:
        """See `ReceiptSource`."""
        if after is not None and not PLACE.fullmatch(after):
            raise InvalidInputError(BAD_CURSOR, argument="after")
        asked = {"after": after or "0", "limit": min(first, MOST)}
        try:
            document = await self._call.post("receipts", "rpc/receipts.list", asked)
        except UpstreamRefused as error:
            if says(error.body, "bad_cursor"):
                raise InvalidInputError(BAD_CURSOR, argument="after") from error
            raise
        as_of = stated(cells.instant, document, "answeredAt")
        read = answer(
            list_at(document, "receipts"),
            lambda row: _receipt(row, self._names.codes),
            as_of=as_of,
            reference=lambda row: row["receiptNo"],
        )
        rows = joined([read], lambda receipt: receipt.number)
        return ReceiptPage(
            receipts=rows.rows,
            cursor=stated(cells.text, document, "cursor"),
            more=stated(fields.flag, document, "more"),
            as_of=as_of,
            rejected=rows.rejected,
        )

    async def _found(self, keys: list[MemberKey]) -> Answer[ProgramMember]:
        asked = {
            "cardNos": [key.value for key in keys if key.by == "card"],
            "customerNos": [key.value for key in keys if key.by == "customer"],
        }
        return _members(await self._call.post("members", "rpc/bonus.members", asked))

    async def _booked(
        self, key: PointsKey, member: MemberReference, kind: str, points: int
    ) -> PointsEntry:
        asked = {"key": key, "accountNo": member, "kind": kind, "points": points}
        return _only(_entries(await self._call.write(kind, "POST", "rpc/bonus.book", asked)))

    async def _redeemed(self, what: str, redemption: Redemption) -> RedeemedPoints:
        asked = {
            "key": redemption.key,
            "accountNo": redemption.member,
            "points": redemption.points,
        }
        document = await self._call.write(what, "POST", f"rpc/bonus.{what}", asked)
        told = stated(fields.part, document, "reservation")
        try:
            made = RedeemedPoints(
                key=PointsKey(cells.text(told, "key")),
                reference=cells.text(told, "number"),
                state=STATES[cells.text(told, "state")],
                points=fields.count(told, "points"),
            )
        except (LookupError, TypeError, ValueError) as error:
            raise UpstreamBroken("the answer tells of no reservation") from error
        if made.key != redemption.key:
            raise UpstreamBroken("the answer tells of another reservation")
        return made


def _members(document: Any) -> Answer[ProgramMember]:
    as_of = stated(cells.instant, document, "answeredAt")
    return answer(table(document), _member, as_of=as_of, reference=lambda row: row["accountNo"])


def _entries(document: Any) -> Answer[PointsEntry]:
    as_of = stated(cells.instant, document, "answeredAt")
    return answer(table(document), _entry, as_of=as_of, reference=lambda row: row["entryNo"])


def _only(told: Answer[T]) -> T:
    if len(told.rows) != 1:
        raise UpstreamBroken("the answer tells of nothing that was written")
    return told.rows[0]


def _member(row: Any) -> ProgramMember:
    keys = {MemberKey("card", cells.text(row, "cardNo"))}
    if row["customerNo"] is not None:
        keys.add(MemberKey("customer", cells.text(row, "customerNo")))
    return ProgramMember(
        reference=MemberReference(cells.text(row, "accountNo")),
        keys=frozenset(keys),
        available=cells.whole(row, "points"),
        held=fields.count(row, "reserved"),
        lifetime=fields.count(row, "lifetime"),
    )


def _entry(row: Any) -> PointsEntry:
    return PointsEntry(
        reference=cells.text(row, "entryNo"),
        move=MOVES.get(cells.text(row, "kind"), PointsMove.OTHER),
        points=cells.whole(row, "points"),
        at=_at(row, "bookedAt"),
    )


def _receipt(row: Any, codes: Codes) -> Receipt:
    currency = CurrencyCode(cells.text(row, "currency"))
    refunded = row["refundOf"]
    return Receipt(
        number=ReceiptNumber(cells.text(row, "receiptNo")),
        location=code(row, "branchNo", codes),
        sold_at=_at(row, "soldAt"),
        lines=tuple(_line(one, currency) for one in fields.rows(row, "items")),
        total=Money(fields.amount(row, "total"), currency),
        card=None if row["cardNo"] is None else cells.text(row, "cardNo"),
        refund_of=None if refunded is None else ReceiptNumber(cells.text(row, "refundOf")),
    )


def _line(row: Any, currency: CurrencyCode) -> ReceiptLine:
    return ReceiptLine(
        sku=Sku(cells.text(row, "itemNo")),
        quantity=fields.count(row, "qty"),
        total=Money(fields.amount(row, "amount"), currency),
    )


def _at(row: Any, name: str) -> datetime:
    return cells.instant(row, name)
