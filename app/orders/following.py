"""How is an order followed? By what is told of it, after what it is now."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, select

from app.events.asking import Asking
from app.events.model import Rows, Stream, Topic
from app.orders import repository
from app.orders.events import KINDS
from app.orders.model import Order, OrderNumber
from app.orders.refusals import OrderNotFound
from app.orders.repository import Whose
from app.orders.tables import orders
from app.store import Store
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


@dataclass(frozen=True, slots=True)
class Held:
    """Whose an order is, and the hash of the token of a guest."""

    owner: Owner
    access: str

    def shown(self, token: str | None) -> Owner:
        """Whose it is, to who shows a token, or none.

        Raises:
            OrderNotFound: the token is of another order.
        """
        hashed = None if token is None else sha256(token.encode()).hexdigest()
        if hashed is not None and not hmac.compare_digest(hashed, self.access):
            raise OrderNotFound
        return self.owner


def held(connection: Connection, numbers: Collection[str]) -> dict[str, Held]:
    """Whose orders are; those that are not there are left out."""
    columns = orders.c
    asked = select(columns.number, columns.access, columns.customer, columns.partner)
    found = connection.execute(asked.where(columns.number.in_(numbers)))
    return {row.number: Held(_owner(row), row.access) for row in found}


def _owner(row: Any) -> Owner:
    return Owner(None if row.customer is None else CustomerId(row.customer), row.partner)


class Holders:
    """Says whose an order is now, in one question for all who ask at about the same time."""

    def __init__(self, store: Store) -> None:
        self._asking = Asking(store, held)

    async def of(self, number: str) -> Held:
        """As it is now.

        Raises:
            OrderNotFound: there is no such order.
            StoreUnavailable: nobody can say.
        """
        if not number.isprintable():  # a database may refuse it, and with it what others ask
            raise OrderNotFound
        if (found := await self._asking.answer(number)) is None:
            raise OrderNotFound
        return found


ORDERS: Stream[Order] = Stream(name="orders", kinds=KINDS, snapshot=_there)
