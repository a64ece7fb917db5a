"""A partner that keeps a copy of its assortment, and loses nothing when it is cut off or killed.

    TESSERA_KEY=tsk_… python examples/partner_mirror.py http://127.0.0.1:8000/graphql mirror.db

It asks over server-sent events and needs nothing but `httpx`. The copy and the cursor are in one
SQLite file, and are changed together: whatever happens, the next start goes on from there.
Interrupted, it goes as far as there is anything to be told by plain HTTP, reads the whole
assortment anew, and says whether its copy is equal to that.
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx

EVENT = """
    __typename
    ... on StreamEvent { cursor }
    ... on AssortmentSnapshot { seq lastSeq complete items { sku status availableToSell } }
    ... on AssortmentDelta { seq prevSeq item { sku status availableToSell } }
    ... on Removed { seq prevSeq entity }
    ... on Gap { code resyncFrom }"""
FOLLOW = f"subscription Mirror($after: Cursor) {{ assortmentEvents(after: $after) {{ {EVENT} }} }}"
PAGE = f"""query Page($after: Cursor) {{
  assortmentEvents(after: $after, first: 100) {{ cursor events {{ {EVENT} }} }} }}"""
TABLES = """
create table if not exists items (sku text primary key, status text, available int, seq int);
create table if not exists place (id int primary key, cursor text, last int);
insert or ignore into place values (1, null, null);
"""
SILENCE = 40.0  # seconds; a heartbeat comes every 15
LONGEST_PAUSE = 30.0  # seconds between two tries


class Mirror:
    """The copy. Each message is one transaction."""

    def __init__(self, path: str) -> None:
        self.kept = sqlite3.connect(path)
        self.kept.executescript(TABLES)

    def place(self) -> tuple[str | None, int | None]:
        """The cursor, and the number of the last event."""
        row = self.kept.execute("select cursor, last from place").fetchone()
        return row[0], row[1]

    def take(self, event: dict[str, Any]) -> None:
        """Do what a message says, and keep its cursor with it.

        Raises:
            LookupError: an event was lost on our side.
        """
        with self.kept:
            _, last = self.place()
            match event["__typename"]:
                case "AssortmentSnapshot":
                    for item in event["items"]:
                        self._put(item, event["seq"])
                    last = event["lastSeq"]
                case "AssortmentDelta" | "Removed":
                    if event["prevSeq"] != last:
                        raise LookupError(f"{event['prevSeq']} is missing after {last}")
                    last = self._changed(event)
                case "Gap":
                    self.kept.execute("delete from items")
                    last = None
            cursor = event.get("resyncFrom") or event["cursor"]
            self.kept.execute("update place set cursor = ?, last = ?", (cursor, last))

    def quiet(self, cursor: str) -> None:
        """Nothing happened up to here."""
        with self.kept:
            self.kept.execute("update place set cursor = ?", (cursor,))

    def items(self) -> dict[str, tuple[str, int | None]]:
        """What there is, by SKU."""
        found = self.kept.execute("select sku, status, available from items")
        return {sku: (status, available) for sku, status, available in found}

    def _changed(self, event: dict[str, Any]) -> int:
        seq: int = event["seq"]
        sku = event["entity"] if event["__typename"] == "Removed" else event["item"]["sku"]
        newer = "select 1 from items where sku = ? and seq >= ?"
        if self.kept.execute(newer, (sku, seq)).fetchone():
            return seq  # it came with a snapshot already
        if event["__typename"] == "Removed":
            self.kept.execute("delete from items where sku = ?", (sku,))
        else:
            self._put(event["item"], seq)
        return seq

    def _put(self, item: dict[str, Any], seq: int) -> None:
        row = (item["sku"], item["status"], item["availableToSell"], seq)
        self.kept.execute("insert or replace into items values (?, ?, ?, ?)", row)


def events(http: httpx.Client, url: str, key: str, after: str | None) -> Iterator[dict[str, Any]]:
    """Messages after a cursor, until the connection breaks.

    Raises:
        PermissionError: the gateway refuses; asking again does not help.
    """
    headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
    body = {"query": FOLLOW, "variables": {"after": after}}
    with http.stream("POST", url, json=body, headers=headers) as answer:
        if answer.status_code in {400, 401, 403, 422}:
            raise PermissionError(answer.read().decode())
        answer.raise_for_status()
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                told = json.loads(line.removeprefix("data: "))
                if not told.get("data"):
                    raise httpx.RemoteProtocolError(str(told["errors"]))
                yield told["data"]["assortmentEvents"]


def follow(url: str, path: str, key: str) -> None:
    """Keep the copy until interrupted, then prove it."""
    mirror, gaps, connections = Mirror(path), list[str](), 0
    with httpx.Client(timeout=httpx.Timeout(10, read=SILENCE)) as http, closing(mirror.kept):
        try:
            for event in again_and_again(http, url, key, mirror):
                connections += event is None
                if event is not None and event["__typename"] == "Gap":
                    gaps.append(event["code"])
        except KeyboardInterrupt:
            equal = proved(http, url, key, mirror)
            items = [(sku, *there) for sku, there in sorted(mirror.items().items())]
            told = {"equal": equal, "items": items, "connections": connections, "gaps": gaps}
            print(json.dumps(told), flush=True)
            sys.exit(0 if equal else 1)


def again_and_again(
    http: httpx.Client, url: str, key: str, mirror: Mirror
) -> Iterator[dict[str, Any] | None]:
    """Messages, each once it is in the copy; None at the beginning of each connection."""
    pause = 1.0
    while True:
        yield None
        try:
            for event in events(http, url, key, mirror.place()[0]):
                mirror.take(event)
                pause = 1.0
                yield event
        except httpx.HTTPError as error:
            print(f"cut off ({type(error).__name__}): again in a while", file=sys.stderr)
        # At another time than all others who were cut off with us.
        time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  nobody gains by guessing it
        pause = min(LONGEST_PAUSE, pause * 2)


def proved(http: httpx.Client, url: str, key: str, mirror: Mirror) -> bool:
    """Whether the copy is what who reads everything anew has, at the same event."""
    anew = Mirror(":memory:")
    with closing(anew.kept):
        while True:
            for one in (anew, mirror):
                catch_up(http, url, key, one)
            if anew.place()[1] == mirror.place()[1]:  # nothing happened in between
                return anew.items() == mirror.items()


def catch_up(http: httpx.Client, url: str, key: str, mirror: Mirror) -> None:
    """Take all that there is to be told now, page by page."""
    headers = {"authorization": f"Bearer {key}"}
    while True:
        body = {"query": PAGE, "variables": {"after": mirror.place()[0]}}
        answer = http.post(url, json=body, headers=headers).raise_for_status()
        page = answer.json()["data"]["assortmentEvents"]
        for event in page["events"]:
            mirror.take(event)
        if not page["events"]:
            mirror.quiet(page["cursor"])
            return


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    follow(sys.argv[1], sys.argv[2], os.environ["TESSERA_KEY"])
