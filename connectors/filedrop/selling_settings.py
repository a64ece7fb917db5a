"""What must be agreed with a partner who sells for us?"""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from connectors.filedrop.sections import Documents, Numbering

ListingColumn = Literal["sku", "place", "quantity", "price", "currency", "as_of"]
SaleColumn = Literal[
    "number", "line", "sku", "quantity", "unit_price", "line_total", "total", "currency", "state",
    "placed_at", "as_of", "ship_by", "deliver_from", "deliver_by", "marketplace", "buyer", "email",
    "name", "phone", "address", "address2", "postal_code", "city", "region", "country",
]  # fmt: skip
SaleState = Literal["PENDING", "OPEN", "CANCELLED"]
NEEDED = ("number", "sku", "quantity", "placed_at")


def _own_names() -> Mapping[ListingColumn, str]:
    names: tuple[ListingColumn, ...] = ("sku", "place", "quantity", "price", "currency", "as_of")
    return {name: name for name in names}


class Listings(Documents):
    """How our stock and prices go out.

    What is published is a file of what has changed; the first one, and one a day at `full_at` (in
    the zone of `dates`), holds all that was ever told. So does one after `full_after` files, at
    most, as the desk remembers what was told by these. `most` is of how many SKUs anything is told.
    `columns` are the headers of tables, in this order; `place` is where the goods are said to be.
    """

    prefix: str = Field(default="listing-", pattern=r"^[A-Za-z0-9_-]*$")
    numbered_by: Numbering = "supplier"
    place: str = Field(default="TESSERA", min_length=1, max_length=25)
    full_at: time | None = None
    full_after: int = Field(default=500, ge=1, le=10_000)
    most: int = Field(default=100_000, ge=1)
    columns: Mapping[ListingColumn, str] = Field(default_factory=_own_names)

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if not {"sku", "quantity"} <= self.columns.keys():
            raise ValueError("columns must name those of `sku` and `quantity`")
        if len(set(self.columns.values())) != len(self.columns):
            raise ValueError("columns must have different names")
        if self.full_at is not None and self.full_at.tzinfo is not None:
            raise ValueError("full_at is of the zone of `dates`, and has no offset of its own")
        return self

    @property
    def priced(self) -> bool:
        """Whether prices can be told."""
        return self.format == "csv" and "price" in self.columns


class Sales(Documents):
    """How orders come that the partner took for us, and how it hears of them.

    `files` are patterns of file names. `states` are the partner's words in its tables, `currency`
    counts where they have no column for it. `acknowledge`: whether the partner waits for our word
    that we have an order. `remembers` is for how long an order is known, by the date of its file.
    """

    prefix: str = Field(default="sale-", pattern=r"^[A-Za-z0-9_-]*$")
    numbered_by: Numbering = "supplier"
    files: tuple[str, ...] = Field(min_length=1)
    columns: Mapping[SaleColumn, str] = Field(default_factory=dict)
    states: Mapping[str, SaleState] = Field(default_factory=dict)
    currency: str | None = Field(default=None, pattern=r"^[A-Z]{3}$")
    acknowledge: bool = True
    remembers: timedelta = Field(default=timedelta(days=60), ge=timedelta(days=1))

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.format != "csv":
            return self
        if missing := [name for name in NEEDED if name not in self.columns]:
            raise ValueError(f"columns must name those of {', '.join(missing)}")
        if self.dates.by == "document" and "as_of" not in self.columns:
            raise ValueError("columns must name that of `as_of`, or dates be by `name`")
        if ("state" in self.columns) != bool(self.states):
            raise ValueError("a column of `state` needs `states`, and the other way round")
        if self.currency is None and "currency" not in self.columns:
            raise ValueError("say `currency`, or name its column")
        return self
