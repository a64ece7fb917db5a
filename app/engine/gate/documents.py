"""Which documents are known already, parsed and found valid?"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cachetools import LRUCache
from graphql import DirectiveNode, DocumentNode, OperationDefinitionNode

from app.engine.again import serial
from app.engine.gate.analysis import Analysis, Tally

if TYPE_CHECKING:
    from app.engine.gate.admission import Admitted

BYTES_PER_CHARACTER = 270  # of a parsed document, measured where every other one is a name


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document and its figures; `at_once` is the same without what is `deferring` in it.

    `admitted` are those of its operations that were asked for, by the name they were asked by.
    """

    text: str
    document: DocumentNode
    analysis: Analysis
    at_once: DocumentNode
    deferring: tuple[DirectiveNode, ...] = ()
    admitted: dict[str | None, "Admitted"] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    serial: int = field(default_factory=serial, init=False, compare=False, repr=False)
    steady: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Equal variables cost the same each time, if it is `steady`."""
        object.__setattr__(self, "steady", self.analysis.program.steady)

    def tally(self, operation: OperationDefinitionNode) -> Tally:
        """The figures of one of its operations."""
        for one, tally in self.analysis.operations:
            if one is operation:
                return tally
        raise LookupError("not an operation of this document")

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        copies = 2 if self.deferring else 1
        return copies * len(self.text) * BYTES_PER_CHARACTER


class Documents:
    """Valid documents by their text, within a number of bytes; the least recently used go first."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: LRUCache[str, Prepared] = LRUCache(most_bytes, getsizeof=lambda one: one.weight)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weight(self) -> int:
        """About how many bytes are kept."""
        return int(self._kept.currsize)

    def find(self, text: str) -> Prepared | None:
        """The document with this text, if it is known."""
        try:
            return self._kept[text]
        except KeyError:
            return None

    def keep(self, prepared: Prepared) -> None:
        """Know it from now on, unless it alone is too large."""
        if prepared.weight <= self._most:
            self._kept[prepared.text] = prepared
