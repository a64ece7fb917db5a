"""How much may somebody want of a cart? What nobody can buy is refused before anything is asked."""

from collections.abc import Sequence

from app.carts.refusals import InvalidCartInput
from app.values import Sku

MOST_LINES = 100
MOST_UNITS = 9_999  # of one line


def units_of(items: Sequence[tuple[Sku, int]]) -> dict[Sku, int]:
    """How many of each SKU are wanted.

    Raises:
        InvalidCartInput: nothing, or a number that nobody can buy.
    """
    some(items)
    units: dict[Sku, int] = {}
    for place, (sku, quantity) in enumerate(items):
        countable(quantity, place)
        units[sku] = units.get(sku, 0) + quantity
    return units


def countable(quantity: int, place: int, field: str = "lines") -> None:
    """Refuse a number of units that nobody can buy."""
    if not 1 <= quantity <= MOST_UNITS:
        raise InvalidCartInput(
            f"quantity is between 1 and {MOST_UNITS:,}.", path=(field, str(place), "quantity")
        )


def some(items: Sequence[object], field: str = "lines") -> None:
    """Refuse a list that is empty, or longer than a cart."""
    if not 1 <= len(items) <= MOST_LINES:
        raise InvalidCartInput(f"{field} has between 1 and {MOST_LINES} items.", path=(field,))
