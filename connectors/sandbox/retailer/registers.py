"""Whom does a system know, and whom has it been told to forget?"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


def digits(phone: str) -> str:
    """What of a number is the same in every spelling: its last nine digits."""
    return "".join(filter(str.isdecimal, phone))[-9:]


@dataclass
class Register:
    """The customers of one system, by what it calls them. What is forgotten is gone."""

    rows: dict[str, Row]
    forgotten: set[str] = field(default_factory=set)

    def named(self, keys: Collection[str]) -> Iterator[Row]:
        """Those who are called so."""
        return (self.rows[key] for key in dict.fromkeys(keys) if key in self.rows)

    def having(self, wanted: Mapping[str, Collection[str]]) -> list[Row]:
        """Those whose cell is one of the wanted values, by the name of the cell."""
        sought = {name: {_folded(name, one) for one in ones} for name, ones in wanted.items()}
        return [
            row
            for row in self.rows.values()
            if any(
                row.get(name) is not None and _folded(name, row[name]) in ones
                for name, ones in sought.items()
            )
        ]

    def forget(self, key: str) -> bool:
        """Let go of somebody; whether they are, or have been, known."""
        if self.rows.pop(key, None) is not None:
            self.forgotten.add(key)
        return key in self.forgotten


def _folded(name: str, value: str) -> str:
    """As it is compared: numbers by their digits, all else without case."""
    return digits(value) if name in {"phone", "mobile"} else value.lower()
