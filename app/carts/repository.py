"""What is written of carts? Fetches and keeps; decides nothing but who has expired."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, insert, select, update

from app.availability import ledger
from app.carts.buyers import Buyer
from app.carts.model import (
    Cart,
    CartHold,
    CartId,
    CartPromise,
    CartStatus,
    HeldUnits,
    Line,
    Snapshot,
)
from app.carts.tables import cart_lines, carts, hand_overs
from app.ports import compared_email
from app.pricing.model import Standing
from app.store.statements import inserting
from app.values import ChannelCode, CountryCode, CurrencyCode, CustomerId, Discount, Money, Sku


def find(connection: Connection, cart: CartId, *, now: datetime) -> Cart | None:
    """A cart as it is now; None where there is none, or it has expired."""
    row = connection.execute(_living({cart}, now)).one_or_none()
    return None if row is None else _cart(connection, row, now)


def lock(connection: Connection, ids: Collection[CartId], *, now: datetime) -> dict[CartId, Cart]:
    """Carts that nobody else changes until the transaction ends; locked in one order."""
    rows = connection.execute(_living(ids, now).order_by(carts.c.id).with_for_update()).all()
    return {CartId(row.id): _cart(connection, row, now) for row in rows}


def add(connection: Connection, cart: Cart) -> None:
    """Write a new cart."""
    connection.execute(insert(carts), [_row(cart)])
    _put_lines(connection, cart)


def put(connection: Connection, cart: Cart, *, lines: bool) -> None:
    """Write a cart as it is now; its `lines` too, if they have changed."""
    row = _row(cart)
    connection.execute(update(carts).where(carts.c.id == row.pop("id")).values(row))
    if lines:
        connection.execute(delete(cart_lines).where(cart_lines.c.cart == cart.id))
        _put_lines(connection, cart)


def close(connection: Connection, cart: CartId, version: int, *, order: str, now: datetime) -> bool:
    """Write that an open cart of this version is bought; False where there is none, untouched."""
    columns = carts.c
    mine = update(carts).where(
        columns.id == cart,
        columns.version == version,
        columns.status == CartStatus.OPEN.value,
        columns.expires_at > now,
    )
    bought = {"status": CartStatus.ORDERED.value, "order": order}
    closed = mine.values(**bought, version=version + 1, updated_at=now)
    return bool(connection.execute(closed).rowcount)


def put_code(
    connection: Connection, cart: CartId, selector: str, hashed: str, *, until: datetime
) -> None:
    """Write a code in the place of the cart's others, and of an old one that began the same."""
    connection.execute(delete(hand_overs).where(hand_overs.c.cart == cart))
    row = {"selector": selector, "hashed": hashed, "cart": cart, "failures": 0, "expires_at": until}
    statement = inserting(connection, hand_overs).values(row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[hand_overs.c.selector], set_=row)
    )


def find_code(connection: Connection, selector: str, *, locked: bool = False) -> Any | None:
    """The code that begins like this: `hashed`, `cart`, `failures`, `expires_at`."""
    question = select(hand_overs).where(hand_overs.c.selector == selector)
    row = connection.execute(question.with_for_update() if locked else question)
    return row.one_or_none()


def count_failure(connection: Connection, selector: str) -> None:
    """Write that somebody tried a code and did not know it."""
    found = update(hand_overs).where(hand_overs.c.selector == selector)
    connection.execute(found.values(failures=hand_overs.c.failures + 1))


def drop_code(connection: Connection, selector: str) -> None:
    """Forget a code."""
    connection.execute(delete(hand_overs).where(hand_overs.c.selector == selector))


def holder_of(cart: CartId) -> str:
    """The name a cart's holds go by."""
    return f"cart:{cart}"


def _living(ids: Collection[CartId], now: datetime) -> Select[Any]:
    return select(carts).where(carts.c.id.in_(sorted(ids)), carts.c.expires_at > now)


def _cart(connection: Connection, row: Any, now: datetime) -> Cart:
    id_ = CartId(row.id)
    lines = connection.execute(
        select(cart_lines).where(cart_lines.c.cart == id_).order_by(cart_lines.c.number)
    )
    return Cart(
        id=id_,
        channel=ChannelCode(row.channel),
        currency=CurrencyCode(row.currency),
        status=CartStatus(row.status),
        version=row.version,
        lines=tuple(_line(line) for line in lines),
        last_line=row.last_line,
        buyer=_buyer(row),
        customer=row.customer and CustomerId(row.customer),
        merged_into=row.merged_into and CartId(row.merged_into),
        order=row.order,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        points=row.points,
        hold=_hold(ledger.hold_of(connection, holder_of(id_), now=now), row),
        promises=msgspec.convert(row.promises, tuple[CartPromise, ...]),
        codes=tuple(row.codes),
        standing=msgspec.convert(row.standing, Standing),
    )


def _line(row: Any) -> Line:
    return Line(
        number=row.number,
        sku=Sku(row.sku),
        quantity=row.quantity,
        price=Snapshot(
            amount=Money(Decimal(row.amount), CurrencyCode(row.currency)),
            tax_included=row.tax_included,
            as_of=row.price_as_of,
            taken_at=row.price_taken_at,
            price_list=row.price_list,
            categories=tuple(row.categories),
        ),
        discounts=msgspec.convert(row.discounts, tuple[Discount, ...]),
    )


def _buyer(row: Any) -> Buyer | None:
    buyer = Buyer(
        email=row.buyer_email,
        phone=row.buyer_phone,
        country=row.buyer_country and CountryCode(row.buyer_country),
        postal_code=row.buyer_postal_code,
    )
    return None if buyer == Buyer() else buyer


def _hold(hold: ledger.Hold | None, row: Any) -> CartHold | None:
    if hold is None:
        return None
    units = msgspec.convert(row.held, tuple[HeldUnits, ...]) or tuple(
        HeldUnits(sku=spot.sku, location=spot.location, quantity=quantity)
        for spot, quantity in sorted(hold.demand.items())
    )
    return CartHold(fence=hold.fence, expires_at=hold.expires_at, units=units, points=row.points)


def _row(cart: Cart) -> dict[str, Any]:
    buyer = cart.buyer or Buyer()
    return {
        "id": cart.id,
        "channel": cart.channel,
        "currency": cart.currency,
        "status": cart.status.value,
        "version": cart.version,
        "last_line": cart.last_line,
        "buyer_email": buyer.email,
        "compared_email": compared_email(buyer.email),
        "buyer_phone": buyer.phone,
        "buyer_country": buyer.country,
        "buyer_postal_code": buyer.postal_code,
        "customer": cart.customer,
        "points": cart.points,
        "merged_into": cart.merged_into,
        "order": cart.order,
        "held": [] if cart.hold is None else msgspec.to_builtins(cart.hold.units),
        "promises": msgspec.to_builtins(cart.promises),
        "codes": list(cart.codes),
        "standing": msgspec.to_builtins(cart.standing),
        "created_at": cart.created_at,
        "updated_at": cart.updated_at,
        "expires_at": cart.expires_at,
    }


def _put_lines(connection: Connection, cart: Cart) -> None:
    if cart.lines:
        connection.execute(insert(cart_lines), [_line_row(cart, line) for line in cart.lines])


def _line_row(cart: Cart, line: Line) -> dict[str, Any]:
    return {
        "cart": cart.id,
        "number": line.number,
        "sku": line.sku,
        "quantity": line.quantity,
        "amount": str(line.price.amount.amount),
        "currency": line.price.amount.currency,
        "tax_included": line.price.tax_included,
        "price_as_of": line.price.as_of,
        "price_taken_at": line.price.taken_at,
        "price_list": line.price.price_list,
        "categories": list(line.price.categories),
        "discounts": msgspec.to_builtins(line.discounts),
    }
