"""How much has a partner sold? Counted where its orders are kept."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from app.orders.model import OVER, HandingState, OrderState
from app.orders.tables import handings, order_lines, orders
from app.partners.limits import Sold, day_of
from app.partners.terms import Terms
from app.values import Sku

GIVEN_BACK = frozenset({OrderState.REFUSED, OrderState.CANCELLED})
PART = and_(handings.c.order == order_lines.c.order, handings.c.place == order_lines.c.part)
LINES = order_lines.join(orders, orders.c.number == order_lines.c.order).join(handings, PART)


def sold(
    connection: Connection, terms: Terms, now: datetime, skus: Collection[Sku] | None = None
) -> Sold:
    """What a partner has sold as of now; of some SKUs, or of all."""
    mine, today = orders.c.partner == terms.name, orders.c.placed_at >= day_of(now)
    since = orders.c.placed_at >= now - terms.told.limits.open_for
    still_open = and_(mine, since, orders.c.state.not_in(sorted(OVER)))
    kept = and_(mine, today, orders.c.state.not_in(sorted(GIVEN_BACK)))
    return Sold(
        orders_open=_count(connection, still_open),
        orders_today=_count(connection, and_(mine, today)),
        units_open=_units(connection, still_open, skus),
        units_today=_units(connection, kept, skus),
    )


def _count(connection: Connection, which: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(orders).where(which)
    return int(connection.execute(counted).scalar_one())


def _units(
    connection: Connection, which: ColumnElement[bool], skus: Collection[Sku] | None
) -> Mapping[Sku, int]:
    """By SKU; what is carried out by another part instead is not counted twice."""
    lines: Any = order_lines.c
    total = func.sum(lines.quantity)
    live = handings.c.state != HandingState.REPLACED
    asked = select(lines.sku, total).select_from(LINES).where(which, live).group_by(lines.sku)
    if skus is not None:
        asked = asked.where(lines.sku.in_(sorted(skus)))
    return {Sku(sku): int(units) for sku, units in connection.execute(asked)}
