"""The remote calls about points."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.bonus import (
    Account,
    Bonus,
    BonusRefusedError,
    Booking,
    Reservation,
)

MEMBER_COLUMNS = ("accountNo", "cardNo", "customerNo", "points", "reserved", "lifetime")
BOOKING_COLUMNS = ("entryNo", "kind", "points", "bookedAt")
MOST_ENTRIES = 100


class BonusDesk:
    """The endpoints."""

    def __init__(self, bonus: Bonus, now: http.Now) -> None:
        self._bonus = bonus
        self._now = now

    def routes(self) -> list[Route]:
        """Where they are."""
        calls = {
            "members": self._members,
            "history": self._history,
            "enrol": self._enrol,
            "book": self._book,
            "reserve": self._reserved(self._bonus.reserve),
            "collect": self._reserved(self._bonus.collect),
            "free": self._reserved(self._bonus.free),
        }
        return [Route(f"/rpc/bonus.{name}", call, methods=["POST"]) for name, call in calls.items()]

    async def _members(self, request: Request) -> Response:
        asked = await http.body_of(request)
        cards, customers = http.ids_in(asked, "cardNos"), http.ids_in(asked, "customerNos")
        found = self._bonus.find(cards, customers)
        return self._table(MEMBER_COLUMNS, [_member(one) for one in found])

    async def _history(self, request: Request) -> Response:
        """The latest entries first; with `before` those that were made before that number."""
        asked = await http.body_of(request)
        limit = min(http.cell(asked, "limit", int), MOST_ENTRIES)
        account = self._tried(lambda: self._bonus.account(http.cell(asked, "accountNo", str)))
        rows = list(reversed(account.bookings))
        if asked.get("before") is not None:
            before = _counted(http.cell(asked, "before", str))
            rows = [one for one in rows if _counted(one.number) < before]
        told = [_booking(one) for one in rows[:limit]]
        return self._table(BOOKING_COLUMNS, told, more=len(rows) > limit)

    async def _enrol(self, request: Request) -> Response:
        card = http.cell(await http.body_of(request), "cardNo", str)
        return self._table(MEMBER_COLUMNS, [_member(self._bonus.enrol(card))])

    async def _book(self, request: Request) -> Response:
        asked = await http.body_of(request)
        kind, points = http.cell(asked, "kind", str), http.cell(asked, "points", int)
        if kind not in {"earn", "adjust"} or points == 0 or (kind == "earn" and points < 0):
            raise HTTPException(422, "bad_booking")
        key, number = http.cell(asked, "key", str), http.cell(asked, "accountNo", str)
        booking = self._tried(lambda: self._bonus.book(key, number, kind, points))
        return self._table(BOOKING_COLUMNS, [_booking(booking)])

    def _reserved(self, act: Callable[[str, str, int], Reservation]) -> Callable[..., Any]:
        async def endpoint(request: Request) -> Response:
            asked = await http.body_of(request)
            key, number = http.cell(asked, "key", str), http.cell(asked, "accountNo", str)
            points = http.cell(asked, "points", int)
            if points < 1:
                raise HTTPException(422, "bad_booking")
            made = self._tried(lambda: act(key, number, points))
            told = {"key": made.key, "number": made.number, "points": made.points}
            return http.reply({"ok": True, "reservation": {**told, "state": made.state}})

        return endpoint

    def _tried(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except BonusRefusedError as error:
            status = 404 if str(error) == "unknown_account" else 422
            raise HTTPException(status, str(error)) from error

    def _table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], **more: Any
    ) -> Response:
        stamp = self._now().isoformat(timespec="milliseconds")
        told = {"ok": True, "answeredAt": stamp, "columns": columns, "rows": rows}
        return http.reply({**told, **more})


def _member(account: Account) -> Sequence[Any]:
    named = (account.number, account.card, account.customer)
    return (*named, account.points, account.reserved, account.lifetime)


def _booking(booking: Booking) -> Sequence[Any]:
    at = booking.at.isoformat(timespec="milliseconds")
    return (booking.number, booking.kind, booking.points, at)


def _counted(number: str) -> int:
    """How many entries of all accounts were made until this one."""
    letter, _, digits = number.partition("-")
    if letter != "E" or not digits.isdecimal():
        raise HTTPException(422, "bad_entry")
    return int(digits)
