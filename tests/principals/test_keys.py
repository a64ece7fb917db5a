"""API keys: shown once, kept as hashes, taken back within seconds; on both databases."""

from asyncio import gather
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli import tessera
from app.principals.keys import ApiKeys, NewKey
from app.principals.model import Principal
from app.principals.refusals import CredentialRefused, KeyNotFound, KeysUnavailable, TooManyKeys
from app.principals.service import Principals
from app.principals.tables import api_keys
from app.store import Store, open_store
from app.store.standing import StandingStore
from app.values import PrincipalKind
from tests.databases import address, empty, migrated_postgres, postgres, store
from tests.staff import ISSUER
from tests.streams.served import Clock, served, until
from tests.streams.test_sockets import NEVER

__all__ = ["address", "empty", "migrated_postgres", "postgres", "store"]
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
PARTNER = PrincipalKind.PARTNER
YEAR = timedelta(days=365)
TAKEN_BACK = "Forbidden: the credentials were taken back"


class Desk:
    """Keys of a store, on a clock that is moved."""

    def __init__(self, store: Store) -> None:
        self.at = NOON
        self.keys = ApiKeys(store, self.now)
        self.elsewhere = ApiKeys(store, self.now)  # another process
        self.principals = Principals(None, self.now, self.keys)

    def now(self) -> datetime:
        return self.at

    async def made(self, owner: str = "acme") -> NewKey:
        return await self.keys.create(PARTNER, owner, lasts=YEAR)

    async def of(self, text: str) -> Principal:
        return await self.principals.of(f"Bearer {text}")


@pytest.fixture
async def desk(store: Store) -> Desk:
    return Desk(store)


async def test_a_key_speaks_for_its_owner(desk: Desk) -> None:
    first, second = await desk.made(), await desk.made()
    found = [await desk.of(one.text) for one in (first, second)]

    assert [(one.kind, one.subject) for one in found] == [(PARTNER, "acme")] * 2
    assert found[0].pseudonym == found[1].pseudonym
    assert first.text.startswith(f"tsk_{first.key.id}_")
    assert len(first.text) > 55


async def test_the_store_and_the_words_about_a_key_hold_no_secret(desk: Desk, store: Store) -> None:
    made = await desk.made()
    secret = made.text[17:]  # behind "tsk_", its name and "_"
    rows = await store.read(lambda one: one.execute(select(api_keys)).all())

    assert secret not in f"{rows} {made!r} {made.key!r}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text + "x",
        lambda text: text[:17],
        lambda text: "tsk_" + "a" * 12 + text[16:],
        lambda _text: "tsk_",
        lambda text: text[:17] + "é",
    ],
)
async def test_another_secret_or_name_is_refused(desk: Desk, change: object) -> None:
    assert callable(change)
    with pytest.raises(CredentialRefused):
        await desk.of(change((await desk.made()).text))


@pytest.mark.parametrize("letter", ["\0", "A", "é", "\ud800", "😀", "-", " "])
async def test_the_store_is_not_asked_for_what_cannot_be_the_name_of_a_key(letter: str) -> None:
    desk = Desk(StandingStore(None))  # silent, as long as it is not opened
    with pytest.raises(CredentialRefused):
        await desk.of(f"tsk_{letter}aaaaaaaaaaa_secret")


async def test_a_key_ends_with_its_time(desk: Desk) -> None:
    made = await desk.made()
    desk.at = NOON + YEAR - timedelta(seconds=1)
    await desk.of(made.text)
    desk.at = NOON + YEAR
    with pytest.raises(CredentialRefused):
        await desk.of(made.text)


async def test_what_another_process_takes_back_opens_nothing_after_five_seconds(desk: Desk) -> None:
    made = await desk.made()
    await desk.of(made.text)
    await desk.elsewhere.revoke(made.key.id)
    again = await desk.elsewhere.revoke(made.key.id)
    desk.at = NOON + timedelta(seconds=5)
    with pytest.raises(CredentialRefused):
        await desk.of(made.text)
    assert again.revoked_at == NOON


async def test_an_owner_has_two_keys_at_most(desk: Desk) -> None:
    first, _ = await desk.made(), await desk.made()
    with pytest.raises(TooManyKeys):
        await desk.made()
    await desk.made("another")
    await desk.keys.revoke(first.key.id)
    await desk.made()
    assert len(await desk.keys.all()) == 4


@pytest.mark.parametrize("had", [0, 1, 2])
async def test_however_many_ask_at_once_an_owner_has_two_keys(address: str, had: int) -> None:
    """Whether or not the owner was ever given one, and in whichever process they ask."""
    async with (
        open_store(address, patience=timedelta(seconds=30)) as here,
        open_store(address, patience=timedelta(seconds=30)) as there,
    ):
        desks = [Desk(here), Desk(there)]
        for _ in range(had):
            await desks[0].made()
        asked = [desk.made() for desk in desks for _ in range(6)]
        outcomes = Counter(type(one) for one in await gather(*asked, return_exceptions=True))
        left = len(await desks[0].keys.all())

    assert outcomes == Counter({NewKey: 2 - had, TooManyKeys: 10 + had})
    assert left == 2


async def test_a_key_that_is_none_cannot_be_taken_back(desk: Desk) -> None:
    with pytest.raises(KeyNotFound):
        await desk.keys.revoke("nonesuch")


async def test_a_silent_store_is_not_the_callers_fault() -> None:
    keys = ApiKeys(StandingStore(None), lambda: NOON)
    with pytest.raises(KeysUnavailable):
        await keys.principal("tsk_" + "a" * 12 + "_secret")


def test_keys_are_given_out_listed_and_taken_back(address: str, tmp_path: object) -> None:
    file = f"{tmp_path}/tessera.toml"
    with open(file, "w") as settings:  # noqa: PTH123
        settings.write(
            '[connections.shop]\nconnector = "sandbox"\n[bind]\ncatalogue = "shop"\n'
            'prices = "shop"\n[channels.WEB]\ncurrency = "EUR"\ncountry = "IT"\nlocale = "it"\n'
            '[store]\nurl = { env = "STORE" }\n'
        )

    def run(*words: str) -> str:
        done = CliRunner().invoke(
            tessera, ["keys", *words, "--config", file], env={"STORE": address}
        )
        assert done.exit_code == 0, done.output
        return done.stdout

    text = run("create", "--kind", "PARTNER", "--owner", "acme").strip()
    id_ = text.split("_")[1]
    assert run("list").startswith(f"{id_}  PARTNER   acme  good until ")
    assert text[17:] not in run("list")  # behind "tsk_", the id and "_"
    run("revoke", id_)
    assert "  acme  revoked " in run("list")
    run("create", "--kind", "PARTNER", "--owner", "acme", "--name", "erp-2026")
    assert "  acme (erp-2026)  good until " in run("list")
    unsound = ["keys", "create", "--kind", "PARTNER", "--owner", "acme", "--name", "a b"]
    done = CliRunner().invoke(tessera, [*unsound, "--config", file], env={"STORE": address})
    assert done.exit_code == 2
    assert "letters, digits" in done.output


async def test_a_socket_ends_when_what_opened_it_is_taken_back() -> None:
    clock = Clock()
    token = ISSUER.token(PARTNER, "acme")
    async with served(sleep=clock.sleep) as gateway, gateway.socket() as client:
        await client.say(type="connection_init", payload={"authorization": f"Bearer {token}"})
        assert await client.hear() == {"type": "connection_ack"}
        await until(lambda: len(clock.sleepers) == 3)
        gateway.gateway.principals = Principals(None, lambda: NOON)  # its issuer is none any more
        clock.passes(5)
        assert await client.ends() == (4403, TAKEN_BACK)


async def test_a_socket_is_cut_within_seconds_when_its_key_is_taken_back(desk: Desk) -> None:
    """While it tells events, and though nobody reads the store for each of them."""
    clock, made = Clock(), await desk.made()
    async with served(sleep=clock.sleep) as gateway, gateway.socket() as client:
        gateway.gateway.principals = desk.principals
        bearer = {"authorization": f"Bearer {made.text}"}
        await client.say(type="connection_init", payload=bearer)
        assert await client.hear() == {"type": "connection_ack"}
        await until(lambda: len(clock.sleepers) == 3)
        await _asked_again(desk, clock)  # it is still good
        await desk.elsewhere.revoke(made.key.id)
        desk.at += timedelta(seconds=5)
        clock.passes(5)

        assert await client.ends() == (4403, TAKEN_BACK)


async def test_a_stream_of_events_is_cut_with_the_reason_when_its_key_is_taken_back(
    desk: Desk,
) -> None:
    clock, made = Clock(), await desk.made()
    headers = {"authorization": f"Bearer {made.text}", "accept": "text/event-stream"}
    async with served(sleep=clock.sleep) as gateway, httpx.AsyncClient(timeout=10) as http:
        gateway.gateway.principals = desk.principals
        question = {"query": NEVER}
        async with http.stream("POST", gateway.url, json=question, headers=headers) as response:
            await until(lambda: len(clock.sleepers) == 3)
            await _asked_again(desk, clock)
            await desk.elsewhere.revoke(made.key.id)
            desk.at += timedelta(seconds=5)
            clock.passes(5)
            told = (await response.aread()).decode()

    *_, last, complete, rest = told.split("\n\n")
    assert (complete, rest) == ("event: complete\ndata: ", "")
    assert last.startswith("event: next\ndata: ")  # and no id: there is nothing to go on behind
    (error,) = orjson.loads(last.partition("data: ")[2])["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"


async def _asked_again(desk: Desk, clock: Clock) -> None:
    """Let what stays open be looked at once, and found good."""
    desk.at += timedelta(seconds=5)
    before = len(clock.sleepers)
    clock.passes(5)
    await until(lambda: len(clock.sleepers) == before)


async def test_many_keys_that_are_in_use_are_one_question(store: Store) -> None:
    desk = Desk(store)
    made = [await desk.made(f"owner-{number}") for number in range(20)]
    reads = 0

    class Counted:
        async def read(self, question: Any) -> Any:
            nonlocal reads
            reads += 1
            return await store.read(question)

        async def act(self, change: Any, **more: Any) -> Any:
            return await store.act(change, **more)

    counted: Any = Counted()
    keys = ApiKeys(counted, desk.now)
    for one in made:
        await keys.principal(one.text)
    first, reads = reads, 0
    await desk.elsewhere.revoke(made[7].key.id)
    desk.at += timedelta(seconds=5)
    refused = []
    for one in made:
        try:
            await keys.principal(one.text)
        except CredentialRefused:
            refused.append(one.key.id)

    assert (first, reads) == (20, 1)
    assert refused == [made[7].key.id]
