"""What does a plan emit? An estimate that can be checked: factors by id, range, boundary, method.

Line haul goes by tonne-kilometre, the last mile by drop, hubs by parcel, and a pickup has the
shopper's own trip, with a stated share of trips that are made for it alone.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from app.errors import MisconfiguredError
from app.values import GeoPoint

FOLDER = Path(__file__).parent / "factors"
CURRENT = "tessera-2025.1"
MILLIGRAMS = Decimal(1_000_000)  # in a kilogram
MICROGRAMS = Decimal(1_000)  # of a gram-kilometre in a kilogram per tonne-kilometre
UNKNOWN_KM = 500  # where somebody's position is not known

Level = Literal["value", "low", "high"]
LEVELS: tuple[Level, ...] = ("value", "low", "high")


class Factor(NamedTuple):
    """One factor, in kilograms of CO2e per its unit."""

    id: str
    unit: str
    value: Decimal
    low: Decimal
    high: Decimal
    basis: str


@dataclass(frozen=True, slots=True)
class Factors:
    """A versioned set of factors and of what is assumed."""

    id: str
    version: str
    source: str
    boundary: str
    method: str
    by_id: Mapping[str, Factor]
    assumed: Mapping[str, Decimal]

    @property
    def name(self) -> str:
        """The set and its version."""
        return f"{self.id}@{self.version}"

    def checked(self, ids: Iterable[str]) -> None:
        """See that there are such factors.

        Raises:
            MisconfiguredError: there are not.
        """
        if missing := sorted(set(ids) - self.by_id.keys()):
            known = ", ".join(sorted(self.by_id))
            raise MisconfiguredError(
                f"promises: unknown emission factor {missing[0]!r}, known: {known}"
            )

    def each(self, factor: str, level: Level = "value") -> int:
        """Milligrams of one drop, parcel or hub."""
        return _whole(self._of(factor, level) * MILLIGRAMS)

    def rate(self, factor: str, km: int, level: Level = "value") -> int:
        """Micrograms that each gram adds over so many kilometres."""
        return _whole(self._of(factor, level) * MICROGRAMS * km)

    def trip(self, km: int, level: Level = "value") -> int:
        """Milligrams of a shopper's way to a store and back; `km` is one way."""
        share = self.assumed["trip_share" if level == "value" else f"trip_share_{level}"]
        way = max(Decimal(km), self.assumed["trip_least_km"])
        return _whole(self._of("car.km", level) * MILLIGRAMS * 2 * way * share)

    def road_km(self, one: GeoPoint | None, other: GeoPoint | None) -> int:
        """Whole kilometres by road; a stated guess where a position is unknown."""
        if one is None or other is None:
            return UNKNOWN_KM
        return _whole(Decimal(one.distance_km(other)) * self.assumed["detour"])

    def _of(self, factor: str, level: Level) -> Decimal:
        found: Decimal = getattr(self.by_id[factor], level)
        return found


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


@lru_cache(maxsize=4)
def factors(name: str = CURRENT) -> Factors:
    """The factors of a file."""
    document = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    every = [_factor(row) for row in document["factor"]]
    return Factors(
        id=document["id"],
        version=document["version"],
        source=document["source"],
        boundary=document["boundary"],
        method=document["method"],
        by_id={one.id: one for one in every},
        assumed={key: Decimal(value) for key, value in document["assumption"].items()},
    )


def _factor(row: Mapping[str, str]) -> Factor:
    value, low, high = (Decimal(row[level]) for level in LEVELS)
    return Factor(row["id"], row["unit"], value, low, high, row["basis"])
