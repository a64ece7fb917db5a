"""What do the desk's words mean of what a partner sells for us, and ours in its?"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from app.ports import (
    Address,
    Listing,
    MarketBuyer,
    MarketLine,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderStatus,
    Offer,
    OfferState,
    Parcel,
    PublishedOffer,
    Recipient,
    TimeWindow,
    Withheld,
)
from app.values import CountryCode, CurrencyCode, Money, Sku
from connectors.kit.cells import exact, instant, text, whole

Row = Mapping[str, Any]
T = TypeVar("T")
STATES = {
    "PENDING": MarketOrderStatus.PENDING,
    "OPEN": MarketOrderStatus.OPEN,
    "CANCELLED": MarketOrderStatus.CANCELLED,
}


def offer(told: Offer) -> Row:
    """An offer as the desk takes it."""
    price = told.price
    return {
        "sku": told.sku,
        "quantity": told.quantity,
        "price": None if price is None else f"{price.amount:f}",
        "currency": None if price is None else price.currency,
    }


def published(row: Row) -> PublishedOffer:
    """What became of an offer."""
    reason = _maybe(text, row, "refused")
    state = OfferState.ACCEPTED if reason is None else OfferState.REFUSED
    return PublishedOffer(sku=Sku(text(row, "sku")), state=state, reason=reason)


def listing(row: Row) -> Listing:
    """What was told last of a SKU."""
    quantity, price = _maybe(_units, row, "quantity"), _maybe(_amount, row, "price")
    currency = _maybe(text, row, "currency")
    if (price is None) != (currency is None):
        raise ValueError("a price without a currency, or the other way round")
    return Listing(
        sku=Sku(text(row, "sku")),
        buyable=bool(quantity),
        quantity=quantity,
        price=None if price is None else Money(price, CurrencyCode(currency or "")),
        as_of=instant(row, "as_of"),
    )


def order(row: Row) -> MarketOrder:
    """An order as the partner tells it, with what we have said of it."""
    currency = CurrencyCode(text(row, "currency"))
    lines = tuple(_line(one, currency) for one in row["lines"])
    number, waits = MarketOrderNumber(text(row, "number")), _flag(row, "waits")
    told = MarketOrder(
        number=number,
        marketplace=_maybe(text, row, "marketplace"),
        placed_at=instant(row, "placed_at"),
        changed_at=instant(row, "changed_at"),
        status=_status(text(row, "state"), lines),
        lines=lines,
        total=_total(row, lines, currency),
        buyer=_buyer(row),
        recipient=_recipient(row),
        ship_by=TimeWindow(latest=_moment(row, "ship_by")),
        deliver_by=TimeWindow(
            earliest=_moment(row, "deliver_from"), latest=_moment(row, "deliver_by")
        ),
        parts=(number,) if waits else (),
    )
    return _withheld(told)


def _line(row: Row, currency: CurrencyCode) -> MarketLine:
    unit_price, total = _maybe(_amount, row, "unit_price"), _maybe(_amount, row, "total")
    return MarketLine(
        reference=text(row, "reference"),
        sku=Sku(text(row, "sku")),
        quantity=_units(row, "quantity"),
        shipped=_units(row, "shipped"),
        unit_price=None if unit_price is None else Money(unit_price, currency),
        total=None if total is None else Money(total, currency),
        cancelled=_flag(row, "cancelled"),
    )


def _status(state: str, lines: tuple[MarketLine, ...]) -> MarketOrderStatus:
    status = STATES[state]
    if status is not MarketOrderStatus.OPEN or not any(line.shipped for line in lines):
        return status
    left = any(line.shipped < line.quantity for line in lines if not line.cancelled)
    return MarketOrderStatus.PARTLY_SHIPPED if left else MarketOrderStatus.SHIPPED


def _total(row: Row, lines: tuple[MarketLine, ...], currency: CurrencyCode) -> Money | None:
    """What is paid; where the partner does not say, what its lines come to."""
    if (told := _maybe(_amount, row, "total")) is not None:
        return Money(told, currency)
    amounts = [_paid(line) for line in lines if not line.cancelled]
    known = [amount for amount in amounts if amount is not None]
    return Money(sum(known, Decimal(0)), currency) if len(known) == len(amounts) else None


def _paid(line: MarketLine) -> Decimal | None:
    if line.total is not None:
        return line.total.amount
    return None if line.unit_price is None else line.unit_price.amount * line.quantity


def _buyer(row: Row) -> MarketBuyer | None:
    name, email = _maybe(text, row, "buyer"), _maybe(text, row, "email")
    if name is None and email is None:
        return None
    return MarketBuyer(name=name or _maybe(text, row, "name"), email=email)


def _recipient(row: Row) -> Recipient | None:
    name, lines = _maybe(text, row, "name"), tuple(row["address"])
    if name is None or not all(isinstance(line, str) for line in lines):
        return None
    country = _maybe(text, row, "country")
    return Recipient(
        name=name,
        phone=_maybe(text, row, "phone"),
        address=Address(
            lines=lines,
            postal_code=_maybe(text, row, "postal_code"),
            city=_maybe(text, row, "city"),
            region=_maybe(text, row, "region"),
            country=None if country is None else CountryCode(country),
        ),
    )


def _withheld(told: MarketOrder) -> MarketOrder:
    missing = {
        Withheld.BUYER: told.buyer is None,
        Withheld.RECIPIENT: told.recipient is None,
        Withheld.PRICES: told.total is None or any(one.unit_price is None for one in told.lines),
    }
    return replace(told, withheld=frozenset(what for what, lacks in missing.items() if lacks))


def parcel(told: Parcel) -> Row:
    """A parcel as the desk takes it; units of a line that is named twice are added up."""
    units: dict[str, int] = {}
    for line in told.lines:
        units[line.reference] = units.get(line.reference, 0) + line.quantity
    return {
        "lines": units,
        "carrier": told.carrier,
        "carrier_name": told.carrier_name or "",
        "service": told.service or "",
        "tracking": told.tracking,
        "shipped_at": told.shipped_at.isoformat(),
    }


def _units(row: Row, name: str) -> int:
    if (value := whole(row, name)) < 0:
        raise ValueError(f"{name}: negative")
    return value


def _amount(row: Row, name: str) -> Decimal:
    if (value := exact(row, name)) < 0:
        raise ValueError(f"{name}: negative")
    return value


def _flag(row: Row, name: str) -> bool:
    if not isinstance(value := row[name], bool):
        raise TypeError(f"{name}: neither true nor false")
    return value


def _moment(row: Row, name: str) -> datetime | None:
    return _maybe(instant, row, name)


def _maybe(read: Callable[[Row, str], T], row: Row, name: str) -> T | None:
    return None if row[name] is None else read(row, name)
