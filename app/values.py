"""The small words every part of the gateway shares."""

from abc import ABCMeta
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import NewType, cast

from babel.numbers import get_currency_precision
from msgspec import Struct, StructMeta

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
CustomerId = NewType("CustomerId", str)
"""Our own id of one person, whatever systems know of them."""
CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, three capitals."""
CountryCode = NewType("CountryCode", str)
"""ISO 3166-1 alpha-2, two capitals."""
Locale = NewType("Locale", str)
"""BCP 47 language tag, such as `it` or `de-CH`."""

LONGEST_CODE = 100  # characters of a key or a code; longer ones name nothing and only cost memory
EARTH_RADIUS_KM = 6371.0088  # mean radius R1, IUGG 1980


class PrincipalKind(StrEnum):
    """What somebody who asks is to the retailer."""

    GUEST = "GUEST"
    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"
    PARTNER = "PARTNER"
    OPERATOR = "OPERATOR"


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


class Money(Struct, frozen=True, gc=False):
    """An exact amount in major units of a currency."""

    amount: Decimal
    currency: CurrencyCode


class Discount(Struct, frozen=True, gc=False):
    """What the rule with this id takes off; more than nothing.

    One that is `bounded` would have been more, but nothing costs less than nothing.
    """

    rule: str
    amount: Money
    bounded: bool = False


@cache
def minor_unit(currency: CurrencyCode) -> Decimal:
    """The smallest amount that is paid in a currency: 0.01 of a euro, 1 of a yen."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def rounded(price: Money, quantity: int) -> Money:
    """What so many units cost, as it is paid: half of a minor unit counts as one.

    An amount that has no fraction of a minor unit stays as it is written.
    """
    whole, unit = price.amount * quantity, minor_unit(price.currency)
    if not whole % unit:
        return Money(whole, price.currency)
    return Money(whole.quantize(unit, ROUND_HALF_UP), price.currency)


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


class _Abstract(StructMeta, ABCMeta):
    """The kind of a class that is made as fast as a structure and is a mapping."""


class Texts(Struct, Mapping[Locale, str], frozen=True, gc=False, eq=False, metaclass=_Abstract):
    """One text in the languages its owner wrote it in. Immutable and hashable.

    What it is made of is not copied: whoever made it must not change it.
    """

    by_locale: Mapping[str, str]

    def __getitem__(self, locale: Locale) -> str:
        return self.by_locale[locale]

    def __iter__(self) -> Iterator[Locale]:
        return cast("Iterator[Locale]", iter(self.by_locale))

    def __len__(self) -> int:
        return len(self.by_locale)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    def __hash__(self) -> int:
        return hash(frozenset(self.by_locale.items()))

    def __repr__(self) -> str:
        return f"Texts({self.by_locale!r})"

    def best(self, wanted: Sequence[Locale]) -> tuple[str, Locale | None]:
        """The text in the first wanted language there is, and that language.

        `de-CH` is served by `de` (RFC 4647 lookup). Without a match, the first text written;
        an empty `Texts` gives `("", None)`.
        """
        written = self.by_locale
        for locale in wanted:
            if (text := written.get(locale)) is not None:
                return text, locale
            for tag in lookup(locale):
                if tag in written:
                    return written[tag], tag
        for first, text in written.items():
            return text, Locale(first)
        return "", None


NO_WORDS = Texts({})
