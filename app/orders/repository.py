"""How are orders fetched and kept? It decides nothing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from app.orders import rows
from app.orders.model import Order, OrderNumber, OrderState
from app.orders.tables import handings, order_lines, orders, payments
from app.store.statements import inserting
from app.values import CustomerId

LATEST_FIRST = (orders.c.placed_at.desc(), orders.c.number.desc())
LINES_OF_PART = and_(
    order_lines.c.order == handings.c.order, order_lines.c.part == handings.c.place
)
WHOLE = (
    orders.join(handings, handings.c.order == orders.c.number)
    .join(order_lines, LINES_OF_PART, isouter=True)
    .join(payments, payments.c.order == orders.c.number, isouter=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Under what an order was asked for, in hashes; it is due when nobody has taken it by then.

    `leased`: who keeps it has its lease until then.
    """

    asked: str
    digest: str
    access: str
    due_at: datetime
    leased: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may act for an order: whoever has its highest fence, until the time is over.

    `attempts` came to nothing before.
    """

    number: OrderNumber
    fence: int
    until: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An order and what stands beside it; the `lease`, where it was taken with it."""

    order: Order
    digest: str
    access: str
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose orders are looked for: by hashes of tokens, who bought them, or who sold them."""

    access: frozenset[str] = frozenset()
    customers: frozenset[CustomerId] = frozenset()
    partner: str | None = None


def add(connection: Connection, order: Order, asked: Asked) -> bool:
    """Keep a new order; False when it was asked for before, and nothing is written."""
    insert = inserting(connection, orders).values(
        number=order.number,
        asked=asked.asked,
        digest=asked.digest,
        access=asked.access,
        due_at=asked.due_at,
        leased_until=asked.due_at if asked.leased else None,
        fence=int(asked.leased),
        attempts=0,
        **rows.agreed(order),
    )
    new = insert.on_conflict_do_nothing(index_elements=[orders.c.asked])
    if connection.execute(new.returning(orders.c.number)).first() is None:
        return False
    if order.charge is not None:
        connection.execute(
            payments.insert(), [{"order": order.number, **rows.charge_row(order.charge)}]
        )
    _add_parts(connection, order, since=0)
    return True


def find(connection: Connection, number: OrderNumber) -> Kept | None:
    """An order by its number; none has one with U+0000 in it, which not every database takes."""
    return None if "\0" in number else _one(connection, orders.c.number == number)


def several(connection: Connection, numbers: Collection[OrderNumber]) -> list[Order]:
    """Orders by their numbers, the latest first."""
    return [kept.order for kept in _read(connection, orders.c.number.in_(sorted(numbers)))]


def find_asked(connection: Connection, asked: str) -> Kept | None:
    """An order by the hash of who asked for it under which key."""
    return _one(connection, orders.c.asked == asked)


def page(
    connection: Connection,
    *,
    first: int,
    after: tuple[datetime, OrderNumber] | None = None,
    states: Collection[OrderState] = (),
    whose: Whose | None = None,
) -> list[Order]:
    """Orders, the latest first, in one question; all, or those that are somebody's."""
    numbers = select(orders.c.number).order_by(*LATEST_FIRST)
    if after is not None:
        numbers = numbers.where(tuple_(orders.c.placed_at, orders.c.number) < tuple_(*after))
    if states:
        numbers = numbers.where(orders.c.state.in_([str(state) for state in states]))
    if whose is not None:
        numbers = numbers.where(_theirs(whose))
    return [kept.order for kept in _read(connection, orders.c.number.in_(numbers.limit(first)))]


def referred(connection: Connection, partner: str, reference: str) -> OrderNumber | None:
    """The order of a partner that it calls so."""
    asked = select(orders.c.number).where(
        orders.c.partner == partner, orders.c.reference == reference
    )
    number = connection.execute(asked).scalar_one_or_none()
    return None if number is None else OrderNumber(number)


def bought(
    connection: Connection, customers: Collection[CustomerId], *, until: datetime, most: int
) -> list[Order]:
    """What these customers ordered at `until` or before, the latest first."""
    numbers = select(orders.c.number).where(
        orders.c.customer.in_(sorted(customers)), orders.c.placed_at <= until
    )
    numbers = numbers.order_by(*LATEST_FIRST).limit(most)
    return [kept.order for kept in _read(connection, orders.c.number.in_(numbers))]


def numbers_of(
    connection: Connection, customers: Collection[CustomerId], numbers: Collection[str]
) -> set[OrderNumber]:
    """Which of these orders are those customers'."""
    asked = select(orders.c.number).where(
        orders.c.customer.in_(sorted(customers)), orders.c.number.in_(sorted(numbers))
    )
    return set(connection.scalars(asked))


def claim(connection: Connection, *, now: datetime, until: datetime, most: int) -> list[Lease]:
    """Take the leases of orders for which something is due and nobody is at it."""
    due = (
        _due(now)
        .order_by(orders.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)  # SQLite has one writer and no such words
    )
    numbers = connection.execute(due).scalars().all()
    return _leased(connection, orders.c.number.in_(numbers), until) if numbers else []


def tried(connection: Connection, numbers: Collection[OrderNumber]) -> None:
    """Write that these orders are about to be handed over; that is not told."""
    new = update(handings).where(handings.c.order.in_(sorted(numbers)), handings.c.tried.is_(False))
    connection.execute(new.values(tried=True))


def put_off(connection: Connection, numbers: Collection[OrderNumber], *, at: datetime) -> None:
    """Let go of orders that nothing can be done for before then."""
    mine = update(orders).where(orders.c.number.in_(sorted(numbers)))
    connection.execute(mine.values(due_at=at, leased_until=None))


def readable(
    connection: Connection, numbers: Sequence[OrderNumber]
) -> tuple[list[Order], list[OrderNumber]]:
    """Orders by their numbers, the latest first, and those among these that we fail at."""
    try:
        return several(connection, numbers), []
    except SQLAlchemyError:  # it is the store that fails
        raise
    except Exception:  # noqa: BLE001  one order must not stop the others
        if len(numbers) == 1:
            return [], list(numbers)
    each = [readable(connection, [one]) for one in numbers]
    return [one for some, _ in each for one in some], [one for _, some in each for one in some]


def any_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is anything to take."""
    return connection.execute(_due(now).limit(1)).first() is not None


def take(
    connection: Connection, number: OrderNumber, now: datetime, until: datetime
) -> tuple[Lease, Order] | None:
    """The lease of one order; None while somebody else has it."""
    free = or_(orders.c.leased_until.is_(None), orders.c.leased_until <= now)
    taken = _leased(connection, and_(orders.c.number == number, free), until)
    return (taken[0], several(connection, [number])[0]) if taken else None


def lock(connection: Connection, number: OrderNumber) -> tuple[Kept, int] | None:
    """An order and its fence, as they stay until the transaction ends."""
    question = select(orders.c.fence).where(orders.c.number == number).with_for_update()
    fence = connection.execute(question).scalar_one_or_none()
    # Only now: what is read in the question that waits for the lock may be old.
    return None if fence is None else (_read(connection, orders.c.number == number)[0], fence)


def save(connection: Connection, before: Order, after: Order, **more: Any) -> None:
    """Keep what has changed of an order: its state, its payment, its parts; and `more` of it."""
    changed = update(orders).where(orders.c.number == after.number)
    connection.execute(changed.values(state=after.state, reason=after.reason, **more))
    if after.charge is not None and after.charge != before.charge:
        paid = update(payments).where(payments.c.order == after.number)
        connection.execute(paid.values(**rows.charge_row(after.charge)))
    known = len(before.handings)
    for place, (was, handing) in enumerate(
        zip(before.handings, after.handings[:known], strict=True)
    ):
        if was != handing:
            at = (handings.c.order == after.number) & (handings.c.place == place)
            connection.execute(update(handings).where(at).values(**rows.handing_row(handing)))
    if len(after.handings) > known:
        _add_parts(connection, after, since=known)


def let_go(
    connection: Connection, lease: Lease, state: OrderState, at: datetime | None, *, attempts: int
) -> bool:
    """End a lease; False when it is lost, or the order is in another state by now."""
    mine = and_(
        orders.c.number == lease.number, orders.c.fence == lease.fence, orders.c.state == state
    )
    gone = update(orders).where(mine)
    ended = connection.execute(gone.values(due_at=at, leased_until=None, attempts=attempts))
    return bool(ended.rowcount)


def _add_parts(connection: Connection, order: Order, *, since: int) -> None:
    connection.execute(handings.insert(), list(rows.handing_rows(order, since=since)))
    connection.execute(order_lines.insert(), list(rows.line_rows(order, since=since)))


def _leased(connection: Connection, which: Any, until: datetime) -> list[Lease]:
    taken = update(orders).where(which)
    values = taken.values(leased_until=until, due_at=until, fence=orders.c.fence + 1)
    told = values.returning(orders.c.number, orders.c.fence, orders.c.attempts)
    return [
        Lease(OrderNumber(number), fence, until, attempts)
        for number, fence, attempts in connection.execute(told)
    ]


def _theirs(whose: Whose) -> ColumnElement[bool]:
    if whose.partner is not None:
        return orders.c.partner == whose.partner
    by_token = orders.c.access.in_(sorted(whose.access))
    return or_(by_token, orders.c.customer.in_(sorted(whose.customers)))


def _due(now: datetime) -> Select[Any]:
    free = or_(orders.c.leased_until.is_(None), orders.c.leased_until <= now)
    return select(orders.c.number).where(and_(orders.c.due_at <= now, free))


def _one(connection: Connection, where: Any) -> Kept | None:
    return next(iter(_read(connection, where)), None)


def _read(connection: Connection, where: Any) -> list[Kept]:
    """Orders with all that belongs to them, the latest first."""
    question = select(*rows.READ).select_from(WHOLE).where(where)
    found = connection.execute(
        question.order_by(*LATEST_FIRST, handings.c.place, order_lines.c.line)
    )
    orders_ = (list(lines) for _, lines in groupby(found, key=lambda row: row.number))
    return [
        Kept(order=rows.order_of(one), digest=one[0].digest, access=one[0].access)
        for one in orders_
    ]
