"""How does an order that a marketplace took enter our books? Once and with its goods, or not."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection

from app.availability import ledger
from app.availability.model import Spot
from app.orders import events, repository
from app.orders.making import new_number, parts_of
from app.orders.model import (
    CancelReason,
    Order,
    OrderState,
    demand_of,
    replace_amount,
)
from app.orders.refusals import MarketOrderNotReady, OrderNotCancellable
from app.orders.replacing import Route
from app.orders.repository import Asked
from app.orders.service import OrderService
from app.orders.turns import LEASE, Turns, moved
from app.orders.working import OrderWorker
from app.ports import Address, Buyer, MarketLine, MarketOrder, MarketOrderStatus, Promised, SoldLine
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from app.values import ChannelCode, FulfilmentMethod, LocationCode, Money, Sku

READY = frozenset({MarketOrderStatus.OPEN, MarketOrderStatus.PARTLY_SHIPPED})
Free = dict[Spot, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A connection that takes orders for us: their channel, and where to take goods, best first."""

    connection: str
    channel: ChannelCode
    locations: tuple[LocationCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What has yet to leave for an order, each SKU once, and for whom."""

    goods: dict[Sku, tuple[int, Money]]
    buyer: Buyer
    address: Address
    total: Money


class IncomingOrders:
    """Takes over orders that are paid elsewhere; the worker hands them on."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        worker: OrderWorker,
        *,
        service: OrderService,
        route: Route,
    ) -> None:
        self._store = store
        self._turns = turns
        self._worker = worker
        self._service = service
        self._route = route

    async def take(self, market: Market, told: MarketOrder) -> Order:
        """The order of this marketplace's number: a new one, PLACED, or the one that is there.

        One that the marketplace has cancelled meanwhile is stopped, if it has not gone too far.
        What else it changes of an order is not looked at.

        Raises:
            MarketOrderNotReady: it is unpaid or over, or too little is told of it.
            InsufficientStock: its goods are not there; nothing is kept, and it may be told again.
            NobodyCarriesOut: nobody takes orders for where they are.
            StoreUnavailable: unknown whether it was taken; take it again.
        """
        asked = asked_of(market, told)
        find = partial(repository.find_asked, asked=asked)
        if (kept := await self._store.read(find)) is not None:
            return await self._stopped(kept.order, told)
        enter = partial(_entered, market=market, told=told, wanted=_wanted(told), route=self._route)
        order = await self._store.act(enter, now=self._turns.now())
        self._worker.wake()
        return order

    async def _stopped(self, order: Order, told: MarketOrder) -> Order:
        if told.status is not MarketOrderStatus.CANCELLED or not order.cancellable:
            return order
        try:
            return await self._service.cancel(order.number, CancelReason.BUYER)
        except OrderNotCancellable:  # it went too far a moment ago
            return await self._service.find(order.number, by=THE_HOUSE)


def asked_of(market: Market, told: MarketOrder) -> str:
    """Under what the order is known to us: one for each connection and number."""
    return sha256(f"market:{market.connection}\x1f{told.number}".encode()).hexdigest()


def _entered(work: Work, market: Market, told: MarketOrder, wanted: Wanted, route: Route) -> Order:
    spots = [Spot(sku, place) for sku in wanted.goods for place in market.locations]
    free = ledger.sellable(work.connection, spots, now=work.now, locked=True)
    # Only now: whoever was at it at the same time has waited for the same levels, or made us wait.
    asked = asked_of(market, told)
    if (kept := _there(work.connection, asked)) is not None:
        return kept
    order = _opened(work, market, told, wanted, tuple(_sourced(wanted, market, free)), route)
    holder = f"market:{order.number}"
    hold = ledger.place(work, holder, demand_of(order.lines), until=work.now + LEASE)
    ledger.commit(work, holder, hold.fence, order.number)
    work.tell(events.order_asked(order))
    placed = moved(work, order, OrderState.PLACED)
    row = Asked(asked=asked, digest=asked, access=secrets.token_hex(32), due_at=work.now)
    if not repository.add(work.connection, placed, row):
        raise LookupError("an order that was not there a moment ago")
    return placed


def _there(connection: Connection, asked: str) -> Order | None:
    kept = repository.find_asked(connection, asked)
    return None if kept is None else kept.order


def _wanted(told: MarketOrder) -> Wanted:
    goods: dict[Sku, tuple[int, Money]] = {}
    for line in told.lines:
        if not line.cancelled and (left := line.quantity - line.shipped) > 0:
            units, price = goods.get(line.sku, (0, _price(line)))
            if price != _price(line):
                raise MarketOrderNotReady("one SKU has two prices")
            goods[line.sku] = (units + left, price)
    if told.status not in READY or not goods:
        raise MarketOrderNotReady("nothing has to leave for it, or not yet")
    buyer, recipient = told.buyer, told.recipient
    if buyer is None or buyer.email is None or recipient is None or recipient.name is None:
        raise MarketOrderNotReady("the marketplace does not say whom it is for")
    if told.total is None:
        raise MarketOrderNotReady("the marketplace does not say what is paid for it")
    return Wanted(
        goods=goods,
        buyer=Buyer(name=recipient.name, email=buyer.email, phone=recipient.phone),
        address=recipient.address,
        total=told.total,
    )


def _price(line: MarketLine) -> Money:
    if line.unit_price is None:
        raise MarketOrderNotReady("the marketplace does not say what is paid for it")
    return line.unit_price


def _sourced(wanted: Wanted, market: Market, free: Free) -> Iterator[SoldLine]:
    """Each SKU out of the best places; what nobody has is asked of the best, which refuses it."""
    for sku, (units, price) in wanted.goods.items():
        shares = dict.fromkeys(market.locations, 0)
        left = units
        for place in market.locations:
            shares[place] = min(left, max(0, free.get(Spot(sku, place), 0)))
            left -= shares[place]
        shares[market.locations[0]] += left
        for place, share in shares.items():
            if share:
                yield SoldLine(sku=sku, quantity=share, unit_price=price, location=place)


def _opened(
    work: Work,
    market: Market,
    told: MarketOrder,
    wanted: Wanted,
    lines: tuple[SoldLine, ...],
    route: Route,
) -> Order:
    goods = sum((one.unit_price.amount * one.quantity for one in lines), Decimal(0))
    delivery = max(Decimal(0), wanted.total.amount - goods)
    window = told.deliver_by
    promised = None
    if window.earliest is not None and window.latest is not None:
        promised = Promised(earliest=window.earliest, latest=window.latest)
    return Order(
        number=new_number(),
        state=OrderState.PENDING_CONFIRMATION,
        cart=None,
        channel=market.channel,
        placed_at=work.now,
        buyer=wanted.buyer,
        address=wanted.address,
        method=FulfilmentMethod.SHIP_TO_HOME,
        promised=promised,
        promise_token=None,
        delivery=replace_amount(wanted.total, delivery),
        total=replace_amount(wanted.total, goods + delivery),
        charge=None,
        handings=parts_of(lines, route),
    )
