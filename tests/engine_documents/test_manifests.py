"""What files register, and what is wrong with those that do not."""

from pathlib import Path
from typing import Any

import pytest

from app.engine.documents import (
    Entry,
    Sources,
    build_register,
    hash_of,
    manifest_of,
    read_manifest,
)
from app.errors import MisconfiguredError
from tests.engine_documents.builders import (
    GATE,
    INVALID,
    MD5,
    NAME,
    PRICE,
    RENAME,
    apollo,
    entry,
    operation,
    plain,
    written,
)


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(MisconfiguredError) as refused:
        read_manifest(path)
    return refused.value.problems


def test_a_plain_manifest_registers_texts_by_their_sha256(tmp_path: Path) -> None:
    path = written(tmp_path / "web.json", plain(NAME, PRICE))

    assert read_manifest(path) == [
        Entry(id=hash_of(NAME), text=NAME, source=path),
        Entry(id=hash_of(PRICE), text=PRICE, source=path),
    ]


def test_a_relay_manifest_of_the_older_kind_keeps_its_md5_ids(tmp_path: Path) -> None:
    path = written(tmp_path / "relay.json", {MD5: NAME})

    assert read_manifest(path) == [Entry(id=MD5, text=NAME, source=path)]


def test_an_apollo_manifest_tells_names_and_kinds(tmp_path: Path) -> None:
    path = written(tmp_path / "apollo.json", apollo(operation(RENAME, "Rename", "mutation")))

    assert read_manifest(path) == [
        Entry(id=hash_of(RENAME), text=RENAME, source=path, name="Rename", kind="mutation")
    ]


def test_a_folder_registers_every_graphql_file_in_it_as_it_stands(tmp_path: Path) -> None:
    first = written(tmp_path / "a.graphql", NAME + "\n")
    second = written(tmp_path / "deep/b.gql", PRICE)
    written(tmp_path / "README.md", "not a document")

    assert read_manifest(tmp_path) == [
        Entry(id=hash_of(NAME + "\n"), text=NAME + "\n", source=first),
        Entry(id=hash_of(PRICE), text=PRICE, source=second),
    ]


def test_the_sha256_of_a_text_is_that_of_the_draft_specification() -> None:
    assert hash_of("query($id:ID!){user(id:$id){name}}") == (
        "71f7dc5758652baac68e4a10c50be732b741c892ade2883a99358f52b555286b"
    )


WRONG_ID = "the id must be the sha256 of the text, as 64 lower-case hexadecimal digits"


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ({"f" * 64: NAME}, f"{'f' * 64}: the id is not the text's sha256, {hash_of(NAME)}"),
        ({"Name": NAME}, f"Name: {WRONG_ID}"),
        ({hash_of(NAME).upper(): NAME}, f"{hash_of(NAME).upper()}: {WRONG_ID}"),
        ({MD5: 7}, f"{MD5}: the document must be a text"),
        ({MD5: " "}, f"{MD5}: the document must be a text"),
        (["a list"], "must be a JSON object of documents by id"),
        ("{", ("is not JSON: Expecting property name enclosed in double quotes: line 1 column 2"
         " (char 1)")),
        (f'{{"{MD5}": "a", "{MD5}": "b"}}', f"is not JSON: '{MD5}' stands twice"),
        (apollo(version=2), ("a manifest with operations must have format"
         " 'apollo-persisted-query-manifest' and version 1")),
        (apollo(operations={}), "operations must be a list"),
        (apollo({"body": NAME}), "every operation must be an object with an id"),
        (apollo({**operation(NAME, "Name"), "type": "verse"}),
         (f"Name ({hash_of(NAME)}): name must be a text and type one of mutation, query,"
         " subscription")),
    ],
)  # fmt: skip
def test_a_manifest_that_cannot_be_is_refused_by_its_name(
    tmp_path: Path, manifest: Any, problem: str
) -> None:
    path = written(tmp_path / "web.json", manifest)

    assert problems_of(path) == (f"{path}: {problem}",)


def test_a_manifest_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    absent, binary = tmp_path / "absent.json", tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")

    assert problems_of(absent) == (f"{absent}: cannot be read: No such file or directory",)
    assert problems_of(binary) == (f"{binary}: cannot be read: it is not UTF-8",)


def test_every_document_is_proven_against_the_schema_and_every_mistake_told() -> None:
    syntax = entry("query {", MD5)
    mismatch = Entry(
        id=hash_of(NAME), text=NAME, source=Path("app.json"), name="Nome", kind="query"
    )

    with pytest.raises(MisconfiguredError) as refused:
        build_register({"web": [entry(INVALID), syntax, entry(PRICE)], "app": [mismatch]}, GATE)

    assert refused.value.problems == (
        "web.json: Wrong: Cannot query field 'colour' on type 'Product'. (line 1)",
        f"web.json: {MD5}: Syntax Error: Expected Name, found <EOF>. (line 1)",
        "app.json: Nome: the document has no query Nome",
    )


def test_a_file_of_fragments_alone_is_no_document() -> None:
    fragment = "fragment Name on Product { name } "

    with pytest.raises(MisconfiguredError) as refused:
        build_register({"web": [entry(fragment)]}, GATE)

    assert refused.value.problems == (
        f"web.json: {hash_of(fragment)}: Fragment 'Name' is never used. (line 1)",
    )


def test_one_id_cannot_stand_for_two_documents() -> None:
    with pytest.raises(MisconfiguredError) as refused:
        build_register({"web": [entry(NAME, MD5)], "app": [entry(PRICE, MD5)]}, GATE)

    assert refused.value.problems == (f"web.json: {MD5}: this id stands for another document too",)


def test_what_was_proven_before_is_not_proven_again() -> None:
    before = build_register({"web": [entry(NAME)]}, GATE)
    after = build_register({"web": [entry(PRICE)], "app": [entry(NAME)]}, GATE, known=before)

    assert after.by_id[hash_of(NAME)] is before.by_id[hash_of(NAME)]
    assert {document.text for document in after.documents} == {NAME, PRICE}


def test_the_folder_holds_a_manifest_or_a_folder_for_each_client(tmp_path: Path) -> None:
    named = written(tmp_path / "elsewhere.json", plain(RENAME))
    folder = tmp_path / "documents"
    written(folder / "web.json", plain(NAME))
    written(folder / "app" / "price.graphql", PRICE)
    written(folder / "notes.txt", "of no client")
    written(folder / ".hidden.json", "of no client")

    entries = Sources(files={"web": [named]}, folder=folder).read()

    texts = {client: [one.text for one in found] for client, found in entries.items()}
    assert texts == {"web": [RENAME, NAME], "app": [PRICE]}


def test_the_mistakes_of_all_files_are_told_together(tmp_path: Path) -> None:
    first, second = tmp_path / "a.json", written(tmp_path / "b.json", [])

    with pytest.raises(MisconfiguredError) as refused:
        Sources(files={"web": [first, second]}).read()

    assert refused.value.problems == (
        f"{first}: cannot be read: No such file or directory",
        f"{second}: must be a JSON object of documents by id",
    )


@pytest.mark.parametrize("name", ["", "../web", "a/b", ".web", "a" * 65])
def test_a_client_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MisconfiguredError, match="a client's name has 1 to 64 letters"):
        manifest_of(tmp_path, name)
