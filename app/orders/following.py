"""How is an order followed? By what is told of it, after what it is now."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, select

from app.events.model import Rows, Stream, Topic
from app.orders import repository
from app.orders.events import KINDS
from app.orders.model import Order, OrderNumber
from app.orders.refusals import OrderNotFound
from app.orders.repository import Whose
from app.orders.tables import orders
from app.values import CustomerId

PAGE = 50  # orders of one page of what there is


class Owner(NamedTuple):
    """Whose an order is, if it is anybody's."""

    customer: CustomerId | None
    partner: str | None


def _there(connection: Connection, topic: Topic, key: str) -> Rows[Order]:
    if topic.entity is not None:
        kept = repository.find(connection, OrderNumber(topic.entity))
        return Rows([] if kept is None else [kept.order])
    after = None
    if key:
        placed_at, number = orjson.loads(key)
        after = datetime.fromisoformat(placed_at), OrderNumber(number)
    whose = None if topic.party is None else Whose(partner=topic.party)
    found = repository.page(connection, first=PAGE + 1, after=after, whose=whose)
    if len(found) <= PAGE:
        return Rows(found)
    last = found[PAGE - 1]
    return Rows(found[:PAGE], orjson.dumps([last.placed_at.isoformat(), last.number]).decode())


def owner_of(connection: Connection, number: str, access: str | None) -> Owner:
    """Whose an order is; `access` is the token of a guest.

    Raises:
        OrderNotFound: there is none, or the token is of another.
    """
    asked = select(orders.c.access, orders.c.customer, orders.c.partner).where(
        orders.c.number == number
    )
    found = connection.execute(asked).one_or_none()
    if found is None:
        raise OrderNotFound
    hashed = None if access is None else sha256(access.encode()).hexdigest()
    if hashed is not None and not hmac.compare_digest(hashed, found.access):
        raise OrderNotFound
    customer = None if found.customer is None else CustomerId(found.customer)
    return Owner(customer, found.partner)


ORDERS: Stream[Order] = Stream(name="orders", kinds=KINDS, snapshot=_there)
