"""What happened to a cart? Facts in the past tense; none holds who buys."""

from collections.abc import Iterable

from app.carts.model import Cart, CartId, CartPromise, Line
from app.store import Fact

KINDS = frozenset(
    {
        *("CartCreated", "CartLinesAdded", "CartLinesUpdated", "CartLinesRemoved", "CartBuyerSet"),
        *("CartPromiseSelected", "CartMerged", "CartOrdered", "CartReopened", "CartHeld"),
        *("CartHoldReleased", "CartHandOverOffered", "CartTakenOver", "CartCodesSet"),
        *("CartPointsSet", "CartCustomerSet"),
    }
)


def cart_created(cart: Cart) -> Fact:
    """A cart came to be."""
    body = {"channel": cart.channel, "currency": cart.currency, "lines": _told(cart.lines)}
    return _fact("CartCreated", cart, **body)


def lines_added(cart: Cart, lines: Iterable[Line]) -> Fact:
    """Lines as they are after units were added."""
    return _fact("CartLinesAdded", cart, lines=_told(lines))


def lines_updated(cart: Cart, lines: Iterable[Line]) -> Fact:
    """Lines as they are after their quantities were changed."""
    return _fact("CartLinesUpdated", cart, lines=_told(lines))


def lines_removed(cart: Cart, lines: Iterable[Line]) -> Fact:
    """Lines as they were before they were removed."""
    return _fact("CartLinesRemoved", cart, lines=_told(lines))


def buyer_set(cart: Cart) -> Fact:
    """Who buys was said, or taken back."""
    return _fact("CartBuyerSet", cart, known=cart.buyer is not None)


def points_set(cart: Cart) -> Fact:
    """It was said how many points pay for it."""
    return _fact("CartPointsSet", cart, points=cart.points)


def customer_set(cart: Cart) -> Fact:
    """It is somebody's own from now on."""
    return _fact("CartCustomerSet", cart, customer=cart.customer)


def codes_set(cart: Cart) -> Fact:
    """Codes of coupons were said, or taken back."""
    return _fact("CartCodesSet", cart, codes=list(cart.codes), total=str(cart.total.amount))


def promise_selected(cart: Cart, promise: CartPromise) -> Fact:
    """It was said how lines reach the buyer."""
    told = {
        "lines": [one.line for one in promise.units],
        "method": promise.method,
        "store": promise.store,
        "latest": promise.latest.isoformat(),
    }
    return _fact("CartPromiseSelected", cart, **told)


def cart_merged(source: Cart, into: Cart) -> Fact:
    """A cart was closed, its lines are in another."""
    return _fact("CartMerged", source, into=into.id, lines=_told(source.lines))


def cart_ordered(cart: CartId, version: int, order: str) -> Fact:
    """It was bought, and is closed under this version."""
    return Fact(kind="CartOrdered", entity=cart, body={"version": version, "order": order})


def cart_reopened(cart: Cart, order: str) -> Fact:
    """The order it was bought by was refused, as it could not be paid."""
    return _fact("CartReopened", cart, order=order)


def cart_held(cart: Cart, fence: int) -> Fact:
    """Units are held for a cart; `HoldPlaced` says which."""
    return _fact("CartHeld", cart, fence=fence)


def hold_released(cart: Cart) -> Fact:
    """Nothing is held for it any more, because it was asked or because its lines changed."""
    return _fact("CartHoldReleased", cart)


def code_made(cart: CartId) -> Fact:
    """Another device may take it over for a moment."""
    return Fact(kind="CartHandOverOffered", entity=cart, body={})


def taken_over(cart: Cart) -> Fact:
    """Another device has it, too."""
    return _fact("CartTakenOver", cart)


def _fact(kind: str, cart: Cart, **body: object) -> Fact:
    return Fact(kind=kind, entity=cart.id, body={"version": cart.version, **body})


def _told(lines: Iterable[Line]) -> list[dict[str, object]]:
    return [
        {
            "line": line.number,
            "sku": line.sku,
            "quantity": line.quantity,
            "price": str(line.price.amount.amount),
            "currency": line.price.amount.currency,
        }
        for line in lines
    ]
