"""Where is a destination, and which addresses are treated alike?"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.promises.model import Destination
from app.settings import Cell, Lane, Promises
from app.values import CountryCode, GeoPoint


class Area(NamedTuple):
    """All addresses of a country that begin alike, as far as any rule tells them apart."""

    country: CountryCode
    prefix: str
    position: GeoPoint
    time_zone: str

    @property
    def code(self) -> str:
        """What it is called in tokens and answers."""
        return f"{self.country}-{self.prefix}" if self.prefix else self.country


@dataclass(frozen=True)
class Geography:
    """The cells of the settings, and every prefix that a rule names."""

    cells: tuple[Cell, ...]
    prefixes: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, rules: Promises) -> "Geography":
        """What the settings say."""
        cells = tuple(rules.cells.values())
        known = {(cell.country, prefix) for cell in cells for prefix in cell.prefixes}
        for carrier in rules.carriers.values():
            for service in carrier.services.values():
                known |= set(_named(service.lanes))
        return cls(cells, frozenset(known))

    def area(self, destination: Destination) -> Area | None:
        """Where a destination is; None where no cell is."""
        country, postal = destination.country, written(destination.postal_code)
        matching = [
            (len(prefix), cell)
            for cell in self.cells
            if cell.country == country
            for prefix in cell.prefixes
            if postal.startswith(prefix)
        ]
        if not matching:
            return None
        _, cell = max(matching, key=lambda one: one[0])
        position = GeoPoint(cell.latitude, cell.longitude)
        return Area(country, self._prefix(country, postal), position, cell.time_zone)

    def _prefix(self, country: str, postal: str) -> str:
        """The longest prefix that any rule knows; all shorter ones follow from it."""
        for length in range(len(postal), 0, -1):
            if (country, postal[:length]) in self.prefixes:
                return postal[:length]
        return ""


def written(postal_code: str | None) -> str:
    """A postal code in capitals, without blanks and dashes."""
    return "".join(one for one in (postal_code or "").upper() if one.isalnum())


def lane(lanes: Iterable[Lane], origin: str, area: Area) -> Lane | None:
    """The lane from a country to an area: the one that names most of its postal code."""
    found, longest = None, -1
    for one in lanes:
        if origin in one.origins and area.country in one.to:
            length = _matched(one, area.prefix)
            if length > longest:
                found, longest = one, length
    return found


def _matched(one: Lane, prefix: str) -> int:
    if not one.prefixes:
        return 0
    return max((len(each) for each in one.prefixes if prefix.startswith(each)), default=-1)


def _named(lanes: Iterable[Lane]) -> Iterable[tuple[str, str]]:
    return ((country, each) for one in lanes for country in one.to for each in one.prefixes)
