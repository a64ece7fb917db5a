"""How are stock and places asked, whichever system it is?"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any

from app.ports import Answer, Location, StockLevel, Wiring
from app.values import LocationCode, Sku
from connectors.sandbox.answers import Codes, Partly, joined, partly
from connectors.sandbox.wire import in_batches


class Names:
    """Our codes and the vendor's names of the same places."""

    def __init__(self, wiring: Wiring) -> None:
        self._vendor = dict(wiring.locations)
        self.codes: Codes = {name: code for code, name in wiring.locations.items()}

    def vendor(self, codes: Collection[LocationCode]) -> list[str]:
        """The vendor's names of our codes."""
        return sorted({self._vendor.get(code, str(code)) for code in codes})


async def levels(
    wiring: Wiring,
    skus: Collection[Sku],
    locations: Collection[LocationCode],
    ask: Callable[[list[Sku]], Awaitable[Answer[StockLevel]]],
) -> Answer[StockLevel]:
    """Stock in batches of SKUs, without rows that nobody asked for."""
    if not skus or not locations:
        return Answer(rows=(), as_of=wiring.now())
    found = joined(await in_batches(skus, ask), lambda level: (level.sku, level.location))
    wanted, at = set(skus), set(locations)
    asked_for = (level for level in found.rows if level.sku in wanted and level.location in at)
    return Answer(rows=tuple(asked_for), as_of=found.as_of, rejected=found.rejected)


def located(
    rows: list[Any],
    mapped: Callable[[Any, Codes], Partly[Location]],
    names: Names,
    *,
    as_of: datetime,
    called: str,
) -> Answer[Location]:
    """The places in the rows; `called` is the cell with the vendor's name of a place."""
    read = partly(
        rows, lambda row: mapped(row, names.codes), as_of=as_of, reference=lambda row: row[called]
    )
    return joined([read], lambda location: location.code)
