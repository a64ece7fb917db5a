"""Registering by hand: a plain manifest that is whole at every moment."""

import json
import threading
from pathlib import Path

import pytest

from app.engine.documents import (
    Sources,
    add_documents,
    build_register,
    hash_of,
    manifest_of,
    read_manifest,
    registered,
    remove_documents,
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


def test_what_is_added_is_kept_in_a_plain_manifest_that_the_gateway_reads(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "documents", "web")
    given = written(tmp_path / "apollo.json", apollo(operation(NAME, "Name")))

    first = add_documents(manifest, read_manifest(given), GATE)
    second = add_documents(manifest, [entry(NAME), entry(PRICE)], GATE)

    assert (first, second) == ([hash_of(NAME)], [hash_of(PRICE)])
    assert json.loads(manifest.read_text()) == registered(manifest) == plain(NAME, PRICE)
    served = build_register(Sources(folder=tmp_path / "documents").read(), GATE)
    assert served.find(hash_of(PRICE), "web") is not None


def test_what_is_removed_is_told_and_the_rest_stays(tmp_path: Path) -> None:
    manifest = written(tmp_path / "web.json", plain(NAME, PRICE))

    gone = remove_documents(manifest, [f"sha256:{hash_of(NAME)}", hash_of(RENAME)])

    assert (gone, registered(manifest)) == ([hash_of(NAME)], plain(PRICE))


def test_a_document_that_is_not_sound_registers_none_of_those_beside_it(tmp_path: Path) -> None:
    manifest = written(tmp_path / "web.json", plain(NAME))

    with pytest.raises(MisconfiguredError) as refused:
        add_documents(manifest, [entry(PRICE), entry(INVALID)], GATE)

    assert refused.value.problems == (
        "web.json: Wrong: Cannot query field 'colour' on type 'Product'. (line 1)",
    )
    assert registered(manifest) == plain(NAME)


def test_an_id_that_stands_for_another_document_is_not_taken_over(tmp_path: Path) -> None:
    manifest = written(tmp_path / "web.json", {MD5: NAME})

    with pytest.raises(MisconfiguredError) as refused:
        add_documents(manifest, [entry(PRICE, MD5)], GATE)

    assert refused.value.problems == (f"{manifest}: {MD5}: this id stands for another document",)
    assert registered(manifest) == {MD5: NAME}


def test_a_manifest_that_was_spoiled_is_not_written_over(tmp_path: Path) -> None:
    manifest = written(tmp_path / "web.json", "{")

    with pytest.raises(MisconfiguredError, match="is not JSON"):
        add_documents(manifest, [entry(NAME)], GATE)

    assert manifest.read_text() == "{"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    written(tmp_path / "documents", "a file where the folder should be")

    with pytest.raises(MisconfiguredError, match=r"web\.json: cannot be written: "):
        add_documents(manifest_of(tmp_path / "documents", "web"), [entry(NAME)], GATE)


def test_nobody_who_adds_at_the_same_time_is_lost_and_no_reader_sees_a_part(
    tmp_path: Path,
) -> None:
    manifest = manifest_of(tmp_path, "web")
    texts = [f"query Q{number} {{ product {{ name }} }}" for number in range(24)]
    seen: list[int] = []
    done = threading.Event()

    def add(part: list[str]) -> None:
        for text in part:
            add_documents(manifest, [entry(text)], GATE)

    def read() -> None:
        while not done.is_set():
            seen.append(len(registered(manifest)))

    writers = [threading.Thread(target=add, args=(texts[start::3],)) for start in range(3)]
    reader = threading.Thread(target=read)
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    reader.join()

    assert registered(manifest) == plain(*texts)
    assert seen == sorted(seen)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "web.json"]
