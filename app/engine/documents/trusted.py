"""May this document be executed? Registered ones may; what becomes of others is the mode's word."""

from enum import StrEnum

import structlog
from cachetools import LRUCache
from msgspec import Struct

from app.engine.documents.asked import HASH_LENGTH, AskedDocument, hash_of
from app.engine.documents.automatic import DocumentStore
from app.engine.documents.refusals import (
    DocumentNotFound,
    DocumentNotTrusted,
    MalformedDocumentRequest,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
)
from app.engine.documents.register import Register, TrustedDocument
from app.engine.gate import Prepared
from app.errors import MisconfiguredError

log = structlog.get_logger(__name__)
REMEMBERED = 10_000  # hashes of documents that were logged


class Mode(StrEnum):
    """What becomes of a document that nobody registered."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


class How(StrEnum):
    """How a document was found."""

    REGISTERED = "registered"
    AUTOMATIC = "automatic"
    TEXT = "text"


class FoundDocument(Struct, frozen=True, kw_only=True):
    """The document to execute.

    `prepared` is there when it is registered. `learn` says that `TrustedDocuments.learn` should be
    told once it has proven valid.
    """

    sha256: str
    text: str
    how: How = How.TEXT
    prepared: Prepared | None = None
    learn: bool = False


class TrustedDocuments:
    """Finds documents in a register that may be exchanged while it is served."""

    def __init__(
        self, register: Register, *, mode: Mode, automatic: DocumentStore | None = None
    ) -> None:
        if mode is Mode.ENFORCE and automatic is not None:
            raise MisconfiguredError(
                "automatic persisted queries let every client register documents: "
                "switch them off, or do not enforce trusted documents"
            )
        self.register = register
        self._mode = mode
        self._automatic = automatic
        self._logged: LRUCache[str, None] = LRUCache(REMEMBERED)

    async def find(
        self, asked: AskedDocument, *, client: str | None = None, any_text: bool = False
    ) -> FoundDocument:
        """The document a request asks for.

        `client` is the name the caller goes by; `any_text` lets a caller with such a right send
        documents that are not registered, whatever the mode.

        Raises:
            DocumentRefused: it is not executed.
        """
        found = self.at_once(asked, client=client, any_text=any_text)
        return found or await self._learnt(asked, client, any_text=any_text)

    def at_once(
        self, asked: AskedDocument, *, client: str | None = None, any_text: bool = False
    ) -> FoundDocument | None:
        """The same, where nothing has to be waited for; None where something has.

        Raises:
            DocumentRefused: it is not executed.
        """
        if asked.id is not None and (known := self.register.find(asked.id, client)) is not None:
            return _same(known, asked.text)
        if asked.text is None:
            return None
        digest = hash_of(asked.text)
        if (known := self.register.find(digest, client)) is not None:
            return _same(known, None)
        if not any_text:
            self._judge(digest, client)
        learn = asked.automatic and self._automatic is not None
        return FoundDocument(sha256=digest, text=asked.text, learn=learn)

    async def learn(self, found: FoundDocument) -> None:
        """Keep a document that a client sent with its hash, now that it has proven valid."""
        if found.learn and self._automatic is not None:
            await self._automatic.put(found.sha256, found.text)

    async def _learnt(
        self, asked: AskedDocument, client: str | None, *, any_text: bool
    ) -> FoundDocument:
        """What an id stands for that is not registered."""
        if self._automatic is not None and asked.id is not None and len(asked.id) == HASH_LENGTH:
            text = await self._automatic.get(asked.id)
            if text is not None:
                self._judge(asked.id, client)
                return FoundDocument(sha256=asked.id, text=text, how=How.AUTOMATIC)
        if not asked.automatic:
            raise DocumentNotFound
        if self._mode is Mode.ENFORCE and not any_text:
            raise DocumentNotTrusted  # before the client sends the text in vain
        if self._automatic is None and not self.register.by_id:
            raise PersistedQueryNotSupported
        raise PersistedQueryNotFound

    def _judge(self, digest: str, client: str | None) -> None:
        """Say once of each unregistered document that it is none; refuse it when enforcing.

        Raises:
            DocumentNotTrusted: only registered documents are executed.
        """
        if self._mode is Mode.OFF:
            return
        if digest not in self._logged:
            self._logged[digest] = None
            log.warning(
                "document.not_registered", sha256=digest, client=client, mode=self._mode.value
            )
        if self._mode is Mode.ENFORCE:
            raise DocumentNotTrusted(digest)


def _same(known: TrustedDocument, text: str | None) -> FoundDocument:
    if text is not None and text != known.text:
        raise MalformedDocumentRequest("documentId stands for another document than query.")
    return FoundDocument(
        sha256=known.sha256, text=known.text, how=How.REGISTERED, prepared=known.prepared
    )
