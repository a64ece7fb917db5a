"""Manifests that change while the gateway serves, by a clock that is told the time."""

import asyncio
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.engine.documents import (
    DocumentNotTrusted,
    Manifests,
    Mode,
    Register,
    Sources,
    TrustedDocuments,
    asked_document,
    hash_of,
    keep_loaded,
)
from app.errors import MisconfiguredError
from tests.engine_documents.builders import GATE, INVALID, NAME, PRICE, RENAME, plain, written

WRITTEN_AT = 1_800_000_000
LONG_AFTER = WRITTEN_AT + 3600.0


@dataclass
class Folder:
    path: Path
    now: float = LONG_AFTER

    def write(self, *texts: str, client: str = "web", at: int = WRITTEN_AT) -> None:
        file = written(self.path / f"{client}.json", plain(*texts))
        os.utime(file, (at, at))

    def manifests(self) -> Manifests:
        return Manifests(Sources(folder=self.path), GATE, now=lambda: self.now)


def texts_of(register: Register | None) -> set[str] | None:
    return None if register is None else {document.text for document in register.documents}


def test_nothing_is_loaded_again_until_something_changes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME)
    manifests = folder.manifests()

    assert texts_of(manifests.load()) == {NAME}
    assert manifests.changed() is None
    folder.write(NAME, PRICE, at=WRITTEN_AT + 10)
    assert texts_of(manifests.changed()) == {NAME, PRICE}
    assert manifests.changed() is None


def test_a_file_that_is_touched_but_says_the_same_changes_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.write(NAME, at=WRITTEN_AT + 10)

    assert manifests.changed() is None


def test_a_change_within_the_same_tick_and_of_the_same_size_is_seen(tmp_path: Path) -> None:
    folder = Folder(tmp_path, now=WRITTEN_AT + 0.5)
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.write(NAME.replace("Name", "Nome"))

    folder.now = LONG_AFTER
    assert texts_of(manifests.changed()) == {NAME.replace("Name", "Nome")}


def test_a_settled_file_is_not_read_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.write(NAME.replace("Name", "Nome"))  # the same time and size, an hour later: a forgery

    assert manifests.changed() is None


def test_a_new_client_and_one_that_went_are_seen(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.write(PRICE, client="app")
    added = manifests.changed()
    (tmp_path / "web.json").unlink()

    assert (texts_of(added), texts_of(manifests.changed())) == ({NAME, PRICE}, {PRICE})


def test_a_change_that_is_not_sound_is_told_once_and_changes_nothing(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.write(INVALID, at=WRITTEN_AT + 10)

    with capture_logs() as logs:
        refused = [manifests.changed() for _ in range(3)]
    folder.write(PRICE, at=WRITTEN_AT + 10)

    assert refused == [None] * 3
    assert logs == [
        {
            "event": "documents.not_reloaded",
            "log_level": "error",
            "problems": (
                (
                    f"{tmp_path / 'web.json'}: Wrong: "
                    "Cannot query field 'colour' on type 'Product'. (line 1)"
                ),
            ),
        }
    ]
    assert texts_of(manifests.changed()) == {PRICE}


def test_the_same_mistake_in_another_change_is_not_told_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    manifests = folder.manifests()
    manifests.load()

    with capture_logs() as logs:
        for seconds, texts in enumerate(([INVALID], [INVALID, PRICE], [PRICE], [INVALID])):
            folder.write(*texts, at=WRITTEN_AT + seconds)
            manifests.changed()

    assert [entry["event"] for entry in logs] == ["documents.not_reloaded"] * 2


def test_what_is_mended_is_seen_though_its_time_and_size_are_the_same(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    manifests = folder.manifests()
    manifests.load()
    folder.write(INVALID)
    refused = manifests.changed()
    mended = INVALID.replace("colour", "price ")
    folder.write(mended)

    assert (refused, texts_of(manifests.changed())) == (None, {mended})


def test_the_gateway_does_not_start_over_an_invalid_manifest(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME, INVALID)

    with pytest.raises(MisconfiguredError, match=r"web\.json: Wrong: Cannot query field"):
        folder.manifests().load()


async def test_while_serving_new_documents_take_effect_and_old_ones_end(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write(NAME, RENAME)
    manifests = folder.manifests()
    trusted = TrustedDocuments(manifests.load(), mode=Mode.ENFORCE)
    turns: asyncio.Queue[None] = asyncio.Queue()
    slept: list[float] = []
    reloaded = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await turns.get()

    async def use(register: Register) -> None:
        trusted.register = register
        reloaded.set()

    keeping = asyncio.create_task(
        keep_loaded(manifests, use, every=timedelta(seconds=30), sleep=sleep)
    )
    folder.write(NAME, PRICE, at=WRITTEN_AT + 10)
    turns.put_nowait(None)
    async with asyncio.timeout(60):
        await reloaded.wait()
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping

    assert set(slept) == {30.0}
    assert (await trusted.find(asked_document({"documentId": hash_of(PRICE)}))).prepared is not None
    with pytest.raises(DocumentNotTrusted):
        await trusted.find(asked_document({"query": RENAME}))


def test_a_folder_that_is_gone_is_no_empty_folder(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "documents")
    folder.write(NAME)
    manifests = folder.manifests()
    manifests.load()
    folder.path.rename(tmp_path / "elsewhere")

    with capture_logs() as logs:
        assert manifests.changed() is None
    (tmp_path / "elsewhere").rename(folder.path)
    folder.write(PRICE, at=WRITTEN_AT + 10)

    assert [one["problems"] for one in logs] == [(f"{folder.path}: is no folder of documents",)]
    assert texts_of(manifests.changed()) == {PRICE}
