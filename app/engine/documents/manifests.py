"""Which documents does a file register? Relay's, Apollo's and plain manifests, read strictly.

- plain and Relay: a JSON object of texts by id (GraphQL Code Generator writes the same);
- Apollo: `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [...]}`;
- a `.graphql` file is one document, a folder all those in it, at any depth.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.documents.asked import HASH_LENGTH, HASH_PREFIX, hash_of
from app.errors import MisconfiguredError

APOLLO = "apollo-persisted-query-manifest"
OLDER_HASHES = frozenset({32, 40})  # digits of md5 (Relay's default) and sha1 (Code Generator's)
SUFFIXES = frozenset({".graphql", ".gql"})
KINDS = frozenset({"query", "mutation", "subscription"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document of a manifest, not yet parsed. `name` and `kind` are told by Apollo's alone."""

    id: str
    text: str
    source: Path
    name: str | None = None
    kind: str | None = None


def read_manifest(path: Path) -> list[Entry]:
    """The documents of a manifest, a `.graphql` file, or a folder of them.

    Raises:
        MisconfiguredError: every mistake found, one line each.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
        return [_plain_document(file) for file in files]
    if path.suffix in SUFFIXES:
        return [_plain_document(path)]
    return list(_checked(path, _decoded(path)))


def _plain_document(path: Path) -> Entry:
    text = _text(path)
    return Entry(id=hash_of(text), text=text, source=path)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()  # line ends as they are: they are part of the hash
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise MisconfiguredError(f"{path}: cannot be read: {reason}") from error


def _decoded(path: Path) -> Mapping[str, Any]:
    try:
        manifest = json.loads(_text(path), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise MisconfiguredError(f"{path}: is not JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise MisconfiguredError(f"{path}: must be a JSON object of documents by id")
    return manifest


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    double = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    if double:
        raise ValueError(f"{double[0]!r} stands twice")
    return dict(pairs)


def _checked(path: Path, manifest: Mapping[str, Any]) -> Iterator[Entry]:
    if "format" in manifest or "operations" in manifest:
        entries = list(_apollo(path, manifest))
    else:
        entries = [_entry(path, {"id": id_, "body": text}) for id_, text in manifest.items()]
    wrong = [entry for entry in entries if isinstance(entry, str)]
    if wrong:
        raise MisconfiguredError(*(f"{path}: {problem}" for problem in wrong))
    yield from (entry for entry in entries if isinstance(entry, Entry))


def _apollo(path: Path, manifest: Mapping[str, Any]) -> Iterator[Entry | str]:
    operations = manifest.get("operations")
    if manifest.get("format") != APOLLO or manifest.get("version") != 1:
        yield f"a manifest with operations must have format {APOLLO!r} and version 1"
    elif not isinstance(operations, list):
        yield "operations must be a list"
    else:
        yield from (_entry(path, operation) for operation in operations)


def _entry(path: Path, given: Any) -> Entry | str:
    """The document of one row, or what is wrong with it."""
    if not isinstance(given, Mapping) or not isinstance(id_ := given.get("id"), str):
        return "every operation must be an object with an id"
    text, name, kind = given.get("body"), given.get("name"), given.get("type")
    called = f"{name} ({id_})" if name else id_
    if not isinstance(text, str) or not text.strip():
        return f"{called}: the document must be a text"
    if not isinstance(name, str | None) or kind not in {*KINDS, None}:
        return f"{called}: name must be a text and type one of {', '.join(sorted(KINDS))}"
    id_ = id_.removeprefix(HASH_PREFIX)
    if problem := _wrong_id(id_, text):
        return f"{called}: {problem}"
    return Entry(id=id_, text=text, source=path, name=name, kind=kind)


def _wrong_id(id_: str, text: str) -> str | None:
    digits = set(id_) <= set("0123456789abcdef")
    if digits and len(id_) in OLDER_HASHES:
        return None
    if not digits or len(id_) != HASH_LENGTH:
        return "the id must be the sha256 of the text, as 64 lower-case hexadecimal digits"
    return None if id_ == hash_of(text) else f"the id is not the text's sha256, {hash_of(text)}"
