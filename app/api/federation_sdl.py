"""What is a router told of a schema? The same document, with federation's directives written in.

Clients are served an ordinary schema, without them. Nothing here knows a noun.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from graphql import Node, ScalarTypeDefinitionNode, TypeDefinitionNode, parse

SPECIFICATION = "https://specs.apollo.dev/federation"
VERSION = "2.7"


@dataclass(frozen=True, slots=True)
class OwnDirective:
    """A directive that is not federation's and that a router's schema keeps.

    `url` names its specification; `definition` is such as `directive @custom on OBJECT`.
    """

    name: str
    url: str
    definition: str


def subgraph_sdl(
    sdl: str,
    marks: Mapping[str, str],
    *,
    version: str = VERSION,
    own: Sequence[OwnDirective] = (),
) -> str:
    """A schema with directives written in, and an import of those that are federation's.

    `marks` holds them by schema coordinate: `Type`, `Type.field`, `Enum.VALUE`,
    `Type.field(argument:)`.

    Raises:
        ValueError: the schema has no such type, field, value or argument.
        GraphQLError: a mark is no directive.
    """
    places = dict(_places(sdl))
    if missing := marks.keys() - places.keys():
        raise ValueError(f"the schema has no {', '.join(sorted(missing))}")
    written = sorted((places[name], f" {text}") for name, text in marks.items())
    cuts = [0, *(place for place, _ in written), len(sdl)]
    parts = [sdl[start:end] for start, end in pairwise(cuts)]
    texts = [*(text for _, text in written), ""]
    marked = "".join(part + text for part, text in zip(parts, texts, strict=True))
    links = _links(set().union(*map(_used, marks.values())), version, own)
    return "\n\n".join([f"extend schema {links}", *(one.definition for one in own), marked])


def _links(used: set[str], version: str, own: Sequence[OwnDirective]) -> str:
    federation = used - {one.name for one in own} | ({"@composeDirective"} if own else set())
    return " ".join(
        [
            _link(f"{SPECIFICATION}/v{version}", federation),
            *(_link(one.url, [one.name]) for one in own),
            *(f'@composeDirective(name: "{one.name}")' for one in own),
        ]
    )


def _link(url: str, names: Iterable[str]) -> str:
    imported = ", ".join(f'"{name}"' for name in sorted(names))
    return f'@link(url: "{url}", import: [{imported}])'


def _used(mark: str) -> set[str]:
    [marked] = parse(f"scalar Marked {mark}", no_location=True).definitions
    assert isinstance(marked, ScalarTypeDefinitionNode)  # noqa: S101  it begins with that word
    return {f"@{one.name.value}" for one in marked.directives or ()}


def _places(sdl: str) -> Iterator[tuple[str, int]]:
    """Where the directives of everything begin that has a schema coordinate."""
    for node in parse(sdl).definitions:
        if not isinstance(node, TypeDefinitionNode):
            continue
        name = node.name.value
        yield name, _end((node.name, *_of(node, "interfaces"))[-1])
        for part in (*_of(node, "fields"), *_of(node, "values")):
            yield f"{name}.{part.name.value}", _before_directives(part)
            for argument in _of(part, "arguments"):
                coordinate = f"{name}.{part.name.value}({argument.name.value}:)"
                yield coordinate, _before_directives(argument)


def _of(node: Node, attribute: str) -> Sequence[Any]:
    return getattr(node, attribute, None) or ()


def _before_directives(node: Any) -> int:
    """The end of what stands before them: a default value, a type, or a name."""
    parts = [getattr(node, attribute, None) for attribute in ("default_value", "type", "name")]
    return _end(next(part for part in parts if part is not None))


def _end(node: Node) -> int:
    return node.loc.end if node.loc else 0
