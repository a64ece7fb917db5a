"""Where does the next page of a listing begin? After the last product, by its sort key and id."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from app.errors import InvalidInputError
from app.ports import ProductSort
from connectors.tryton.mapping import LARGEST_ID, Row, record_id
from connectors.tryton.product_mapping import sort_name

Clause = Sequence[object]


@dataclass(frozen=True, slots=True)
class Listing:
    """An order of products. Names are sorted by Tryton, in one of its languages."""

    sort: ProductSort
    language: str

    @property
    def order(self) -> Sequence[Sequence[str]]:
        """The order as Tryton takes it: ids grow with time."""
        if self.sort is ProductSort.NEWEST:
            return [("id", "DESC")]
        return [("name", "ASC"), ("id", "ASC")]

    def cursor(self, row: Row) -> str:
        """The place of a product in this listing."""
        place = [self.sort, self.language, sort_name(row), record_id(row)]
        return base64.urlsafe_b64encode(orjson.dumps(place)).decode()

    def after(self, cursor: str) -> tuple[int, Clause]:
        """The id of the product at the cursor, and the domain of everything behind it.

        Raises:
            InvalidInputError: it is not a cursor of this listing.
        """
        try:
            place = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        except (binascii.Error, UnicodeError, ValueError):
            place = None
        match place:
            case [self.sort.value, self.language, str(name), int(last)] if _is_place(name, last):
                return last, self._behind(name, last)
        raise InvalidInputError("`after` is not a cursor of this listing", argument="after")

    def _behind(self, name: str, last: int) -> Clause:
        if self.sort is ProductSort.NEWEST:
            return ("id", "<", last)
        return ["OR", ("name", ">", name), [("name", "=", name), ("id", ">", last)]]


def _is_place(name: str, last: int) -> bool:
    """Whether Tryton can be asked for what is behind it."""
    return last is not True and 0 < last <= LARGEST_ID and "\0" not in name
