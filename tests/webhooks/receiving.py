"""An endpoint on a real port, and a process that delivers to it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.events.following import Events
from app.events.tail import Tail
from app.partners.following import ASSORTMENTS
from app.partners.model import Stock
from app.partners.watching import over, told
from app.settings import Webhook
from app.store import Store
from app.values import Sku
from app.webhooks.delivering import Delivering
from app.webhooks.sending import secrets_of, senders
from connectors.kit.serve import serve

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT = "whsec_" + "bmV4dCBzZWNyZXQgb2YgdGhpcyBlbmRwb2ludA=="
ENVIRON = {"HOOK": SECRET, "HOOK_NEXT": NEXT}


@dataclass
class Delivered:
    """A request that came."""

    headers: Mapping[str, str]
    body: bytes
    answered: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.body)
        return document

    @property
    def event(self) -> dict[str, Any]:
        (event,) = self.payload["data"].values()
        found: dict[str, Any] = event
        return found


@dataclass
class Receiver:
    """Answers with `answers`, one after another, and then with 204."""

    answers: list[int] = field(default_factory=list)
    requests: list[Delivered] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        status = self.answers.pop(0) if self.answers else 204
        self.requests.append(Delivered(dict(request.headers), await request.body(), status))
        await Response(self.content, status, self.headers)(scope, receive, send)

    @property
    def taken(self) -> list[Delivered]:
        """What was answered well."""
        return [one for one in self.requests if one.answered < 300]


@dataclass
class Clock:
    """It stands still unless it is told to go on."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at

    def passes(self, time: timedelta) -> None:
        self.at += time


def an_endpoint(url: str, **changes: Any) -> Webhook:
    told = {"url": url, "secrets": [{"env": "HOOK"}], "partner": "acme", "within": True}
    return Webhook.model_validate({**told, **changes})


def events_of(store: Store, now: Callable[[], datetime]) -> Events:
    tail = Tail(store, ASSORTMENTS.kinds, every=timedelta(seconds=1))
    return Events(store, tail, now)


@dataclass
class House:
    """What there is around one endpoint, named `acme`."""

    store: Store
    receiver: Receiver
    url: str
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def process(self, **changes: Any) -> AsyncIterator[Delivering]:
        """One that delivers; in the middle of its jitter."""
        endpoints = {"acme": an_endpoint(changes.pop("url", self.url), **changes)}
        async with senders(endpoints, secrets_of(endpoints, ENVIRON), self.clock) as sending:
            yield Delivering(
                events=events_of(self.store, self.clock), senders=sending, chance=lambda: 1.0
            )

    async def has(self, **stock: int) -> None:
        """What a partner sees: SKUs and how many of each."""
        levels = {Sku(sku): Stock("IN_STOCK", number) for sku, number in stock.items()}
        change = partial(told, partner="acme", stock=levels)
        await self.store.act(change, now=self.clock())

    async def sells_only(self, *skus: str) -> None:
        await self.store.act(
            partial(over, partner="acme", seen={Sku(one) for one in skus}), now=self.clock()
        )


@asynccontextmanager
async def house(store: Store) -> AsyncIterator[House]:
    receiver = Receiver()
    async with serve(receiver) as url:
        yield House(store, receiver, f"{url}/hooks")


async def drained(process: Delivering, name: str = "acme") -> None:
    """Deliver until there is nothing more at once."""
    while await process.once(name):
        pass
