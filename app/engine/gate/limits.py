"""How much may one operation ask for, and what is told when it asks for more?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST = 1_000_000_000  # where counting ends: a measure this large is refused whatever the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document and one operation of it may have; see `docs/operations.md`."""

    characters: int = 30_000
    lines: int = 3_000
    values: int = 5_000
    tokens: int = 2_000
    depth: int = 10
    introspection_depth: int = 20
    aliases: int = 20
    directives: int = 50
    deferrals: int = 20
    root_fields: int = 10
    mutations: int = 4
    operations: int = 10
    selections: int = 5_000
    merges: int = 5_000
    cost: int = 30_000
    errors: int = 10


@dataclass(frozen=True, slots=True)
class Excess:
    """One measure that is above its limit."""

    measure: str
    measured: int
    limit: int

    @property
    def message(self) -> str:
        """The fact, the numbers, and what to do."""
        about, advice = TOLD[self.measure]
        least = "at least " if self.measured >= MOST else ""
        return f"{about} is {least}{self.measured:,}, the limit is {self.limit:,}: {advice}."


TOLD = {
    "characters": (
        "The length of the document in characters",
        "send values as variables, or ask in several operations",
    ),
    "lines": ("The number of lines in the document", "send longer texts as variables"),
    "values": ("The number of values in the variables", "send fewer of them in one request"),
    "tokens": ("The number of tokens in the document", "ask in several operations"),
    "depth": ("The depth of the operation", "ask for fewer levels, or in several operations"),
    "introspectionDepth": ("The depth of the introspection", "ask for fewer levels of types"),
    "aliases": ("The number of aliases, fragments expanded,", "ask in several operations"),
    "directives": ("The number of directives, fragments expanded,", "use fewer"),
    "deferrals": ("The number of @defer and @stream, fragments expanded,", "defer larger parts"),
    "rootFields": ("The number of root fields, fragments expanded,", "ask in several operations"),
    "mutations": ("The number of mutations in the operation", "send them one by one"),
    "operations": ("The number of operations in the document", "send only the one to execute"),
    "selections": (
        "The number of selections in the document, fragments expanded,",
        "spread fragments fewer times, or ask in several operations",
    ),
    "merges": (
        "The number of selections to be merged in pairs",
        "name each field once, and spread fewer fragments in one place",
    ),
    "cost": (
        "The cost of the operation",
        "ask for smaller pages (first), fewer keys or fewer nested lists",
    ),
}


def excesses(figures: Mapping[str, int], limits: Mapping[str, int]) -> Iterator[Excess]:
    """Every measure that is above its limit."""
    for measure, measured in figures.items():
        if measured > limits[measure]:
            yield Excess(measure, measured, limits[measure])
