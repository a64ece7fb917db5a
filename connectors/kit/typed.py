"""Does every row have the vendor's shape? Answers decoded and checked in one go.

A connector that says the shape of its vendor's rows as structures reads them several times cheaper
than cell by cell. Only an answer that holds something else is looked at row by row, so that one
bad row never hides the good ones.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

from app.errors import UpstreamBroken
from app.ports import RejectedRow, WireResponse
from connectors.kit.rows import REASON_LENGTH, json_body

D = TypeVar("D", bound=Struct)
T = TypeVar("T")


class Typed(Generic[D]):
    """Reads answers of one shape.

    `whole` is a structure with a list of rows at `at`, `loose` the same with rows of any kind, and
    `row` the structure of a row; `reference` names a row that does not fit by its plain JSON.
    """

    def __init__(
        self,
        whole: type[D],
        *,
        loose: Any,
        row: type[Any],
        at: str,
        reference: Callable[[Any], object],
    ) -> None:
        self._whole = Decoder(whole)
        self._loose = Decoder(loose)
        self._row = Decoder(row)
        self._at, self._rows = at, attrgetter(at)
        self._reference = reference

    def read(self, response: WireResponse) -> tuple[D, tuple[RejectedRow, ...]]:
        """The answer without the rows that do not fit, and these.

        Raises:
            UpstreamBroken: the answer is not JSON, or has another shape.
        """
        try:
            return self._whole.decode(response.body), ()
        except ValueError:
            json_body(response)  # tells of what is no JSON at all
            return self._row_by_row(response)

    def raw(self, response: WireResponse) -> D:
        """The answer with its rows as they were written: for `row`, one by one.

        Raises:
            UpstreamBroken: the answer is not JSON, or has another shape.
        """
        try:
            return cast("D", self._loose.decode(response.body))
        except ValueError as error:
            json_body(response)  # as above
            raise UpstreamBroken(f"the answer has another shape: {error}") from error

    def row(self, raw: Raw) -> Any:
        """A row.

        Raises:
            ValueError: it has another shape.
        """
        return self._row.decode(raw)

    def named(self, raw: Raw) -> str:
        """What a row goes by, whatever shape it has."""
        try:
            return str(self._reference(PLAIN.decode(raw)))
        except (LookupError, TypeError, ValueError, AttributeError):
            return "?"

    def _row_by_row(self, response: WireResponse) -> tuple[D, tuple[RejectedRow, ...]]:
        found = self.raw(response)
        good, rejected = [], []
        for raw in self._rows(found):
            try:
                good.append(self.row(raw))
            except ValidationError as error:
                rejected.append(RejectedRow(self.named(raw), str(error)[:REASON_LENGTH]))
        setattr(found, self._at, good)
        return found, tuple(rejected)


PLAIN = Decoder()
