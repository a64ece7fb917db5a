"""What do Tryton's warehouses, quantities, moves and prices mean in our words? Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from app.ports import Address, Answer, IncomingSupply, Location, Price, StockLevel
from app.values import (
    CountryCode,
    CurrencyCode,
    LocationCode,
    LocationKind,
    LocationService,
    Money,
    Sku,
)
from connectors.tryton.tagged import plain

Row = Mapping[str, Any]
A_DAY = timedelta(days=1)
LARGEST_ID = 2**31 - 1  # Tryton's ids are 32 bit integers; a larger one breaks its database
EXACT = Decimal("0.000001")  # finer than any unit of Tryton, coarser than a float's noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A warehouse. `left` and `right` number the tree of stock locations depth first."""

    id: int
    code: LocationCode
    left: int
    right: int

    def holds(self, position: int) -> bool:
        """Whether the stock location with this `left` stands in the warehouse."""
        return self.left <= position <= self.right


@dataclass(frozen=True, slots=True)
class Item:
    """A variant, by Tryton's id and by ours."""

    id: int
    sku: Sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Goods that are planned or assigned to go from one stock location to another."""

    id: int
    item: int
    quantity: Decimal
    source: int
    target: int
    planned: date | None

    def leaves(self, place: Place) -> bool:
        """Whether the goods stand in the place and will not."""
        return place.holds(self.source) and not place.holds(self.target)

    def enters(self, place: Place) -> bool:
        """Whether the goods do not stand in the place and will."""
        return place.holds(self.target) and not place.holds(self.source)


def record_id(row: Row) -> int:
    """Tryton's id of a record."""
    return _whole_id(row["id"])


def location_code(row: Row, ours: Mapping[str, LocationCode]) -> LocationCode:
    """Our code of a warehouse: configured by its code, name or id, else its own code or name."""
    own = [row["code"], row["name"], str(_whole_id(row["id"]))]
    for name in filter(None, own):
        if text(name) in ours:
            return ours[name]
    return LocationCode(text(row["code"] or row["name"]))


def place(row: Row, code: str) -> Place:
    """A warehouse, for its position in the tree."""
    return Place(
        id=_whole_id(row["id"]),
        code=LocationCode(code),
        left=_whole_id(row["left"]),
        right=_whole_id(row["right"]),
    )


def till_position(row: Row) -> int:
    """The `left` of the stock location that a till sells out of."""
    return _whole_id(row["storage_location."]["left"])


def kind(here: Place, tills: Answer[int]) -> LocationKind:
    """A warehouse with a till is a store.

    Raises:
        ValueError: an unreadable till may stand here.
    """
    if any(here.holds(till) for till in tills.rows):
        return LocationKind.STORE
    if tills.rejected:
        raise ValueError("its kind is not known: a till cannot be read")
    return LocationKind.WAREHOUSE


def location(row: Row, code: str, tills: Answer[int] | None = None) -> Location:
    """A warehouse, for shoppers; without `tills` its kind is unknown."""
    here = place(row, code)
    services = frozenset({LocationService.PICKUP} if row["allow_pickup"] else ())
    return Location(
        code=here.code,
        name=text(row["name"]),
        kind=None if tills is None else kind(here, tills),
        address=_address(row["address."]),
        services=services,
    )


def _address(row: Row | None) -> Address:
    if row is None:
        return Address()
    country, region = row["country."], row["subdivision."]
    return Address(
        lines=tuple(line for line in (optional_text(row["street"]) or "").splitlines() if line),
        postal_code=optional_text(row["postal_code"]),
        city=optional_text(row["city"]),
        region=optional_text(region and region["name"]),
        country=None if country is None else CountryCode(text(country["code"])),
    )


def item(row: Row, code: str) -> Item:
    """A variant."""
    return Item(_whole_id(row["id"]), Sku(code))


def counted(row: Row) -> tuple[int, Decimal]:
    """The id of what was counted (or where) and how much there is, in its own unit."""
    return _whole_id(row["id"]), _quantity(row["quantity"])


def moved_item(row: Row) -> int:
    """The id of the variant that a move moves, even when the rest of it is unreadable."""
    return _whole_id(row["product"])


def move(row: Row) -> Move:
    """A planned or assigned stock move."""
    planned = plain(row["planned_date"])
    if planned is not None and type(planned) is not date:
        raise TypeError("planned_date is not a date")
    return Move(
        id=_whole_id(row["id"]),
        item=moved_item(row),
        quantity=_quantity(row["internal_quantity"]),
        source=_whole_id(row["from_location."]["left"]),
        target=_whole_id(row["to_location."]["left"]),
        planned=planned,
    )


def level(
    item: Item, place: Place, on_hand: Decimal, moves: Sequence[Move], *, as_of: datetime
) -> StockLevel:
    """What stands in the warehouse, what of it is spoken for, and what is on its way.

    Reserved are all open moves out, late ones too: Tryton's own forecast leaves those out. Parts of
    a unit cannot be sold: on hand and incoming round down, reserved rounds up.
    """
    leaving = [move.quantity for move in moves if move.leaves(place)]
    return StockLevel(
        sku=item.sku,
        location=place.code,
        on_hand=_units(on_hand, ROUND_FLOOR),
        reserved=_units(sum(leaving, Decimal()), ROUND_CEILING),
        incoming=_incoming([move for move in moves if move.enters(place)]),
        as_of=as_of,
    )


def _incoming(moves: Sequence[Move]) -> tuple[IncomingSupply, ...]:
    """One supply for each day, expected when it is over; those without a day come last."""
    days = sorted({move.planned or date.max for move in moves})
    supplies = []
    for day in days:
        total = sum((m.quantity for m in moves if (m.planned or date.max) == day), Decimal())
        when = None if day == date.max else datetime.combine(day, time(), tzinfo=UTC) + A_DAY
        supplies.append(IncomingSupply(quantity=_units(total, ROUND_FLOOR), expected_at=when))
    return tuple(supply for supply in supplies if supply.quantity > 0)


def price(
    row: Row, code: str, field: str, currency: CurrencyCode, *, as_of: datetime
) -> Price | None:
    """The price of a variant in the company's currency; None when it has none."""
    amount = plain(row[field])
    if amount is None:
        return None
    if not isinstance(amount, Decimal):
        raise TypeError(f"{field} is not a decimal")
    return Price(
        sku=Sku(code),
        amount=Money(amount, currency),
        tax_included=field.startswith("gross"),
        as_of=as_of,
    )


def company_currency(row: Row) -> CurrencyCode:
    """The currency in which a company keeps its books and prices."""
    return CurrencyCode(text(row["currency."]["code"]))


def product_code(row: Row) -> str:
    """The SKU of a variant."""
    return text(row["code"])


def text(value: Any) -> str:
    """A text that must be there."""
    if not isinstance(value, str) or not value:
        raise TypeError("a text is missing")
    return value


def optional_text(value: Any) -> str | None:
    """A text that may be missing or empty."""
    return text(value) if value else None


def _whole_id(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("a number is not whole")
    return value


def _quantity(value: Any) -> Decimal:
    if type(value) not in {int, float}:
        raise TypeError("a quantity is not a number")
    return Decimal(str(value))


def _units(quantity: Decimal, rounding: str) -> int:
    return int(quantity.quantize(EXACT).to_integral_value(rounding))
