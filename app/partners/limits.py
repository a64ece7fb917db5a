"""How much more may a partner sell? What it has sold, against the most that it may."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from app.errors import Refusal
from app.settings.partnering import Limits
from app.values import Sku


class Limit(StrEnum):
    """What is limited."""

    OPEN_UNITS = "OPEN_UNITS"
    UNITS_A_DAY = "UNITS_A_DAY"
    ORDERS_A_DAY = "ORDERS_A_DAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What a partner has sold: orders, and units by SKU, that are open and of today.

    Orders of today count even if they were cancelled; units of those do not.
    """

    orders_open: int = 0
    orders_today: int = 0
    units_open: Mapping[Sku, int] = field(default_factory=dict)
    units_today: Mapping[Sku, int] = field(default_factory=dict)


class AllocationLimitExceeded(Refusal):
    """The partner would sell more than it may; `sku` None: it is about orders."""

    code = "ALLOCATION_LIMIT_EXCEEDED"

    def __init__(self, limit: Limit, *, sku: Sku | None, most: int, used: int, asked: int) -> None:
        super().__init__(
            "That is more than may be sold: wait for the next day, or for open orders."
        )
        self.limit = limit
        self.sku = sku
        self.most = most
        self.used = used
        self.asked = asked


def day_of(now: datetime) -> datetime:
    """When the day began, in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def left(limits: Limits, sold: Sold, sku: Sku) -> int | None:
    """Units of a SKU that may still be sold; None where nothing limits them."""
    if limits.orders_a_day is not None and sold.orders_today >= limits.orders_a_day:
        return 0
    room = [most - used for _, most, used in _of_units(limits, sold, sku)]
    return max(0, min(room)) if room else None


def checked(limits: Limits, sold: Sold, asked: Mapping[Sku, int]) -> None:
    """See that one more order stays within the limits.

    Raises:
        AllocationLimitExceeded: it does not.
    """
    most = limits.orders_a_day
    if most is not None and sold.orders_today >= most:
        raise AllocationLimitExceeded(
            Limit.ORDERS_A_DAY, sku=None, most=most, used=sold.orders_today, asked=1
        )
    for sku, units in asked.items():
        for limit, most, used in _of_units(limits, sold, sku):
            if used + units > most:
                raise AllocationLimitExceeded(limit, sku=sku, most=most, used=used, asked=units)


def _of_units(limits: Limits, sold: Sold, sku: Sku) -> list[tuple[Limit, int, int]]:
    told = (
        (Limit.OPEN_UNITS, limits.open_units, sold.units_open.get(sku, 0)),
        (Limit.UNITS_A_DAY, limits.units_a_day, sold.units_today.get(sku, 0)),
    )
    return [(limit, most, used) for limit, most, used in told if most is not None]
