"""Which document does a request name? By its text, by an id, or by the hash Apollo clients send."""

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any

from msgspec import Struct

from app.engine.documents.refusals import MalformedDocumentRequest

HASH_PREFIX = "sha256:"
HASH_LENGTH = 64  # hexadecimal digits of a sha256
LONGEST_ID = 200
REMEMBERED = 512  # texts whose hash is known; longer ones are not among them
LONGEST_REMEMBERED = 10_000  # characters


class AskedDocument(Struct, frozen=True, kw_only=True):
    """What a request says of its document: a text, a name for it, or both.

    `automatic` says that the name came as Apollo's `persistedQuery`, which may teach us the text.
    """

    text: str | None
    id: str | None
    automatic: bool = False


def hash_of(text: str) -> str:
    """The id of a document: the sha256 of its text, in hexadecimal digits."""
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _hash_of(text)


def _hash_of(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_remembered = lru_cache(REMEMBERED)(_hash_of)


def asked_document(body: Mapping[str, Any]) -> AskedDocument:
    """The document that the parameters of a GraphQL request name.

    Raises:
        MalformedDocumentRequest: they name none, or name it in a way that cannot be read.
    """
    text, id_ = body.get("query"), body.get("documentId")
    if text is not None and not isinstance(text, str):
        raise MalformedDocumentRequest("query must be a GraphQL document, as a string.")
    if id_ is not None and not isinstance(id_, str):
        raise MalformedDocumentRequest("documentId must be a string.")
    apollo = _apollo_hash(body.get("extensions"))
    name = apollo if id_ is None else _plain(id_)
    if apollo is not None and apollo != name:
        raise MalformedDocumentRequest("documentId and persistedQuery name different documents.")
    text = text if text and text.strip() else None
    if text is None and name is None:
        raise MalformedDocumentRequest("Send a document as query, or name one with documentId.")
    if text is not None and name is not None:
        _check_same(text, name, automatic=apollo is not None)
    return AskedDocument(text=text, id=name, automatic=apollo is not None)


def _plain(id_: str) -> str:
    """The id as it is registered: a sha256 may be prefixed with its kind."""
    name = id_.removeprefix(HASH_PREFIX)
    if not name or len(name) > LONGEST_ID:
        raise MalformedDocumentRequest(f"documentId must have 1 to {LONGEST_ID} characters.")
    return name.lower() if len(name) == HASH_LENGTH else name


def _apollo_hash(extensions: Any) -> str | None:
    """`extensions.persistedQuery.sha256Hash`, as Apollo's protocol has it."""
    if not isinstance(extensions, Mapping):
        return None  # whether extensions may be anything else is for the endpoint to say
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, Mapping) or persisted.get("version") != 1:
        raise MalformedDocumentRequest("Unsupported persisted query version: send version 1.")
    told = persisted.get("sha256Hash")
    if not isinstance(told, str) or not told or len(told) > LONGEST_ID:
        raise MalformedDocumentRequest("persistedQuery.sha256Hash must be a hash, as a string.")
    return _plain(told)


def _check_same(text: str, name: str, *, automatic: bool) -> None:
    """A text must be what its name says; a name that is no hash says nothing of a text."""
    if (automatic or len(name) == HASH_LENGTH) and hash_of(text) != name:
        raise MalformedDocumentRequest("The given hash is not the sha256 of query.")
