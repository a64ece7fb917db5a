"""How much stands in each warehouse? The conversation behind a stock level."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from app.errors import UpstreamBroken
from app.ports import Answer, StockLevel
from app.values import Sku
from connectors.kit import rows
from connectors.tryton import mapping
from connectors.tryton.mapping import Item, Move, Place
from connectors.tryton.reading import merged, read, read_coded
from connectors.tryton.rpc import Reply, Rpc, Search, together

MOVES_PER_PAGE = 1_000
MANY_TIMES = 4  # so many more warehouses than variants make it cheaper to ask by variant
MOVE_FIELDS = (
    "product",
    "internal_quantity",
    "planned_date",
    "from_location.left",
    "to_location.left",
)
STOCKED = ("type", "in", ["goods", "assets"])  # services have no stock, not a stock of zero
Spot = tuple[int, int]  # the ids of a variant and of a warehouse


@dataclass(frozen=True, slots=True)
class OpenMoves:
    """What is planned or assigned to move; `unsure` are the variants of moves nobody can read."""

    answer: Answer[Move]
    unsure: frozenset[int]

    def by_item(self) -> Mapping[int, Sequence[Move]]:
        """The moves of each variant."""
        sorted_out: defaultdict[int, list[Move]] = defaultdict(list)
        for move in self.answer.rows:
            sorted_out[move.item].append(move)
        return sorted_out


class Stock:
    """Stock by variant and warehouse."""

    def __init__(
        self, rpc: Rpc, *, moves_per_page: int = MOVES_PER_PAGE, many_times: int = MANY_TIMES
    ) -> None:
        self._rpc = rpc
        self._moves_per_page = moves_per_page
        self._many_times = many_times

    async def levels(self, skus: Sequence[Sku], places: Sequence[Place]) -> Answer[StockLevel]:
        """A level for each SKU that Tryton keeps stock of, in each warehouse."""
        search = Search(
            model="product.product", domain=[("code", "in", skus), STOCKED], fields=["code"]
        )
        reply = await self._rpc.search("products", search)
        items = read_coded(reply, mapping.product_code, mapping.item)
        if not items.rows:
            return Answer(rows=(), as_of=items.as_of, rejected=items.rejected)
        return merged([await self._levels(items.rows, places)], beside=[items])

    async def _levels(self, items: Sequence[Item], places: Sequence[Place]) -> Answer[StockLevel]:
        # Moves first: what ships in between is gone from on hand and still reserved, so that for a
        # moment we show too little and never too much.
        moves = await self._open_moves(items, places)
        counts = await self._counts(items, places)
        as_of = min(moves.answer.as_of, counts.as_of)
        on_hand, by_item = dict(counts.rows), moves.by_item()

        def level(spot: tuple[Item, Place]) -> StockLevel:
            item, place = spot
            if item.id in moves.unsure:
                raise ValueError("a stock move of it cannot be read")
            if (quantity := on_hand.get((item.id, place.id))) is None:
                raise LookupError("its quantity was not told")
            return mapping.level(item, place, quantity, by_item.get(item.id, ()), as_of=as_of)

        answer = rows.answer(
            product(items, places), level, as_of=as_of, reference=lambda spot: spot[0].id
        )
        return merged([answer], beside=[moves.answer, counts])

    async def _counts(
        self, items: Sequence[Item], places: Sequence[Place]
    ) -> Answer[tuple[Spot, Decimal]]:
        """On hand: a call for each warehouse, or for each of few variants in a long chain."""
        if len(items) * self._many_times <= len(places):
            calls = [self._in_all(item, places) for item in items]
        else:
            calls = [self._of_all(items, place) for place in places]
        return merged(await together(calls))

    async def _in_all(self, item: Item, places: Sequence[Place]) -> Answer[tuple[Spot, Decimal]]:
        domain = [("id", "in", [place.id for place in places])]
        search = Search(model="stock.location", domain=domain, fields=["quantity"])
        reply = await self._rpc.search("quantities-of-product", search, product=item.id)

        def counted(row: mapping.Row) -> tuple[Spot, Decimal]:
            place, quantity = mapping.counted(row)
            return (item.id, place), quantity

        return read(reply, counted)

    async def _of_all(self, items: Sequence[Item], place: Place) -> Answer[tuple[Spot, Decimal]]:
        domain = [("id", "in", [item.id for item in items])]
        search = Search(model="product.product", domain=domain, fields=["quantity"])
        reply = await self._rpc.search("quantities-in-warehouse", search, locations=[place.id])

        def counted(row: mapping.Row) -> tuple[Spot, Decimal]:
            item, quantity = mapping.counted(row)
            return (item, place.id), quantity

        return read(reply, counted)

    async def _open_moves(self, items: Sequence[Item], places: Sequence[Place]) -> OpenMoves:
        """Every open move of the variants into or out of the warehouses, by pages."""
        within = [place.id for place in places]
        domain = [
            ("product", "in", [item.id for item in items]),
            ("state", "in", ["draft", "assigned"]),
            [
                "OR",
                ("from_location", "child_of", within, "parent"),
                ("to_location", "child_of", within, "parent"),
            ],
        ]
        pages, last = [], 0
        while True:
            pages.append(await self._moves_after(last, domain))
            if len(pages[-1].rows()) < self._moves_per_page:
                return _read_moves(pages)
            if (highest := _highest_id(pages[-1])) <= last:
                raise UpstreamBroken("the pages of stock moves do not go on")
            last = highest

    async def _moves_after(self, last: int, domain: Sequence[object]) -> Reply:
        search = Search(
            model="stock.move",
            domain=[*domain, ("id", ">", last)],
            fields=MOVE_FIELDS,
            limit=self._moves_per_page,
        )
        return await self._rpc.search("open-moves", search)


def _highest_id(page: Reply) -> int:
    return max(read(page, mapping.record_id).rows, default=0)


def _read_moves(pages: Sequence[Reply]) -> OpenMoves:
    """A variant with a move that nobody can read would seem to have more to sell than it has."""
    whole = Reply([row for page in pages for row in page.rows()], min(p.date for p in pages))
    answer = read(whole, mapping.move)
    told = Counter(read(whole, mapping.moved_item).rows)
    readable = Counter(move.item for move in answer.rows)
    return OpenMoves(answer, frozenset(told - readable))
