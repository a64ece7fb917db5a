"""Trusted documents: manifests of what may be executed, and what becomes of everything else."""

from app.engine.documents.asked import AskedDocument, asked_document, hash_of
from app.engine.documents.automatic import DocumentStore, MemoryDocuments, SharedDocuments
from app.engine.documents.manifests import Entry, read_manifest
from app.engine.documents.refusals import (
    DocumentNotFound,
    DocumentNotTrusted,
    DocumentRefused,
    MalformedDocumentRequest,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
)
from app.engine.documents.register import EMPTY, Register, TrustedDocument, build_register
from app.engine.documents.registration import add_documents, registered, remove_documents
from app.engine.documents.reloading import Manifests, keep_loaded
from app.engine.documents.sources import Sources, manifest_of
from app.engine.documents.trusted import FoundDocument, How, Mode, TrustedDocuments

__all__ = [
    "EMPTY",
    "AskedDocument",
    "DocumentNotFound",
    "DocumentNotTrusted",
    "DocumentRefused",
    "DocumentStore",
    "Entry",
    "FoundDocument",
    "How",
    "MalformedDocumentRequest",
    "Manifests",
    "MemoryDocuments",
    "Mode",
    "PersistedQueryNotFound",
    "PersistedQueryNotSupported",
    "Register",
    "SharedDocuments",
    "Sources",
    "TrustedDocument",
    "TrustedDocuments",
    "add_documents",
    "asked_document",
    "build_register",
    "hash_of",
    "keep_loaded",
    "manifest_of",
    "read_manifest",
    "registered",
    "remove_documents",
]
