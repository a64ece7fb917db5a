"""What do orders keep of people, and how is it told and forgotten?"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, null, or_, select, update

from app.customers.forgetting import Whose
from app.orders import repository
from app.orders.tables import orders
from app.store import Work

NOBODY = {"name": "", "email": "", "phone": None}


def tell(connection: Connection, whose: Whose) -> Any:
    """The orders of a person, as JSON."""
    asked = select(orders.c.number).where(_theirs(whose)).order_by(orders.c.placed_at)
    found = [repository.find(connection, number) for number in connection.scalars(asked).all()]
    return [msgspec.to_builtins(kept.order) for kept in found if kept is not None]


def forget(work: Work, whose: Whose) -> bool:
    """Their orders are nobody's; whether all are, as one in progress needs to know whose it is."""
    theirs = _theirs(whose)
    work.connection.execute(
        update(orders)
        .where(theirs, orders.c.due_at.is_(None))
        .values(
            customer=None, buyer=NOBODY, compared_email=None, address=null(), promise_token=None
        )
    )
    left = select(func.count()).select_from(orders).where(theirs)
    return not work.connection.scalar(left)


def _theirs(whose: Whose) -> ColumnElement[bool]:
    own = orders.c.customer.in_(sorted(whose.selves))
    address = orders.c.compared_email.in_(sorted(whose.emails))
    return or_(own, and_(orders.c.customer.is_(None), address))
