"""How is an order followed? By what is told of it, after what it is now."""

from datetime import datetime

import orjson
from sqlalchemy import Connection

from app.events.model import Rows, Stream
from app.orders import repository
from app.orders.events import KINDS
from app.orders.model import Order, OrderNumber

PAGE = 50  # orders of one page of what there is


def _there(connection: Connection, entity: str | None, key: str) -> Rows[Order]:
    if entity is not None:
        kept = repository.find(connection, OrderNumber(entity))
        return Rows([] if kept is None else [kept.order])
    after = None
    if key:
        placed_at, number = orjson.loads(key)
        after = datetime.fromisoformat(placed_at), OrderNumber(number)
    found = repository.page(connection, first=PAGE + 1, after=after)
    if len(found) <= PAGE:
        return Rows(found)
    last = found[PAGE - 1]
    return Rows(found[:PAGE], orjson.dumps([last.placed_at.isoformat(), last.number]).decode())


ORDERS: Stream[Order] = Stream(name="orders", kinds=KINDS, snapshot=_there)
