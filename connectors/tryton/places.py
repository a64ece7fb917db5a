"""Which warehouses are there, what are they called here, and which are stores?"""

from collections.abc import Mapping

from app.ports import Answer, Location
from app.values import LocationCode
from connectors.tryton import mapping
from connectors.tryton.mapping import Place, Row
from connectors.tryton.reading import merged, read, read_coded
from connectors.tryton.rpc import Rpc, Search, together

NAMED = ("code", "name", "left", "right")
DESCRIBED = (
    *NAMED,
    "allow_pickup",
    "address.street",
    "address.postal_code",
    "address.city",
    "address.subdivision.name",
    "address.country.code",
)
ARE_WAREHOUSES = (("type", "=", "warehouse"),)
WAREHOUSES = Search(model="stock.location", domain=ARE_WAREHOUSES, fields=NAMED)
ADDRESSES = Search(model="stock.location", domain=ARE_WAREHOUSES, fields=DESCRIBED)
TILLS = Search(model="sale.point", fields=("storage_location.left",))


class Places:
    """The warehouses of one database, under our codes."""

    def __init__(
        self, rpc: Rpc, locations: Mapping[LocationCode, str], *, with_tills: bool
    ) -> None:
        self._rpc = rpc
        self._ours = {theirs: ours for ours, theirs in locations.items()}
        self._with_tills = with_tills

    async def warehouses(self) -> Answer[Place]:
        """Every warehouse, for asking about its stock. One call."""
        reply = await self._rpc.search("warehouses", WAREHOUSES)
        return read_coded(reply, self._code, mapping.place)

    async def locations(self) -> Answer[Location]:
        """Every warehouse, for shoppers. Two calls; one where no tills are kept."""
        if not self._with_tills:
            reply = await self._rpc.search("locations", ADDRESSES)
            return read_coded(reply, self._code, mapping.location)
        found, sold_at = await together(
            (self._rpc.search("locations", ADDRESSES), self._rpc.search("tills", TILLS))
        )
        tills = read(sold_at, mapping.till_position)
        answer = read_coded(found, self._code, lambda row, code: mapping.location(row, code, tills))
        return merged([answer], beside=[tills])

    def _code(self, row: Row) -> str:
        return mapping.location_code(row, self._ours)
