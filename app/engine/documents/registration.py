"""How is a document registered by hand? In a plain manifest that is replaced in one step."""

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.engine.documents.asked import HASH_PREFIX
from app.engine.documents.manifests import Entry, read_manifest
from app.engine.documents.register import build_register
from app.engine.gate import Gate
from app.errors import MisconfiguredError


def registered(manifest: Path) -> dict[str, str]:
    """The texts by id of a manifest; none when there is no such file yet.

    Raises:
        MisconfiguredError: the file is not a manifest.
    """
    if not manifest.exists():
        return {}
    return {entry.id: entry.text for entry in read_manifest(manifest)}


def add_documents(manifest: Path, entries: Iterable[Entry], gate: Gate) -> list[str]:
    """Register documents; the ids that are new.

    Raises:
        MisconfiguredError: one of them does not pass `gate`, or its id is taken; nothing
            was registered.
    """
    given = list(entries)
    build_register({"": given}, gate)
    texts = {entry.id: entry.text for entry in given}

    def with_them(kept: Mapping[str, str]) -> dict[str, str]:
        taken = [id_ for id_, text in texts.items() if kept.get(id_, text) != text]
        if taken:
            raise MisconfiguredError(
                *(f"{manifest}: {id_}: this id stands for another document" for id_ in taken)
            )
        return {**kept, **texts}

    before, after = _change(manifest, with_them)
    return [id_ for id_ in after if id_ not in before]


def remove_documents(manifest: Path, ids: Iterable[str]) -> list[str]:
    """Take documents out; the ids that were there.

    Raises:
        MisconfiguredError: the file is not a manifest.
    """
    gone = {id_.removeprefix(HASH_PREFIX) for id_ in ids}

    def without(kept: Mapping[str, str]) -> dict[str, str]:
        return {id_: text for id_, text in kept.items() if id_ not in gone}

    before, after = _change(manifest, without)
    return [id_ for id_ in before if id_ not in after]


def _change(
    manifest: Path, change: Callable[[Mapping[str, str]], dict[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Read, change and replace a manifest while nobody else does; what it held before and after."""
    try:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        with _alone(manifest):
            before = registered(manifest)
            after = change(before)
            if after != before:
                _replace(manifest, json.dumps(after, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise MisconfiguredError(f"{manifest}: cannot be written: {error.strerror}") from error
    return before, after


@contextmanager
def _alone(manifest: Path) -> Iterator[None]:
    """Hold the folder's lock: the manifest itself is replaced and cannot be held."""
    with (manifest.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _replace(path: Path, text: str) -> None:
    """Readers see the file before or the file after, and never a part of it."""
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
