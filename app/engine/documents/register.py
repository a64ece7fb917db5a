"""Which documents may be executed, by whom, and are they sound? Put through a gate at start."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import GraphQLError, OperationDefinitionNode

from app.engine.documents.asked import hash_of
from app.engine.documents.manifests import KINDS, Entry
from app.engine.gate import Gate, NotAdmittedError, Prepared
from app.errors import MisconfiguredError

MOST_ERRORS = 5  # told of one document
NAMED = re.compile(rf"\b(?:{'|'.join(sorted(KINDS))})\s+(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDocument:
    """A registered document, ready to be executed."""

    sha256: str
    text: str
    prepared: Prepared

    @property
    def operations(self) -> Sequence[OperationDefinitionNode]:
        """Its operations; more than one where a client registers whole files."""
        return [operation for operation, _ in self.prepared.analysis.operations]


@dataclass(frozen=True, slots=True)
class Register:
    """Documents by client name and by id; each is also found by the sha256 of its text."""

    by_client: Mapping[str, Mapping[str, TrustedDocument]]
    by_id: Mapping[str, TrustedDocument]

    @property
    def documents(self) -> Sequence[TrustedDocument]:
        """Every document once."""
        return tuple({found.sha256: found for found in self.by_id.values()}.values())

    def find(self, id_: str, client: str | None) -> TrustedDocument | None:
        """The document of a client; of any client when none is named."""
        known = self.by_id if client is None else self.by_client.get(client, {})
        return known.get(id_)


EMPTY = Register({}, {})


def build_register(
    entries: Mapping[str, Sequence[Entry]], gate: Gate, *, known: Register = EMPTY
) -> Register:
    """The register of the manifests of every client; what `known` holds is not proven again.

    `gate` proves each document; `known` must have been built with the same.

    Raises:
        MisconfiguredError: one line for every mistake, with its file and operation.
    """
    proven = {document.sha256: document for document in known.documents}
    by_client: dict[str, dict[str, TrustedDocument]] = {}
    by_id: dict[str, TrustedDocument] = {}
    problems: list[str] = []
    for client, registered in entries.items():
        own = by_client.setdefault(client, {})
        for entry in registered:
            try:
                document = _trusted(entry, gate, proven)
            except MisconfiguredError as error:
                problems.extend(error.problems)
                continue
            if by_id.setdefault(entry.id, document) is not document:
                problems.append(f"{_called(entry)}: this id stands for another document too")
            own[entry.id] = own[document.sha256] = by_id[document.sha256] = document
    if problems:
        raise MisconfiguredError(*dict.fromkeys(problems))
    return Register(by_client, by_id)


def _trusted(entry: Entry, gate: Gate, proven: dict[str, TrustedDocument]) -> TrustedDocument:
    """The document of an entry, from `proven` or added to it.

    Raises:
        MisconfiguredError: it is not sound, or not what its manifest says.
    """
    digest = hash_of(entry.text)
    document = proven.get(digest)
    if document is None:
        prepared = _proven(entry, gate)
        document = proven[digest] = TrustedDocument(
            sha256=digest, text=entry.text, prepared=prepared
        )
    if not any(_is_meant(entry, operation) for operation in document.operations):
        meant = " ".join(part for part in (entry.kind, entry.name) if part) or "operation"
        raise MisconfiguredError(f"{_called(entry)}: the document has no {meant}")
    return document


def _proven(entry: Entry, gate: Gate) -> Prepared:
    try:
        return gate.prepare(entry.text)
    except NotAdmittedError as refusal:
        found = NAMED.search(entry.text)
        where = _called(entry, found and found[1])
        raise MisconfiguredError(*(f"{where}: {line}" for line in _told(refusal))) from refusal
    except RecursionError:
        raise MisconfiguredError(f"{_called(entry)}: it is nested too deeply") from None


def _is_meant(entry: Entry, operation: OperationDefinitionNode) -> bool:
    name = operation.name and operation.name.value
    return entry.name in {None, name} and entry.kind in {None, operation.operation.value}


def _called(entry: Entry, name: str | None = None) -> str:
    return f"{entry.source}: {entry.name or name or entry.id}"


def _told(refusal: NotAdmittedError) -> Iterator[str]:
    for error in refusal.errors[:MOST_ERRORS]:
        yield f"{error.message}{_line(error)}"


def _line(error: GraphQLError) -> str:
    return f" (line {error.locations[0].line})" if error.locations else ""
