"""What did upstreams last say of spots? Levels and their news; `ledger` has the rules."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, Connection, and_, bindparam, func, or_, select, tuple_

from app.availability.model import Spot
from app.availability.tables import stock_levels
from app.ports import StockLevel
from app.store.statements import inserting
from app.values import LocationCode, Sku

OVERWRITTEN = ("source", "on_hand", "reserved", "damaged", "safety_stock", "as_of", "read_at")
MOST_ROWS = 1_000  # of one statement: each has a dozen parameters, and databases count them
_COLUMNS = select(
    *(
        func.unnest(bindparam(column.name, type_=ARRAY(column.type))).label(column.name)
        for column in stock_levels.c
    )
)


class KeptLevel(NamedTuple):
    """What the upstream's last news leave: `free` of promises, and of what is kept back."""

    free: int
    safety_stock: int


class News(NamedTuple):
    """What an upstream last said of a spot."""

    level: StockLevel
    source: str


def put_levels(connection: Connection, told: Iterable[News], *, read_at: datetime) -> None:
    """Keep news, each where it is newer than what is there; of the same age the last read."""
    newest: dict[tuple[str, str], News] = {}
    for one in told:
        spot = (one.level.sku, one.level.location)
        if spot not in newest or one.level.as_of >= newest[spot].level.as_of:
            newest[spot] = one
    # Locks are taken in one order.
    rows = [_level_row(newest[spot], read_at) for spot in sorted(newest)]
    table = stock_levels.c
    insert = inserting(connection, stock_levels)
    if connection.dialect.name == "postgresql":
        insert = insert.from_select([column.name for column in table], _COLUMNS)
    new = insert.excluded
    later = and_(new.as_of == table.as_of, new.read_at > table.read_at)
    statement = insert.on_conflict_do_update(
        index_elements=[table.sku, table.location],
        set_={name: new[name] for name in OVERWRITTEN} | {"version": table.version + 1},
        where=or_(new.as_of > table.as_of, later),
    )
    for start in range(0, len(rows), MOST_ROWS):
        some = rows[start : start + MOST_ROWS]
        if connection.dialect.name == "postgresql":  # a list for each column, not a row at a time
            lists = {column.name: [row[column.name] for row in some] for column in table}
            connection.execute(statement, lists)
        else:
            connection.execute(statement, some)


def levels(
    connection: Connection, spots: Collection[Spot], *, locked: bool = False
) -> dict[Spot, KeptLevel]:
    """What is known of spots; `locked` in one order, until the transaction ends."""
    columns = stock_levels.c
    question = (
        select(
            columns.sku,
            columns.location,
            (columns.on_hand - columns.reserved).label("free"),
            columns.safety_stock,
        )
        .where(_among(columns, spots) if locked else near(columns, spots))
        .order_by(columns.sku, columns.location)
    )
    if locked:
        question = question.with_for_update()  # SQLite has one writer and no such words
    wanted = set(spots)
    rows = ((spot_of(row), row) for row in connection.execute(question))
    return {spot: KeptLevel(row.free, row.safety_stock) for spot, row in rows if spot in wanted}


def news(connection: Connection, spots: Collection[Spot]) -> dict[Spot, News]:
    """What was last said at spots, and perhaps at others."""
    rows = connection.execute(select(stock_levels).where(near(stock_levels.c, spots)))
    return {spot_of(row): News(_told(row), row.source) for row in rows}


def near(columns: Any, spots: Collection[Spot]) -> Any:
    """At spots, and where SKUs and locations of spots meet: much shorter to say."""
    return and_(
        columns.sku.in_(sorted({spot.sku for spot in spots})),
        columns.location.in_(sorted({spot.location for spot in spots})),
    )


def spot_of(row: Any) -> Spot:
    """Of which spot a row is."""
    return Spot(Sku(row.sku), LocationCode(row.location))


def _among(columns: Any, spots: Collection[Spot]) -> Any:
    return tuple_(columns.sku, columns.location).in_([tuple(spot) for spot in sorted(spots)])


def _level_row(news: News, read_at: datetime) -> dict[str, Any]:
    level, source = news
    return {
        "sku": level.sku,
        "location": level.location,
        "source": source,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "damaged": level.damaged,
        "safety_stock": level.safety_stock,
        "as_of": level.as_of,
        "read_at": read_at,
        "version": 1,
    }


def _told(row: Any) -> StockLevel:
    return StockLevel(
        sku=Sku(row.sku),
        location=LocationCode(row.location),
        on_hand=row.on_hand,
        reserved=row.reserved,
        damaged=row.damaged,
        safety_stock=row.safety_stock,
        as_of=row.as_of,
    )
