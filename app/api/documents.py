"""Which documents are registered here? Read and compiled at start, and again when they change."""

import asyncio
from contextlib import suppress
from time import time

from app.engine.budget import SharedRedis
from app.engine.documents import (
    DocumentStore,
    Manifests,
    MemoryDocuments,
    Mode,
    Register,
    SharedDocuments,
    Sources,
    TrustedDocument,
    TrustedDocuments,
    keep_loaded,
)
from app.engine.execution import Engine
from app.engine.gate import Gate
from app.engine.planning import Uncompilable
from app.settings import Documents


class ServedDocuments:
    """The documents of a deployment. `gate` proves those that are registered."""

    def __init__(
        self, settings: Documents, gate: Gate, *, engine: Engine | None, shared: SharedRedis | None
    ) -> None:
        """Read them.

        Raises:
            MisconfiguredError: every mistake in them, one line each.
        """
        self._engine = engine
        self._every = settings.reload_every
        self._changes = bool(settings.files or settings.folder)
        self._manifests = Manifests(sources_of(settings), gate, now=time)
        register = self._manifests.load()
        automatic = _automatic(shared) if settings.automatic else None
        self.trusted = TrustedDocuments(register, mode=Mode(settings.mode), automatic=automatic)
        for document in register.documents:
            self._compile(document)

    async def keep(self) -> None:
        """Follow the files, if there are any, until cancelled."""
        if self._changes:
            await keep_loaded(self._manifests, self._use, every=self._every)

    async def _use(self, register: Register) -> None:
        """Compile what is new, between other work; then serve it."""
        before = {document.sha256 for document in self.trusted.register.documents}
        for document in register.documents:
            if document.sha256 not in before:
                self._compile(document)
                await asyncio.sleep(0)
        self.trusted.register = register

    def _compile(self, document: TrustedDocument) -> None:
        if self._engine is None:
            return
        for operation in document.operations:
            name = None if operation.name is None else operation.name.value
            with suppress(Uncompilable):  # then it is interpreted
                self._engine.prepare(document.prepared.at_once, document.text, name)


def sources_of(settings: Documents) -> Sources:
    """Where documents are registered."""
    return Sources(files=settings.files, folder=settings.folder)


def _automatic(shared: SharedRedis | None) -> DocumentStore:
    near = MemoryDocuments()
    return near if shared is None else SharedDocuments(near, shared)
