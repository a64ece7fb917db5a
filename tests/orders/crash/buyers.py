"""Buyers who speak GraphQL over HTTP: they fill a cart, have it held and buy it.

They ask with their key until they get a definite answer, wherever somebody answers.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp
import orjson

from app.values import Sku

CREATE = """mutation Create($input: CartCreateInput!) { done: cartCreate(input: $input) {
  __typename ... on Problem { code } ... on CartChanged { cart { id version } } } }"""
HOLD = """mutation Hold($input: CartHoldInput!) { done: cartHold(input: $input) {
  __typename ... on Problem { code } ... on CartChanged { cart { id version } } } }"""
PLACE = """mutation Place($input: OrderPlaceInput!) { done: orderPlace(input: $input) {
  __typename ... on Problem { code } ... on OrderPlaced { accessToken order { number state } }
  ... on PaymentDeclined { order { number state } } } }"""
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
VERONA = {"lines": ["Via Roma 1"], "city": "Verona", "postalCode": "37121", "country": "IT"}
NOT_YET = {"IDEMPOTENCY_IN_PROGRESS", "PRICE_UNKNOWN", "STOCK_UNKNOWN", "VARIANT_NOT_SOLD"}
HANGING = 180.0  # seconds after which nobody waits any more
AGAIN = (0.02, 0.2)  # seconds until it is asked for again
TWICE = 0.15  # of buyers send everything twice at once

Answer = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What became of a buyer: `state` of an order, `SOLD_OUT`, or something that must not be."""

    state: str
    cart: str | None = None
    number: str | None = None
    access: str | None = None


@dataclass
class Buyers:
    """They ask any of the gateways at `addresses`. Without `dice` nobody sends anything twice."""

    http: aiohttp.ClientSession
    addresses: Sequence[str]
    dice: random.Random
    twice: float = TWICE
    patience: float = 5.0  # seconds for one answer
    token: str = "tok_moody"
    told: dict[str, Told] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def slowest(self) -> float:
        """Seconds that one waited for a definite answer."""
        return max((max(took) for took in self.seconds.values()), default=0.0)

    async def buy(
        self, key: str, skus: Sequence[Sku], ready: Callable[[], Awaitable[object]] | None = None
    ) -> Told:
        """All the way; who has a cart waits until all are `ready`."""
        told = self.told[key] = await self._bought(key, skus, ready)
        return told

    async def _bought(
        self, key: str, skus: Sequence[Sku], ready: Callable[[], Awaitable[object]] | None
    ) -> Told:
        lines = [{"sku": sku, "quantity": 1} for sku in skus]
        made = await self._done(key, CREATE, {"channel": "WEB", "lines": lines})
        if ready is not None:
            await ready()
        if "cart" not in made:
            return _refused(made)
        cart = made["cart"]
        seen = {"cartId": cart["id"], "version": cart["version"]}
        held = await self._done(key, HOLD, seen)
        if "cart" not in held:
            sold_out = held.get("code") == "INSUFFICIENT_STOCK"
            return Told("SOLD_OUT", cart["id"]) if sold_out else _refused(held, cart["id"])
        said = {
            "cartId": cart["id"],
            "version": held["cart"]["version"],
            "buyer": BUYER,
            "method": "SHIP_TO_HOME",
            "address": VERONA,
            "paymentToken": self.token,
        }
        placed = await self._done(key, PLACE, said)
        if "order" not in placed:
            return _refused(placed, cart["id"])
        order = placed["order"]
        return Told(order["state"], cart["id"], order["number"], placed.get("accessToken"))

    async def _done(self, key: str, asked: str, given: Answer) -> Answer:
        """The definite answer; of who asks twice at once, the same."""
        kind = asked.split("(", 1)[0].split()[1]
        given = {**given, "idempotencyKey": f"{kind}-by-buyer-{key}"}
        times = 2 if self.dice.random() < self.twice else 1
        began = monotonic()
        answers = await asyncio.gather(*(self._asked(asked, given) for _ in range(times)))
        self.seconds.setdefault(kind, []).append(monotonic() - began)
        # What was refused leaves nothing behind and may succeed later, but not for an order.
        held = [one for one in answers if "cart" in one]
        first, *others = held or answers
        if any(_named(other) != _named(first) for other in others):
            return {"code": f"TWO ANSWERS: {answers}"}
        return first

    async def _asked(self, asked: str, given: Answer) -> Answer:
        body = orjson.dumps({"query": asked, "variables": {"input": given}})
        until = monotonic() + HANGING
        while monotonic() < until:
            with suppress(aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError):
                answer = await self._answer(body)
                done: Answer | None = (answer.get("data") or {}).get("done")
                if done is not None and _definite(done):
                    return done
                self.refused.update(_why(answer, done))
            await asyncio.sleep(self.dice.uniform(*AGAIN))
        return {"code": "HANGS"}

    async def _answer(self, body: bytes) -> Answer:
        at = self.dice.choice(self.addresses)
        headers = {"content-type": "application/json"}
        async with (
            asyncio.timeout(self.patience),
            self.http.post(at, data=body, headers=headers) as response,
        ):
            answer: Answer = orjson.loads(await response.read())
            return answer


def _definite(done: Answer) -> bool:
    pending = done.get("order", {}).get("state") == "PENDING_CONFIRMATION"
    return not pending and done.get("code") not in NOT_YET


def _named(done: Answer) -> object:
    """What must not differ between two answers to the same."""
    return (
        done["__typename"],
        done.get("code"),
        done.get("cart"),
        done.get("order", {}).get("number"),
    )


def _why(answer: Answer, done: Answer | None) -> list[str]:
    if done is not None:
        return [str(done.get("code", "PENDING_CONFIRMATION"))]
    return [str(one.get("extensions", {}).get("code")) for one in answer.get("errors", ())]


def _refused(done: Answer, cart: str | None = None) -> Told:
    return Told(f"REFUSED: {done.get('code')}", cart)
