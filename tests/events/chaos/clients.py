"""Clients that keep a mirror of all orders, are cut off all the time, and write down what they see.

Half of them ask over sockets and say their cursor in the operation; half over server-sent events
and say it as Last-Event-ID.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import aiohttp
import orjson

FOLLOW = """subscription Follow($after: Cursor) { orderEvents(after: $after) {
  __typename
  ... on StreamEvent { cursor }
  ... on OrderSnapshot { seq lastSeq complete orders { number state } }
  ... on OrderDelta { seq prevSeq entity state }
  ... on Gap { code } } }"""
LOST = (aiohttp.ClientError, OSError, TimeoutError, EOFError)
AGAIN = 0.4  # seconds at most
LEFT = "left"
GOING_AWAY = 1001


@dataclass
class Seen:
    """The mirror of one client, and how it came to be."""

    orders: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)
    last: int = 0
    began: int = 0
    complete: bool = False
    cursor: str | None = None
    wrong: list[str] = field(default_factory=list)
    connections: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # of connections, by what ended them
    let_go: list[float] = field(default_factory=list)  # when, by gateways that ended
    placed: int = 0  # how often one said what it told last
    heard: dict[str, float] = field(default_factory=dict)  # when each order was first told of

    def take(self, event: dict[str, Any]) -> None:
        """As docs/events.md tells clients to; the cursor is kept once all the rest is done."""
        match event["__typename"]:
            case "OrderSnapshot":
                for order in event["orders"]:
                    self.orders[order["number"]] = order["state"]
                    self.versions[order["number"]] = event["seq"]
                self.last = self.began = event["lastSeq"]
                self.complete = event["complete"]
            case "OrderDelta":
                self._happened(event)
            case "Gap":
                self.wrong.append(event["code"])
        self.cursor = event["cursor"]

    def _happened(self, event: dict[str, Any]) -> None:
        seq = event["seq"]
        if event["prevSeq"] != self.last:
            self.wrong.append(f"after {self.last} came {seq}, whose prevSeq is {event['prevSeq']}")
        self.seqs.append(seq)
        self.heard.setdefault(event["entity"], monotonic())
        self.last = seq
        if seq > self.versions.get(event["entity"], 0):
            self.orders[event["entity"]] = event["state"]


@dataclass
class Client:
    """One client; `over` is how it asks."""

    addresses: Sequence[str]
    http: aiohttp.ClientSession
    over: str
    headers: dict[str, str]
    dice: random.Random
    restless: int
    lasts: float = 20  # seconds of one connection
    seen: Seen = field(default_factory=Seen)
    _end: str = ""

    async def run(self, until: asyncio.Event, last: list[int]) -> None:
        """Follow, on and off, until all that was told at the end has come."""

        def over() -> bool:
            return until.is_set() and self.seen.complete and self.seen.last >= last[0]

        while not over():
            try:
                self.seen.ends[await self._some(over)] += 1
            except LOST as lost:
                self.seen.ends[type(lost).__name__] += 1
            await asyncio.sleep(self.dice.uniform(0, AGAIN))

    async def _some(self, over: Callable[[], bool]) -> str:
        """Follow for some messages, then go without a word; or else what ended it."""
        left = self.dice.randint(1, self.restless)
        self.seen.connections += 1
        events = self._sockets() if self.over == "socket" else self._events()
        async with asyncio.timeout(self.lasts), aclosing(events) as told:
            async for event in told:
                self.seen.take(event)
                left -= 1
                if not left or over():
                    return LEFT
        return self._end

    async def _sockets(self) -> AsyncGenerator[dict[str, Any], None]:
        url = self.dice.choice(self.addresses)
        protocols = ("graphql-transport-ws",)
        async with self.http.ws_connect(url, protocols=protocols) as socket:
            await socket.send_json({"type": "connection_init", "payload": self.headers})
            payload = {"query": FOLLOW, "variables": {"after": self.seen.cursor}}
            await socket.receive()
            await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
            while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                told = orjson.loads(message.data)
                if told["type"] == "next":
                    yield self._event(told["payload"])
                elif told["type"] == "ping":
                    await socket.send_json({"type": "pong"})
                else:
                    self._ended(told)
                    return
            if message.type is aiohttp.WSMsgType.CLOSE and message.data == GOING_AWAY:
                self._let_go(message.extra)
            self._end = f"closed with {socket.close_code}"

    def _let_go(self, reason: str | None) -> None:
        """A gateway that ends says what it told last."""
        self.seen.let_go.append(monotonic())
        _, said, cursor = (reason or "").partition("cursor=")
        self.seen.placed += bool(said)
        if said and cursor != self.seen.cursor:
            self.seen.wrong.append(f"let go at {cursor} instead of {self.seen.cursor}")

    async def _events(self) -> AsyncGenerator[dict[str, Any], None]:
        headers = {**self.headers, "accept": "text/event-stream"}
        if self.seen.cursor is not None:
            headers["last-event-id"] = self.seen.cursor
        url = self.dice.choice(self.addresses)
        async with self.http.post(url, json={"query": FOLLOW}, headers=headers) as response:
            if response.status != 200:
                self._end = f"status {response.status}"
                return
            async for line in response.content:
                if line.startswith(b"data: {"):
                    told = orjson.loads(line[6:])
                    if not told.get("data"):
                        self._ended(told)
                        return
                    yield self._event(told)
            self.seen.let_go.append(monotonic())
            self._end = "ended"

    def _event(self, told: dict[str, Any]) -> dict[str, Any]:
        event: dict[str, Any] = told["data"]["orderEvents"]
        return event

    def _ended(self, told: dict[str, Any]) -> None:
        """A store that is silent for a moment is no wrong; anything else is."""
        self._end = "unavailable"
        if "UNAVAILABLE" not in str(told):
            self._end = "wrong"
            self.seen.wrong.append(str(told)[:200])
