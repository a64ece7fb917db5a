"""Which groups of customers does the retailer have, and what do its systems call them?"""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from app.settings.words import Name, Section

SystemsWord = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class CustomerGroup(Section):
    """A group that rules of prices may name.

    `named` is by connection: whoever is in one of these groups there is in this one.
    """

    label: str = Field(min_length=1, max_length=200)
    named: Mapping[Name, tuple[SystemsWord, ...]] = Field(default_factory=dict)


def misnamed(
    groups: Mapping[str, CustomerGroup], recognising: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Every connection that a group names and whose customers are not recognised, with where."""
    for name, group in groups.items():
        yield from ((f"groups.{name}.named", one) for one in group.named if one not in recognising)
