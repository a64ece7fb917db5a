"""Registering documents from the command line, and what the process says of wrong ones."""

import json
import time
from pathlib import Path

import httpx
import pytest

from app.engine.documents import hash_of
from tests.cli.test_cli import PATIENCE, settings_file, tessera
from tests.processes import running

FIRST = "query First { __typename }"
SECOND = 'query Second { location(code: "ST-MIL") { code } }'
NAMELESS = "{ __typename }"
WRONG = "query Wrong { nope }"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with settings that enforce the documents in `documents`."""
    file = settings_file(tmp_path)
    said = '[documents]\nmode = "enforce"\nfolder = "documents"\nreload_every = "PT0.02S"\n'
    file.write_text(file.read_text() + said)
    return tmp_path


def manifest(folder: Path, *texts: str) -> Path:
    file = folder / "persisted-queries.json"
    file.write_text(json.dumps({hash_of(text): text for text in texts}))
    return file


def test_what_is_added_is_listed_and_what_is_removed_is_gone(shop: Path) -> None:
    (shop / "nameless.graphql").write_text(NAMELESS)
    given = str(manifest(shop, FIRST, SECOND))
    added = tessera("documents", "add", "--client", "web", given, cwd=shop)
    again = tessera("documents", "add", "--client", "web", given, "nameless.graphql", cwd=shop)
    tessera("documents", "add", "--client", "app", given, cwd=shop)
    listed = tessera("documents", "list", "--client", "web", cwd=shop)
    every = tessera("documents", "list", cwd=shop)
    (shop / "old.json").write_text(json.dumps({hash_of(FIRST): FIRST}))
    removed = tessera(
        "documents", "remove", "--client", "web", "old.json", hash_of(SECOND), cwd=shop
    )
    left = tessera("documents", "list", "--client", "web", cwd=shop)

    assert added.stdout == "documents/web.json: 2 added, 0 were there already.\n"
    assert again.stdout == "documents/web.json: 1 added, 2 were there already.\n"
    assert listed.stdout.splitlines() == [
        f"web  {hash_of(FIRST)}  query First",
        f"web  {hash_of(SECOND)}  query Second",
        f"web  {hash_of(NAMELESS)}  query (no name)",
    ]
    assert [line[:3] for line in every.stdout.splitlines()] == ["app", "app", "web", "web", "web"]
    assert removed.stdout == "documents/web.json: 2 removed.\n"
    assert left.stdout == f"web  {hash_of(NAMELESS)}  query (no name)\n"


def test_a_document_that_is_not_sound_is_not_added(shop: Path) -> None:
    given = manifest(shop, FIRST, WRONG)

    told = tessera("documents", "add", "--client", "web", given.name, cwd=shop)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        f"tessera: {given.name}: Wrong: Cannot query field 'nope' on type 'Query'."
        " Did you mean 'node' or 'nodes'? (line 1)\n"
    )
    assert not (shop / "documents" / "web.json").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["add", "--client", "web", "nowhere.json"], "nowhere.json: cannot be read"),
        (["add", "--client", "../web", "persisted-queries.json"], "a client's name has"),
        (["add", "persisted-queries.json"], "Missing option '--client'"),
        (["list"], "documents: is no folder of documents"),
    ],
)
def test_a_persons_mistake_is_one_line(shop: Path, arguments: list[str], told: str) -> None:
    manifest(shop, FIRST)

    answer = tessera("documents", *arguments, cwd=shop)

    assert answer.returncode == 2
    [line] = answer.stderr.splitlines()
    assert line.startswith(f"tessera: {told}")


def test_settings_without_a_folder_are_told_what_to_set(tmp_path: Path) -> None:
    settings_file(tmp_path)
    manifest(tmp_path, FIRST)

    told = tessera("documents", "add", "--client", "web", "persisted-queries.json", cwd=tmp_path)

    assert (told.returncode, told.stderr) == (
        2,
        "tessera: the settings name no folder for it: set documents.folder\n",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            json.dumps({"0" * 32: WRONG, "1" * 32: "{"}),
            [
                (
                    "tessera: documents/web.json: Wrong: Cannot query field 'nope' on type 'Query'."
                    " Did you mean 'node' or 'nodes'? (line 1)"
                ),
                (
                    f"tessera: documents/web.json: {'1' * 32}:"
                    " Syntax Error: Expected Name, found <EOF>. (line 1)"
                ),
            ],
        ),
        ("[]", ["tessera: documents/web.json: must be a JSON object of documents by id"]),
        (None, ["tessera: documents: is no folder of documents"]),
    ],
)
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["config", "check"]])
def test_a_gateway_does_not_come_up_with_wrong_documents(
    shop: Path, command: list[str], text: str | None, told: list[str]
) -> None:
    if text is not None:
        (shop / "documents").mkdir()
        (shop / "documents" / "web.json").write_text(text)

    answer = tessera(*command, cwd=shop)

    assert (answer.returncode, answer.stderr.splitlines()) == (2, told)


def test_what_is_added_beside_a_running_gateway_takes_effect(shop: Path) -> None:
    given = manifest(shop, FIRST).name
    tessera("documents", "add", "--client", "web", given, cwd=shop)
    with (
        running("serve", "--config", "tessera.toml", cwd=shop) as (_, address),
        httpx.Client() as http,
    ):

        def status(text: str) -> int:
            return http.post(address, json={"documentId": hash_of(text)}).status_code

        before = status(FIRST), status(SECOND)
        given = manifest(shop, SECOND).name
        tessera("documents", "add", "--client", "web", given, cwd=shop)
        deadline = time.monotonic() + PATIENCE
        while status(SECOND) != 200:
            assert time.monotonic() < deadline
        after = status(FIRST)

    assert (before, after) == ((200, 404), 200)


def test_a_redis_whose_address_cannot_be_had_is_told_without_it(tmp_path: Path) -> None:
    file = settings_file(tmp_path)
    good = file.read_text()
    told = []
    for url in ('{ env = "REDIS_URL" }', '"redis://user:hunter2@redis:6379"'):
        file.write_text(f"{good}[redis]\nurl = {url}\n")
        told.append(tessera("config", "check", cwd=tmp_path, REDIS_URL="http://hunter2@redis"))

    assert [one.returncode for one in told] == [2, 2]
    assert told[0].stderr == (
        "tessera: the address of Redis must look like redis://host:6379/0 or rediss://host:6379/0\n"
    )
    assert told[1].stderr == (
        'tessera: redis.url: a secret does not belong in this file; write { env = "NAME" }'
        ' or { file = "/path" }\n'
    )
