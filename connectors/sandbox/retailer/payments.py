"""The payment provider: accounts of nobody, where the card's token decides what happens.

| token | what happens |
|---|---|
| `tok_ok` | the money is there |
| `tok_declined` | it is not |
| `tok_fail` | an error of the server, and nothing happened; all is well from the second on |
| `tok_lost` | it happens, and the first answer is an error of the server |
| `tok_late` | it happens, and the first answer comes after ten seconds |
| `tok_moody` | one of these, by the key: 5 % declined, 5 % fail, 10 % lost |
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.retailer import http
from connectors.sandbox.retailer.dice import Dice

LATE = 10.0  # seconds
TOKENS = frozenset({"tok_ok", "tok_declined", "tok_fail", "tok_lost", "tok_late", "tok_moody"})
MOODS = (("tok_declined", 5), ("tok_fail", 5), ("tok_lost", 10))  # percent
NOTHING = Decimal(0)


@dataclass(slots=True)
class Charge:
    """One payment."""

    key: str
    number: str
    currency: str
    state: str
    authorised: Decimal
    captured: Decimal = NOTHING
    refunded: Decimal = NOTHING
    reason: str | None = None


class Till:
    """The payments, by the client's key."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.charges: dict[str, Charge] = {}
        self.voided: set[str] = set()
        self.heard: dict[str, int] = {}

    def mood(self, key: str, token: str) -> str:
        """What a token does this time: troubles are over after the first request of a key."""
        if token == "tok_moody":  # noqa: S105  a made-up card
            draw = Dice(self._seed, "mood", key).below(100)
            for name, percent in MOODS:
                draw -= percent
                if draw < 0:
                    token = name
                    break
            else:
                token = "tok_ok"  # noqa: S105  a made-up card
        self.heard[key] = self.heard.get(key, 0) + 1
        if token != "tok_declined" and self.heard[key] > 1:  # noqa: S105  a made-up card
            return "tok_ok"
        return token

    def authorise(self, key: str, amount: Decimal, currency: str, *, declined: bool) -> Charge:
        """The charge of a key, made if it is new."""
        if (known := self.charges.get(key)) is not None:
            return known
        state = "declined" if declined else "voided" if key in self.voided else "authorised"
        number = f"P-{100_000 + len(self.charges) + 1}"
        reason = "insufficient_funds" if declined else None
        charge = Charge(key, number, currency, state, amount, reason=reason)
        self.charges[key] = charge
        return charge


def app(seed: int, now: http.Now) -> Starlette:
    """The provider of one seed."""
    counter = _Counter(Till(seed), now)
    made = Starlette(
        routes=[
            Route("/payments", counter.list_payments, methods=["GET"]),
            Route("/payments/{key}/authorise", counter.authorise, methods=["POST"]),
            Route("/payments/{key}/capture", counter.capture, methods=["POST"]),
            Route("/payments/{key}/refund", counter.refund, methods=["POST"]),
            Route("/payments/{key}/void", counter.void, methods=["POST"]),
        ],
        exception_handlers={HTTPException: http.refusal},
    )
    made.state.till = counter.till
    return made


class _Counter:
    """The endpoints."""

    def __init__(self, till: Till, now: http.Now) -> None:
        self.till = till
        self._now = now

    async def list_payments(self, request: Request) -> Response:
        keys = http.limited(request.query_params.getlist("key"), "key")
        found = [_told(self.till.charges[key]) for key in keys if key in self.till.charges]
        stamp = self._now().isoformat(timespec="milliseconds")
        return http.reply({"answered_at": stamp, "payments": found})

    async def authorise(self, request: Request) -> Response:
        key, asked = request.path_params["key"], await http.body_of(request)
        token = http.cell(asked, "token", str)
        if token not in TOKENS:
            raise HTTPException(422, "unknown_token")
        amount, currency = _amount(asked, "amount"), http.cell(asked, "currency", str)
        mood = self.till.mood(key, token)
        if mood == "tok_fail":
            raise HTTPException(500, "told to fail")
        charge = self.till.authorise(key, amount, currency, declined=mood == "tok_declined")
        if mood == "tok_lost":
            raise HTTPException(500, "told to lose the answer")
        if mood == "tok_late":
            await asyncio.sleep(LATE)
        return http.reply(_told(charge))

    async def capture(self, request: Request) -> Response:
        charge, upto = self._charge(request), _amount(await http.body_of(request), "upto")
        if charge.state != "authorised" or upto > charge.authorised:
            raise HTTPException(422, "not_authorised")
        charge.captured = max(charge.captured, upto)
        return http.reply(_told(charge))

    async def refund(self, request: Request) -> Response:
        charge, upto = self._charge(request), _amount(await http.body_of(request), "upto")
        if upto > charge.captured:
            raise HTTPException(422, "not_captured")
        charge.refunded = max(charge.refunded, upto)
        return http.reply(_told(charge))

    async def void(self, request: Request) -> Response:
        """What is not known is never authorised afterwards."""
        key = request.path_params["key"]
        self.till.voided.add(key)
        charge = self._charge(request)
        if charge.state == "authorised" and not charge.captured:
            charge.state = "voided"
        return http.reply(_told(charge))

    def _charge(self, request: Request) -> Charge:
        charge = self.till.charges.get(request.path_params["key"])
        if charge is None:
            raise HTTPException(404, "unknown_payment")
        return charge


def _amount(asked: dict[str, Any], name: str) -> Decimal:
    try:
        amount = Decimal(http.cell(asked, name, str))
    except InvalidOperation as error:
        raise HTTPException(400, f"{name} is not an amount") from error
    if not amount.is_finite() or amount <= 0:
        raise HTTPException(422, f"{name} is not an amount")
    return amount


def _told(charge: Charge) -> Mapping[str, Any]:
    return {
        "key": charge.key,
        "number": charge.number,
        "state": charge.state,
        "currency": charge.currency,
        "authorised": str(charge.authorised),
        "captured": str(charge.captured),
        "refunded": str(charge.refunded),
        "reason": charge.reason,
    }
