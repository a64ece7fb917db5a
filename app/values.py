"""The small words every part of the gateway shares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from typing import NewType

Sku = NewType("Sku", str)
"""The retailer's own key of one sellable variant, the same in every system."""
Gtin = NewType("Gtin", str)
"""GS1 Global Trade Item Number: 8, 12, 13 or 14 digits, check digit included."""
ProductId = NewType("ProductId", str)
"""The catalogue owner's id of a product."""
LocationCode = NewType("LocationCode", str)
"""The retailer's own code of a place where stock stands or goods change hands."""
ChannelCode = NewType("ChannelCode", str)
"""The retailer's own code of a door through which sales are made."""
CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, three capitals."""
CountryCode = NewType("CountryCode", str)
"""ISO 3166-1 alpha-2, two capitals."""
Locale = NewType("Locale", str)
"""BCP 47 language tag, such as `it` or `de-CH`."""

EARTH_RADIUS_KM = 6371.0088  # mean radius R1, IUGG 1980


class LocationKind(StrEnum):
    """What a location is to a shopper and to the supply chain."""

    STORE = "STORE"
    WAREHOUSE = "WAREHOUSE"
    ECOM_DC = "ECOM_DC"
    SUPPLIER = "SUPPLIER"
    PICKUP_POINT = "PICKUP_POINT"
    PARTNER = "PARTNER"


class LocationService(StrEnum):
    """What a location does for shoppers and for other locations."""

    PICKUP = "PICKUP"
    EXPRESS_PICKUP = "EXPRESS_PICKUP"
    RESERVE = "RESERVE"
    SHIP_FROM = "SHIP_FROM"
    RETURN = "RETURN"
    APPOINTMENT = "APPOINTMENT"


class FulfilmentMethod(StrEnum):
    """How goods reach the shopper."""

    SHIP_TO_HOME = "SHIP_TO_HOME"
    PICK_UP_IN_STORE = "PICK_UP_IN_STORE"
    RESERVE_IN_STORE = "RESERVE_IN_STORE"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in major units of a currency."""

    amount: Decimal
    currency: CurrencyCode


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A position on WGS 84, in decimal degrees."""

    latitude: float
    longitude: float

    def distance_km(self, other: "GeoPoint") -> float:
        """Great-circle distance in kilometres (haversine formula)."""
        north, south = radians(self.latitude), radians(other.latitude)
        half_north = sin((south - north) / 2) ** 2
        half_east = sin(radians(other.longitude - self.longitude) / 2) ** 2
        chord = half_north + cos(north) * cos(south) * half_east
        return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A door through which sales are made: it fixes currency, country and fallback language."""

    code: ChannelCode
    currency: CurrencyCode
    country: CountryCode
    locale: Locale


def lookup(wanted: Locale) -> Iterator[Locale]:
    """The languages that serve a wanted one, closest first: `de-CH`, then `de` (RFC 4647)."""
    tag = str(wanted)
    while tag:
        yield Locale(tag)
        tag = tag.rpartition("-")[0]


class Texts(Mapping[Locale, str]):
    """One text in the languages its owner wrote it in. Immutable and hashable."""

    __slots__ = ("_by_locale",)

    def __init__(self, by_locale: Mapping[str, str]) -> None:
        self._by_locale = {Locale(locale): text for locale, text in by_locale.items()}

    def __getitem__(self, locale: Locale) -> str:
        return self._by_locale[locale]

    def __iter__(self) -> Iterator[Locale]:
        return iter(self._by_locale)

    def __len__(self) -> int:
        return len(self._by_locale)

    def __hash__(self) -> int:
        return hash(frozenset(self._by_locale.items()))

    def __repr__(self) -> str:
        return f"Texts({self._by_locale!r})"

    def best(self, wanted: Sequence[Locale]) -> tuple[str, Locale | None]:
        """The text in the first wanted language there is, and that language.

        `de-CH` is served by `de` (RFC 4647 lookup). Without a match, the first text written;
        an empty `Texts` gives `("", None)`.
        """
        for locale in wanted:
            for tag in lookup(locale):
                if tag in self._by_locale:
                    return self._by_locale[tag], tag
        for locale, text in self._by_locale.items():
            return text, locale
        return "", None
