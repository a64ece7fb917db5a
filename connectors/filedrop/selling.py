"""What do files say about what a partner sells for us, whatever their form?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from connectors.filedrop.documents import Mistake, Unreadable, named
from connectors.filedrop.selling_settings import SaleState

LONGEST_NUMBER = 80  # characters of an order's number
LONGEST_TEXT = 300  # characters of a line of an address and the like
MOST_LINES = 1_000  # of one order
DIGITS = 12  # before the decimal mark of an amount


class Offered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is offered of a SKU, as of when; the amount is a decimal number as text."""

    sku: str
    quantity: int | None = None
    price: str | None = None
    currency: str | None = None
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What goes out at once, in the place `number` of all that ever did; `full`: that is all."""

    number: int
    full: bool
    at: datetime
    offers: tuple[Offered, ...]


class SaleLine(NamedTuple):
    """Units of a SKU that were sold; amounts are decimal numbers as text."""

    reference: str
    sku: str
    quantity: int
    unit_price: str | None = None
    total: str | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order that the partner took for us. It holds personal data."""

    number: str
    placed_at: datetime
    currency: str
    lines: tuple[SaleLine, ...]
    state: SaleState = "OPEN"
    total: str | None = None
    marketplace: str | None = None
    buyer: str | None = None
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    ship_by: datetime | None = None
    deliver_from: datetime | None = None
    deliver_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """That an order is not wanted any more; or these lines of it, where some are named."""

    number: str
    lines: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleList:
    """What one file says of orders. `as_of` and `sequence` are as it says within, if it does."""

    sales: tuple[Sale | Withdrawal, ...]
    mistakes: tuple[Mistake, ...] = ()
    as_of: datetime | None = None
    sequence: int = 0


class Packed(NamedTuple):
    """Units of a line of an order that are in a parcel."""

    reference: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """That we have the order `of`. `number` is our key of this word."""

    number: str
    of: str
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Despatch:
    """That a parcel of the order `of` has left. `number` is our key of this word."""

    number: str
    of: str
    told_at: datetime
    lines: tuple[Packed, ...]
    carrier: str
    carrier_name: str
    service: str
    tracking: str
    shipped_at: datetime


Word = Acceptance | Despatch


def amount(said: str, decimal: str = ".") -> str:
    """An amount of money as it is written: a decimal number, none below zero.

    Raises:
        ValueError: it is none.
    """
    whole, point, rest = said.strip().partition(decimal)
    if not (whole + rest).isascii() or not whole.isdigit() or (point and not rest.isdigit()):
        raise ValueError("is not an amount")
    if len(whole) > DIGITS or len(rest) > DIGITS:
        raise ValueError("is too large a number")
    return f"{Decimal(f'{whole}.{rest}' if rest else whole):f}"


def order_number(said: str) -> str:
    """The number of an order.

    Raises:
        ValueError: it is none, or too long.
    """
    number = named(said)
    if len(number) > LONGEST_NUMBER:
        raise ValueError(f"is longer than {LONGEST_NUMBER} characters")
    return number


def currency(said: str) -> str:
    """A currency: three letters, as ISO 4217 has them.

    Raises:
        ValueError: it is no code of one.
    """
    return _code(said, 3, "is no currency")


def country(said: str) -> str:
    """A country: two letters, as ISO 3166 has them.

    Raises:
        ValueError: it is no code of one.
    """
    return _code(said, 2, "is no country")


def _code(said: str, letters: int, wrong: str) -> str:
    code = said.strip()
    if len(code) != letters or not (code.isascii() and code.isalpha() and code.isupper()):
        raise ValueError(wrong)
    return code


def free_text(said: str) -> str:
    """What somebody wrote, on one line.

    Raises:
        ValueError: it is longer than anybody's name or street.
    """
    text = " ".join("".join(one if one.isprintable() else " " for one in said).split())
    if len(text) > LONGEST_TEXT:
        raise ValueError("is too long")
    return text


def pieces(units: int) -> int:
    """How many were ordered.

    Raises:
        ValueError: none, or fewer.
    """
    if units < 1:
        raise ValueError("is not one or more")
    return units


def checked(lines: Iterable[SaleLine], at: Mistake) -> tuple[SaleLine, ...]:
    """The lines of an order, which are there and each of another name.

    Raises:
        Unreadable: they are not; the mistake is told where `at` is.
    """
    found = tuple(lines)
    references = [line.reference for line in found]
    if not found:
        raise Unreadable(at._replace(wrong=f"{at.wrong}has no lines"))
    if len(found) > MOST_LINES:
        raise Unreadable(at._replace(wrong=f"{at.wrong}has more than {MOST_LINES} lines"))
    if len(set(references)) != len(references):
        raise Unreadable(at._replace(wrong=f"{at.wrong}has two lines of one name"))
    return found


def sale_list(
    read: Iterable[tuple[Sale | Withdrawal, Mistake]],
    mistakes: list[Mistake],
    *,
    as_of: datetime | None,
    sequence: int = 0,
) -> SaleList:
    """The orders of a file, each with where it stands; two of one number are a mistake."""
    found = list(read)
    told: dict[str, Sale] = {}
    for sale, at in found:
        if isinstance(sale, Sale) and told.setdefault(sale.number, sale) != sale:
            mistakes.append(at._replace(wrong=f"{at.wrong}told before with other words"))
    sales = tuple(sale for sale, _ in found)
    return SaleList(sales=sales, mistakes=tuple(mistakes), as_of=as_of, sequence=sequence)


def is_gtin(said: str) -> bool:
    """Whether it is a number of a trade item, check digit and all."""
    if len(said) not in {8, 12, 13, 14} or not (said.isascii() and said.isdigit()):
        return False
    weighed = zip(reversed(said[:-1]), (3, 1) * 7, strict=False)
    return (sum(int(digit) * weight for digit, weight in weighed) + int(said[-1])) % 10 == 0
