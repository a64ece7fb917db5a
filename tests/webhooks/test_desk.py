"""An operator sees what was not taken, gives it again, and goes back to any cursor."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import tessera
from app.cli.webhooks import webhooks
from app.events.cursors import CursorRefused
from app.store import Store, Work, open_store
from app.webhooks.desk import WebhookDesk
from app.webhooks.messages import Message
from app.webhooks.repository import Letter, add, give_up, reset, standing
from tests.builders import NOON
from tests.webhooks.receiving import an_endpoint, drained, events_of, house


async def test_what_was_told_after_a_cursor_is_told_again_with_the_same_ids(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        desk = WebhookDesk(process.events, {"acme": an_endpoint(there.url)})
        await drained(process)
        for number in (1, 2, 3):
            await there.has(A=number)
        await drained(process)
        first, second, third = there.receiver.requests
        await desk.replay("acme", first.event["cursor"])
        await drained(process)

        again = there.receiver.requests[3:]
        assert [one.id for one in again] == [second.id, third.id]
        assert [one.body for one in again] == [second.body, third.body]


async def test_a_cursor_of_another_stream_is_refused(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        await there.has(A=1)
        await drained(process)
        cursor = there.receiver.requests[0].event["cursor"]
        orders = an_endpoint(there.url, tells="ORDERS", partner=None)
        desk = WebhookDesk(events_of(store, there.clock), {"house": orders})
        with pytest.raises(CursorRefused):
            await desk.replay("house", cursor)


async def test_one_that_was_gone_goes_on_where_it_was(store: Store) -> None:
    async with house(store) as there, there.process(begin="NOW") as process:
        desk = WebhookDesk(process.events, {"acme": an_endpoint(there.url)})
        await drained(process)
        await there.has(A=1)
        there.receiver.answers = [410]
        await drained(process)
        await there.has(A=2)
        await desk.enable("acme")
        await drained(process)

        assert [one.event["version"] for one in there.receiver.taken] == [1, 2]


async def test_letters_are_delivered_up_to_one_that_is_not_taken(store: Store) -> None:
    async with house(store) as there, there.process() as process:
        desk = WebhookDesk(process.events, {"acme": an_endpoint(there.url)})
        await kept(store, "a", "b", "c")
        there.receiver.answers = [204, 500]
        delivered, refused = await desk.redeliver("acme", process.senders["acme"])
        assert (delivered, refused and refused.message.id) == (1, "b")
        assert [one.message.id for one in await desk.letters("acme")] == ["b", "c"]
        assert await desk.redeliver("acme", process.senders["acme"]) == (2, None)
        assert await desk.letters("acme") == []
        assert [one.id for one in there.receiver.taken] == ["a", "b", "c"]


async def kept(store: Store, *ids: str) -> None:
    for one in ids:
        letter = Letter(Message(one, "AssortmentDelta", b'{"data": {}}'), "HTTP_500", NOON)

        def change(work: Work, letter: Letter = letter) -> None:
            give_up(work.connection, "acme", letter)

        await store.act(change, now=NOON)


class Desk:
    """The command line over a database."""

    def __init__(self, address: str, folder: Path) -> None:
        self.file = folder / "tessera.toml"
        self.file.write_text(
            """
[connections.shop]
connector = "sandbox"
[bind]
catalogue = "shop"
prices = "shop"
[channels.WEB]
currency = "EUR"
country = "IT"
locale = "it"
[store]
url = { env = "STORE" }
[partners.acme]
[webhooks.acme]
partner = "acme"
url = "https://hooks.example.com/in"
secrets = [{ env = "HOOK" }]
""",
            encoding="utf-8",
        )
        self.env = {"STORE": address, "TESSERA_CONFIG": str(self.file)}

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(tessera, ["webhooks", *arguments], env=self.env)


def test_the_command_line_lists_and_refuses(address: str, tmp_path: Path) -> None:
    desk = Desk(address, tmp_path)

    assert desk("list").output == "acme  nothing delivered yet  dead letters: 0\n"
    assert desk("letters", "acme").output == ""
    unknown = desk("letters", "acne")
    assert (unknown.exit_code, "did you mean 'acme'" in unknown.output) == (2, True)
    refused = desk("replay", "acme", "--from", "x")
    assert (refused.exit_code, "is not a cursor of this stream" in refused.output) == (2, True)
    assert {*webhooks.commands} == {"list", "letters", "redeliver", "replay", "enable"}


def test_one_that_is_gone_is_shown_with_the_reason(address: str, tmp_path: Path) -> None:
    desk = Desk(address, tmp_path)

    async def disable() -> None:
        async with open_store(address) as store:

            def change(work: Work) -> None:
                add(work.connection, "acme", None, NOON)
                reset(work.connection, "acme", NOON, disabled_at=NOON, reason="HTTP_410")

            await store.act(change, now=NOON)

    asyncio.run(disable())
    listed = desk("list").output

    assert f"acme  disabled {NOON:%Y-%m-%d %H:%M}: it said that it is gone (HTTP_410)" in listed


async def test_adding_twice_keeps_the_place(address: str) -> None:
    async with open_store(address) as store:
        for cursor in ("one", "two"):

            def change(work: Work, cursor: str = cursor) -> None:
                add(work.connection, "acme", cursor, NOON)

            await store.act(change, now=NOON)
        found = await store.read(partial(standing, name="acme"))
    assert found.cursor == "one"
