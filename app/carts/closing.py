"""When is a cart bought? In the act of its order, which closes it; unpaid, it is open again."""

from dataclasses import replace

from app.carts import events, repository
from app.carts.acting import at_version
from app.carts.model import Cart, CartId, CartStatus
from app.carts.refusals import CartNotFound, CartVersionConflict
from app.store import Work


def close(work: Work, cart: CartId, version: int, order: str) -> None:
    """Close a cart, as its order is placed in the same act.

    Raises:
        Refusal: it is not there any more, closed already, or has another version.
    """
    if repository.close(work.connection, cart, version, order=order, now=work.now):
        work.tell(events.cart_ordered(cart, version + 1, order))
        return
    found = repository.lock(work.connection, [cart], now=work.now).get(cart)
    if found is None:
        raise CartNotFound
    at_version(found, version)
    raise CartVersionConflict(found)  # it came to be like that only now


def reopen(work: Work, cart: CartId, order: str) -> None:
    """Open a cart again whose order was refused in the same act; what it held stays let go."""
    found = repository.lock(work.connection, [cart], now=work.now).get(cart)
    if found is None or found.order != order:
        return
    opened = _kept(work, replace(found, status=CartStatus.OPEN, order=None))
    work.tell(events.cart_reopened(opened, order))


def _kept(work: Work, cart: Cart) -> Cart:
    """Its next version; how long it is kept does not change."""
    cart = replace(cart, version=cart.version + 1, updated_at=work.now)
    repository.put(work.connection, cart, lines=False)
    return cart
