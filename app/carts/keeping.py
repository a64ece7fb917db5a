"""What do carts keep of people, and how is it told and forgotten?"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update

from app.carts import repository
from app.carts.model import CartId
from app.carts.tables import carts, hand_overs
from app.customers.forgetting import Whose
from app.store import Work


def tell(connection: Connection, whose: Whose) -> Any:
    """The carts of a person, as JSON."""
    asked = select(carts.c.id).where(_theirs(whose))
    ids = [CartId(one) for one in connection.scalars(asked.order_by(carts.c.id))]
    long_ago = connection.scalar(select(carts.c.created_at).order_by(carts.c.created_at).limit(1))
    found = [repository.find(connection, one, now=long_ago) for one in ids if long_ago is not None]
    return [msgspec.to_builtins(cart) for cart in found if cart is not None]


def forget(work: Work, whose: Whose) -> bool:
    """Their carts belong to nobody, say nothing of a buyer or of where to, and are in no hand."""
    theirs = _theirs(whose)
    ids = select(carts.c.id).where(theirs)
    work.connection.execute(delete(hand_overs).where(hand_overs.c.cart.in_(ids)))
    work.connection.execute(
        update(carts)
        .where(theirs)
        .values(
            customer=None,
            buyer_email=None,
            compared_email=None,
            buyer_phone=None,
            buyer_country=None,
            buyer_postal_code=None,
            promises=[],
            version=carts.c.version + 1,  # whoever is about to order it has to look again
        )
    )
    return True


def _theirs(whose: Whose) -> ColumnElement[bool]:
    own = carts.c.customer.in_(sorted(whose.selves))
    address = carts.c.compared_email.in_(sorted(whose.emails))
    return or_(own, and_(carts.c.customer.is_(None), address))
