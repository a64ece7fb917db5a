"""What does each port write, and what must the upstream hold afterwards?"""

from collections.abc import Collection, Hashable
from dataclasses import replace
from typing import Any

from app.ports import (
    CustomerDirectory,
    OrderKey,
    OrderSink,
    OrderStatus,
    PaymentKey,
    PaymentProvider,
    PaymentRequest,
    SoldOrder,
)
from connectors.kit.customer_questions import customers_of
from connectors.kit.loyalty_writes import LOYALTY_WRITES
from connectors.kit.market_writes import MARKET_WRITES
from connectors.kit.specimen import Effect, PaymentsSpecimen, Specimen
from connectors.kit.write import Make, Write


def an_order(specimen: Specimen, key: str = "T-100") -> SoldOrder:
    """The specimen's order under a key."""
    if specimen.orders is None:
        raise LookupError(f"specimen {specimen.label}: OrderSink needs `orders`")
    return replace(specimen.orders.order, key=OrderKey(key))


def units(order: SoldOrder) -> Effect:
    """What an order in force comes to."""
    wanted: dict[str, int] = {}
    for line in order.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return str(order.key), wanted


def orders_held(specimen: Specimen, app: Any) -> list[Effect]:
    """The orders in force."""
    if specimen.orders is None:
        raise LookupError(f"specimen {specimen.label}: OrderSink needs `orders`")
    return specimen.orders.held(app)


async def _hand_over(connection: OrderSink, specimen: Specimen) -> Hashable:
    told = await connection.hand_over(an_order(specimen))
    return told.key, told.status


async def _cancel(connection: OrderSink, specimen: Specimen) -> Hashable:
    told = await connection.cancel(an_order(specimen).key)
    return None if told is None else (told.key, told.status)


async def _cancelled(connection: OrderSink, specimen: Specimen) -> Hashable:
    """Handing over what was cancelled changes nothing."""
    told = await connection.hand_over(an_order(specimen))
    return told.status is OrderStatus.CANCELLED


def a_payment(specimen: Specimen, key: str = "T-100") -> PaymentRequest:
    """The specimen's payment under a key."""
    return replace(_payments(specimen).request, key=PaymentKey(key))


def moved(request: PaymentRequest, *, captured: int = 0, refunded: int = 0) -> Effect:
    """What a payment comes to, once it was captured and refunded so many times out of one."""
    amount = request.amount.amount
    return str(request.key), (amount, amount * captured, amount * refunded)


def payments_held(specimen: Specimen, app: Any) -> list[Effect]:
    """The payments that bind money or have moved it."""
    return _payments(specimen).held(app)


def _payments(specimen: Specimen) -> PaymentsSpecimen:
    if specimen.payments is None:
        raise LookupError(f"specimen {specimen.label}: PaymentProvider needs `payments`")
    return specimen.payments


async def _authorise(connection: PaymentProvider, specimen: Specimen) -> Hashable:
    told = await connection.authorise(a_payment(specimen))
    return told.key, told.status, told.authorised


async def _capture(connection: PaymentProvider, specimen: Specimen) -> Hashable:
    request = a_payment(specimen)
    return (await connection.capture(request.key, request.amount)).captured


async def _give_back(connection: PaymentProvider, specimen: Specimen) -> Hashable:
    request = a_payment(specimen)
    return (await connection.give_back(request.key, request.amount)).refunded


async def _void(connection: PaymentProvider, specimen: Specimen) -> Hashable:
    told = await connection.void(a_payment(specimen).key)
    return None if told is None else told.status


def _payment_write(name: str, make: Make, *before: Make, **moves: int) -> Write:
    return Write(
        port="PaymentProvider",
        name=name,
        make=make,
        before=before,
        effects=lambda specimen: [moved(a_payment(specimen), **moves)] if make != _void else [],
        held=payments_held,
    )


def customers_held(specimen: Specimen, app: Any) -> list[Effect]:
    """The customers whom anything names."""
    return customers_of(specimen).held(app)


def still_named(specimen: Specimen) -> list[Effect]:
    """All but the one who is erased."""
    return [(str(key), None) for key in customers_of(specimen).keys[1:]]


async def _erase(connection: CustomerDirectory, specimen: Specimen) -> Hashable:
    told = await connection.erase(customers_of(specimen).keys[0])
    return told.key, told.kept


WRITES: Collection[Write] = (
    *LOYALTY_WRITES,
    *MARKET_WRITES,
    _payment_write("authorise", _authorise),
    _payment_write("capture", _capture, _authorise, captured=1),
    _payment_write("give_back", _give_back, _authorise, _capture, captured=1, refunded=1),
    _payment_write("void", _void, _authorise),
    _payment_write("void of nothing", _void),
    Write(
        port="CustomerDirectory",
        name="erase",
        make=_erase,
        effects=still_named,
        held=customers_held,
    ),
    Write(
        port="CustomerDirectory",
        name="erase of somebody erased",
        make=_erase,
        before=(_erase,),
        effects=still_named,
        held=customers_held,
    ),
    Write(
        port="OrderSink",
        name="hand_over",
        make=_hand_over,
        effects=lambda specimen: [units(an_order(specimen))],
        held=orders_held,
    ),
    Write(
        port="OrderSink",
        name="cancel",
        make=_cancel,
        before=(_hand_over,),
        effects=lambda _: [],
        held=orders_held,
    ),
    Write(
        port="OrderSink",
        name="hand_over of a cancelled order",
        make=_cancelled,
        before=(_hand_over, _cancel),
        effects=lambda _: [],
        held=orders_held,
    ),
)


def writes_of(port: str) -> tuple[Write, ...]:
    """The writes of one port."""
    return tuple(write for write in WRITES if write.port == port)
