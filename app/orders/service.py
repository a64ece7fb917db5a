"""How is an order placed, looked at and cancelled? Placing has one effect for each key."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256

from sqlalchemy import Connection

from app.availability import ledger
from app.carts import closing, spending
from app.carts.model import CartId
from app.customers import viewing
from app.loyalty.ordered import OrderPoints
from app.orders import events, repository
from app.orders.making import new_number, parts_of
from app.orders.model import (
    CancelReason,
    Charge,
    Order,
    OrderNumber,
    OrderState,
    Step,
    demand_of,
    replace_amount,
)
from app.orders.refusals import (
    OrderNotCancellable,
    OrderNotFound,
    OrderNotHeld,
)
from app.orders.replacing import Route
from app.orders.repository import Asked, Kept, Lease, Whose
from app.orders.turns import Turn, Turns, moved
from app.orders.working import OrderWorker
from app.ports import Address, Buyer, PaymentKey, Promised, SoldLine
from app.pricing.redeeming import Redemption, redeem
from app.principals.model import ANYBODY, Viewer
from app.store import Store, Work
from app.store.keys import KeyReused, Once
from app.values import ChannelCode, CustomerId, FulfilmentMethod, LocationCode, Money

ACCESS = 32  # characters of the guest's token


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What is to be bought: goods that `holder` holds under `fence`, and what was agreed of them.

    `once` makes the request one that has one effect; `token` stands for the means of payment and is
    never kept. Lines name each pair of SKU and location once. A `cart` of ours is closed by it; it
    has this `version`, and others have none. `redemptions` are the coupons that it uses up.
    """

    once: Once
    holder: str
    fence: int
    cart: str | None
    customer: CustomerId | None = None
    version: int | None = None
    channel: ChannelCode
    lines: tuple[SoldLine, ...]
    buyer: Buyer
    address: Address | None
    method: FulfilmentMethod
    store: LocationCode | None = None
    promised: Promised | None = None
    promise_token: str | None = None
    delivery: Money
    token: str | None
    points: OrderPoints | None = None
    redemptions: tuple[Redemption, ...] = ()

    @property
    def charged(self) -> Money:
        """What is paid in money: all that is not paid with points."""
        value = self.points.value.amount if self.points is not None else Decimal(0)
        return replace_amount(self.total, self.total.amount - value)

    @property
    def total(self) -> Money:
        """All the buyer pays, in money and in points."""
        goods = sum((one.total.amount for one in self.lines), Decimal(0))
        return replace_amount(self.delivery, goods + self.delivery.amount)


@dataclass(frozen=True, slots=True)
class Placed:
    """An order as it stands, and the guest's token, which whoever has the key is told again."""

    order: Order
    access_token: str


class OrderService:
    """Places orders over a store; what is left to do, the worker does."""

    def __init__(
        self, store: Store, turns: Turns, worker: OrderWorker, *, route: Route, charged: bool
    ) -> None:
        """`charged`: orders are paid through a provider of ours."""
        self._store = store
        self._turns = turns
        self._worker = worker
        self._route = route
        self.charged = charged

    async def again(self, once: Once, token: str | None) -> Placed | None:
        """What came of the request before, as it stands; None where it is new.

        Raises:
            KeyReused: the key stands for something else.
        """
        kept = await self._store.read(partial(repository.find_asked, asked=asked_as(once)))
        return None if kept is None else await self._told(kept, once, token)

    async def place(self, purchase: Purchase) -> Placed:
        """The order of this key: goods allocated and money kept ready, both or neither.

        It is PLACED, or REFUSED when the money was declined, and then nothing is kept for it. While
        nobody knows whether it is paid it is PENDING_CONFIRMATION, and settled unattended. The same
        key again gets the same order, as it stands.

        Raises:
            Refusal: nothing was kept, and nothing is left behind.
            StoreUnavailable: unknown whether it was placed; ask again with the same key.
        """
        now = self._turns.now()
        number = new_number()
        order = self._opened(purchase, number, now)
        add = partial(_added, order=order, purchase=purchase, until=now + self._turns.lasting)
        kept = await self._store.act(add, now=now)
        return await self._told(kept, purchase.once, purchase.token)

    async def find(self, number: str, *, access: str | None = None, by: Viewer = ANYBODY) -> Order:
        """An order by its number, for whoever has its token, its buyer, or the house.

        Raises:
            OrderNotFound: there is none; or it is another's, which looks the same.
        """

        def seen(connection: Connection) -> Order | None:
            kept = repository.find(connection, number=OrderNumber(number))
            if kept is None:
                return None
            known = access is not None and hmac.compare_digest(_hash(access), kept.access)
            order = kept.order
            told = known or by.house or by.sold(order.partner)
            return order if told or viewing.owns(connection, by, order.customer) else None

        if (found := await self._store.read(seen)) is None:
            raise OrderNotFound
        return found

    async def page(
        self,
        tokens: Collection[str],
        *,
        customers: Collection[CustomerId] = (),
        first: int,
        after: tuple[datetime, OrderNumber] | None = None,
        states: Collection[OrderState] = (),
    ) -> list[Order]:
        """The orders of customers, or that guests' tokens are of, the latest first.

        They come after a place in the list. A token that is of none is as if it were not there.
        """
        if not tokens and not customers:
            return []
        whose = Whose(frozenset(map(_hash, tokens)), frozenset(customers))
        question = partial(repository.page, first=first, after=after, states=states, whose=whose)
        return await self._store.read(question)

    async def cancel(self, number: str, reason: CancelReason) -> Order:
        """The order, CANCELLING: its upstreams are told, and then its money and goods let go.

        An order that is being cancelled or was, is told as it stands.

        Raises:
            Refusal: there is none, or it has gone too far.
        """
        change = partial(cancelled, number=OrderNumber(number), reason=reason)
        order = await self._store.act(change, now=self._turns.now())
        self._worker.wake()
        return order

    def _opened(self, purchase: Purchase, number: OrderNumber, now: datetime) -> Order:
        nothing = replace_amount(purchase.total, Decimal(0))
        charge = Charge(
            key=PaymentKey(number),
            status=None,
            amount=purchase.charged,
            captured=nothing,
            refunded=nothing,
        )
        return Order(
            number=number,
            state=OrderState.PENDING_CONFIRMATION,
            cart=purchase.cart,
            customer=purchase.customer,
            channel=purchase.channel,
            placed_at=now,
            buyer=purchase.buyer,
            address=purchase.address,
            method=purchase.method,
            store=purchase.store,
            promised=purchase.promised,
            promise_token=purchase.promise_token,
            delivery=purchase.delivery,
            total=purchase.total,
            points=purchase.points,
            charge=charge if self.charged and charge.amount.amount else None,
            handings=parts_of(purchase.lines, self._route),
        )

    async def _told(self, kept: Kept, once: Once, token: str | None) -> Placed:
        if kept.digest != once.digest:
            raise KeyReused
        order = kept.order
        if order.state is OrderState.PENDING_CONFIRMATION:
            order = await self._paid(kept, token)
        return Placed(order, access_token(once.key, order.number))

    async def _paid(self, kept: Kept, token: str | None) -> Order:
        """As far as it comes at once; if somebody else is at it, as it is."""
        order, lease = kept.order, kept.lease
        first = None if lease is None else Turn(order, lease, token)
        if (turn := first or await self._turns.of(order.number, token)) is not None:
            await self._worker.taken(turn, but=Step.HAND_OVER)
            self._worker.wake()
            return turn.order
        return order


def access_token(key: str, number: OrderNumber) -> str:
    """The guest's token: who knows the key of an order can make it again, nobody else can."""
    return hmac.digest(key.encode(), number.encode(), "sha256").hex()[:ACCESS]


def _added(work: Work, order: Order, purchase: Purchase, until: datetime) -> Kept:
    """The order of the key: a new one with its goods, or the one that is there."""
    asked = Asked(
        asked=asked_as(purchase.once),
        digest=purchase.once.digest,
        access=_hash(access_token(purchase.once.key, order.number)),
        due_at=until,
        leased=True,
    )
    if repository.add(work.connection, order, asked):
        if purchase.cart is not None and purchase.version is not None:
            closing.close(work, CartId(purchase.cart), purchase.version, order.number)
        demand = ledger.commit(work, purchase.holder, purchase.fence, order.number)
        if demand != demand_of(purchase.lines):
            raise OrderNotHeld
        spending.commit(work, purchase.holder, purchase.fence, order.number, purchase.points)
        redeem(work, order.number, purchase.redemptions)
        work.tell(events.order_asked(order))
        first = Lease(order.number, fence=1, until=until)
        return Kept(order, asked.digest, asked.access, lease=first)
    kept = repository.find_asked(work.connection, asked.asked)
    if kept is None:
        raise LookupError("an order that somebody else just kept")
    return kept


def cancelled(work: Work, number: OrderNumber, reason: CancelReason) -> Order:
    """The order, CANCELLING or as it stands: see `OrderService.cancel`."""
    locked = repository.lock(work.connection, number)
    if locked is None:
        raise OrderNotFound
    order = locked[0].order
    if order.state in {OrderState.CANCELLING, OrderState.CANCELLED}:
        return order
    if not order.cancellable:
        raise OrderNotCancellable(order.state)
    cancelling = moved(work, replace(order, reason=reason), OrderState.CANCELLING)
    repository.save(work.connection, order, cancelling, due_at=work.now, look_at=None)
    return cancelling


def asked_as(once: Once) -> str:
    """Whoever reads the store does not learn the key, of which the guest's token is made."""
    return _hash(f"{once.scope}\x1f{once.key}")


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
