"""How many pairs of selections must be compared, to know whether they can be merged?

Fields with one response name in one place are compared in pairs, and so are fragments that are
spread in one place. A document of two thousand tokens can have a million pairs. This counts them
while it visits each expanded selection once.
"""

from collections.abc import Iterable, Iterator, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

# How many pairs of plain fields are compared in the time of two fragments; what arguments and
# fields of their own add to a pair of fields.
SPREADS_WEIGH = 3
ARGUMENT_WEIGHS = 2
SELECTIONS_WEIGH = 3


class EndlessError(Exception):
    """The selections do not end: fragments spread themselves, or are a bomb that nobody uses."""


def merges(document: DocumentNode, *, most: int, selections: int) -> int:
    """The pairs in a document; counting ends above `most`.

    Raises:
        EndlessError: its definitions together have more than `selections`, fragments expanded.
    """
    return _Count(document, most, selections).total()


class _Count:
    def __init__(self, document: DocumentNode, most: int, selections: int) -> None:
        self._definitions = document.definitions
        self._fragments = {
            one.name.value: one
            for one in document.definitions
            if isinstance(one, FragmentDefinitionNode)
        }
        self._most = most
        self._left = selections
        self._reached: set[int] = set()  # fragments, by identity: several may have one name

    def total(self) -> int:
        total = 0
        for root in self._roots():
            waiting: list[Sequence[SelectionSetNode]] = [[root]]
            while waiting and total <= self._most:
                groups, spreads = self._grouped(waiting.pop())
                total += sum(_pairs(len(group)) * _weight(group) for group in groups)
                total += SPREADS_WEIGH * _pairs(spreads)
                below = (
                    [one.selection_set for one in group if one.selection_set] for group in groups
                )
                waiting.extend(sets for sets in below if sets)
        return total

    def _roots(self) -> Iterator[SelectionSetNode]:
        """The operations, then the fragments that they do not lead to: all are compared."""
        for one in self._definitions:
            if isinstance(one, OperationDefinitionNode):
                yield one.selection_set
        for one in self._definitions:
            if isinstance(one, FragmentDefinitionNode) and id(one) not in self._reached:
                self._reached.add(id(one))
                yield one.selection_set

    def _grouped(self, sets: Iterable[SelectionSetNode]) -> tuple[list[list[FieldNode]], int]:
        """The fields of one place by response name, and how many fragments are spread there."""
        groups: dict[str, list[FieldNode]] = {}
        spreads, waiting = 0, list(sets)
        while waiting:
            for selection in self._each(waiting.pop()):
                match selection:
                    case FieldNode(alias=alias, name=name):
                        groups.setdefault((alias or name).value, []).append(selection)
                    case InlineFragmentNode(selection_set=nested):
                        waiting.append(nested)
                    case FragmentSpreadNode(name=name) if name.value in self._fragments:
                        fragment = self._fragments[name.value]
                        spreads += 1
                        self._reached.add(id(fragment))
                        waiting.append(fragment.selection_set)
        return list(groups.values()), spreads

    def _each(self, selection_set: SelectionSetNode) -> Sequence[SelectionNode]:
        self._left -= len(selection_set.selections)
        if self._left < 0:
            raise EndlessError
        return selection_set.selections


def _weight(group: Sequence[FieldNode]) -> int:
    """What comparing two fields of a group takes, in pairs of plain fields."""
    if len(group) == 1:
        return 1
    arguments = max(len(one.arguments or ()) for one in group)
    nested = any(one.selection_set for one in group)
    return 1 + ARGUMENT_WEIGHS * arguments + SELECTIONS_WEIGH * nested


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
