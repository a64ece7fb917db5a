"""What do Square's words of places, stock and prices mean in ours?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from babel.numbers import get_currency_precision

from app.ports import Address, IncomingSupply, Location, Price, StockLevel
from app.values import (
    CountryCode,
    CurrencyCode,
    GeoPoint,
    LocationCode,
    LocationKind,
    Money,
    Sku,
)
from connectors.kit.cells import exact, instant, text, whole
from connectors.square.hours import opening_hours

Row = Mapping[str, Any]
IN_STOCK, RESERVED = "IN_STOCK", "RESERVED_FOR_SALE"
ON_THE_WAY = ("ORDERED_FROM_VENDOR", "RECEIVED_FROM_VENDOR")
STATES = (IN_STOCK, RESERVED, *ON_THE_WAY)
NO_COUNTRY = "ZZ"
LINES = ("address_line_1", "address_line_2", "address_line_3")
FURTHEST_NORTH, FURTHEST_EAST = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Place:
    """A location by its names in Square; `active` ones are in business."""

    id: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """A variation of the catalogue: a SKU, and where its stock is counted."""

    id: str
    sku: Sku
    counted: bool
    counted_at: Mapping[str, bool]

    def counts_at(self, place: str) -> bool:
        """Whether Square counts its stock in a location; what it does not count, nobody knows."""
        return self.counted_at.get(place, self.counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So much of a variation is in a state at a location, since it last changed."""

    variation: str
    place: str
    state: str
    quantity: Decimal
    changed_at: datetime


def optional(row: Row, name: str) -> str | None:
    """A text, or None where Square tells none."""
    value = row.get(name)
    if value is None or value == "":
        return None
    return text(row, name)


def truth(row: Row, name: str) -> bool | None:
    """True, false, or None where Square tells neither."""
    value = row.get(name)
    if not isinstance(value, bool | None):
        raise TypeError(f"{name}: not true or false")
    return value


def inner(row: Row, name: str) -> Row:
    """An object; empty where Square tells none."""
    value = row.get(name)
    if not isinstance(value, Mapping | None):
        raise TypeError(f"{name}: not an object")
    return value or {}


def rows(row: Row, name: str) -> list[Row]:
    """A list of objects; empty where Square tells none."""
    value = row.get(name)
    if not isinstance(value, list | None) or not all(isinstance(one, dict) for one in value or ()):
        raise TypeError(f"{name}: not a list of objects")
    return value or []


def place(row: Row) -> Place:
    """A location's names. One without a name of its own goes by its id."""
    own = text(row, "id")
    return Place(own, optional(row, "name") or own, optional(row, "status") != "INACTIVE")


def code_of(found: Place, codes: Mapping[str, LocationCode]) -> LocationCode:
    """Our code of a location that the wiring names by id or by name."""
    return codes.get(found.id) or codes.get(found.name) or LocationCode(found.name)


def location(row: Row, code: LocationCode) -> Location:
    """What Square knows of a location. A mobile one is a van, a stall or a website: no store."""
    physical = optional(row, "type") in {None, "PHYSICAL"}
    return Location(
        code=code,
        name=place(row).name,
        kind=LocationKind.STORE if physical else None,
        address=address(inner(row, "address"), optional(row, "country")),
        position=_position(inner(row, "coordinates")),
        time_zone=optional(row, "timezone"),
        opening_hours=opening_hours(rows(inner(row, "business_hours"), "periods")),
        phone=optional(row, "phone_number"),
    )


def address(told: Row, country: str | None = None) -> Address:
    """A postal address, in a country if it names none itself."""
    country = optional(told, "country") or country
    return Address(
        lines=tuple(filter(None, (optional(told, line) for line in LINES))),
        postal_code=optional(told, "postal_code"),
        city=optional(told, "locality"),
        region=optional(told, "administrative_district_level_1"),
        country=None if country in {None, NO_COUNTRY} else CountryCode(country or ""),
    )


def _position(told: Row) -> GeoPoint | None:
    latitude, longitude = told.get("latitude"), told.get("longitude")
    if latitude is None or longitude is None:
        return None
    return GeoPoint(
        _degrees("latitude", latitude, FURTHEST_NORTH),
        _degrees("longitude", longitude, FURTHEST_EAST),
    )


def _degrees(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: not a number")
    if not -most <= value <= most:
        raise ValueError(f"{name}: not on earth")
    return float(value)


def variation(row: Row) -> Variation:
    """A variation with a SKU.

    Raises:
        KeyError, TypeError, ValueError: it is not what the contract says.
    """
    data = inner(row, "item_variation_data")
    overrides = {
        text(one, "location_id"): truth(one, "track_inventory")
        for one in rows(data, "location_overrides")
    }
    return Variation(
        id=text(row, "id"),
        sku=Sku(text(data, "sku")),
        counted=truth(data, "track_inventory") is True,
        counted_at={own: told for own, told in overrides.items() if told is not None},
    )


def sku_of(row: Row) -> tuple[str, Sku | None]:
    """The id of a variation, and its SKU if it has one."""
    sku = optional(inner(row, "item_variation_data"), "sku")
    return text(row, "id"), None if sku is None else Sku(sku)


def count(row: Row) -> Count:
    """One inventory count."""
    return Count(
        variation=text(row, "catalog_object_id"),
        place=text(row, "location_id"),
        state=text(row, "state"),
        quantity=exact(row, "quantity"),
        changed_at=instant(row, "calculated_at"),
    )


def newest(counts: Iterable[Count]) -> dict[tuple[str, str], dict[str, Count]]:
    """By variation and location, the youngest count of each state.

    A count that changes while its list is read page by page may be told twice.
    """
    found: dict[tuple[str, str], dict[str, Count]] = {}
    for one in sorted(counts, key=lambda one: one.changed_at):
        found.setdefault((one.variation, one.place), {})[one.state] = one
    return found


def stock_level(
    sku: Sku, code: LocationCode, counts: Mapping[str, Count], as_of: datetime
) -> StockLevel | None:
    """What stands there; None where Square tells no count of what is for sale.

    Square counts what is reserved apart from what is for sale; both are on hand. Goods sold by
    measure count in whole units.
    """
    if (for_sale := counts.get(IN_STOCK)) is None:
        return None
    reserved = _units(counts, RESERVED, ROUND_CEILING)
    coming = sum(max(0, _units(counts, state, ROUND_FLOOR)) for state in ON_THE_WAY)
    return StockLevel(
        sku=sku,
        location=code,
        on_hand=int(for_sale.quantity.to_integral_value(ROUND_FLOOR)) + reserved,
        reserved=reserved,
        incoming=(IncomingSupply(quantity=coming, expected_at=None),) if coming else (),
        as_of=as_of,
    )


def _units(counts: Mapping[str, Count], state: str, rounding: str) -> int:
    one = counts.get(state)
    return 0 if one is None else int(one.quantity.to_integral_value(rounding))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """What prices are read with: the currency, and the location whose own prices come first."""

    currency: CurrencyCode
    place: str | None
    tax_included: bool
    as_of: datetime


def price(row: Row, terms: PriceTerms) -> Price | None:
    """What a unit costs; None where that is typed in at the sale, or is in another currency."""
    data = inner(row, "item_variation_data")
    own = [one for one in rows(data, "location_overrides") if one.get("location_id") == terms.place]
    told = {**data, **{name: value for one in own for name, value in one.items() if _says(value)}}
    if optional(told, "pricing_type") != "FIXED_PRICING":
        return None
    amount = money(inner(told, "price_money"))
    if amount.currency != terms.currency:
        return None
    return Price(
        sku=Sku(text(data, "sku")),
        amount=amount,
        tax_included=terms.tax_included,
        as_of=terms.as_of,
    )


def _says(value: Any) -> bool:
    return value is not None


def money(row: Row) -> Money:
    """An amount, which Square tells in the smallest unit of its currency."""
    currency = CurrencyCode(text(row, "currency"))
    amount = Decimal(whole(row, "amount")).scaleb(-get_currency_precision(currency))
    return Money(amount, currency)
