"""How many pairs of selections must be compared, to know whether they can be merged?

Fields with one response name in one place are compared in pairs, and so are fragments that are
spread in one place. A valid document of two thousand tokens can have a hundred thousand pairs. This
counts them while it visits each expanded selection once.
"""

from collections.abc import Iterable, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

SPREADS_WEIGH = 3  # comparing two fragments takes as long as comparing three pairs of fields
Fragments = dict[str, FragmentDefinitionNode]


def merges(document: DocumentNode, *, most: int) -> int:
    """The pairs in all operations; counting ends above `most`.

    Fragments that are spread exist, and close no cycle.
    """
    fragments: Fragments = {
        one.name.value: one
        for one in document.definitions
        if isinstance(one, FragmentDefinitionNode)
    }
    waiting: list[Sequence[SelectionSetNode]] = [
        [one.selection_set]
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
    ]
    total = 0
    while waiting and total <= most:
        groups, spreads = _grouped(waiting.pop(), fragments)
        total += sum(_pairs(len(group)) for group in groups) + SPREADS_WEIGH * _pairs(spreads)
        below = ([one.selection_set for one in group if one.selection_set] for group in groups)
        waiting.extend(sets for sets in below if sets)
    return total


def _grouped(
    sets: Iterable[SelectionSetNode], fragments: Fragments
) -> tuple[list[list[FieldNode]], int]:
    """The fields of one place by response name, and how many fragments are spread there."""
    groups: dict[str, list[FieldNode]] = {}
    spreads, waiting = 0, list(sets)
    while waiting:
        for selection in waiting.pop().selections:
            match selection:
                case FieldNode(alias=alias, name=name):
                    groups.setdefault((alias or name).value, []).append(selection)
                case InlineFragmentNode(selection_set=nested):
                    waiting.append(nested)
                case FragmentSpreadNode(name=name):
                    spreads += 1
                    waiting.append(fragments[name.value].selection_set)
    return list(groups.values()), spreads


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
