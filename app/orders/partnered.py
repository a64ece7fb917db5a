"""How does a partner place an order, list its orders and stop one? Each key has one effect.

It sells what it was told that it may: no SKU, no unit and no price beside those. Goods are taken in
the same ledger as everybody's, and what is left to do the worker does, as for any other order.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from app.availability.refusals import InsufficientStock, SlotsFull
from app.carts.hearing import demand_of
from app.orders import allotting, entering, repository, wholesale
from app.orders.dispatching import Dispatching
from app.orders.entering import Entering, Raced, holder_of
from app.orders.making import new_number
from app.orders.model import CancelReason, Order, OrderNumber, OrderState
from app.orders.refusals import NoRoom, OrderNotFound
from app.orders.repository import Whose
from app.orders.service import cancelled
from app.orders.turns import Turns
from app.orders.wholesale import PartnerOrder, Wanted
from app.orders.working import OrderWorker
from app.partners.limits import Sold
from app.partners.model import PartnerUnknown
from app.partners.terms import Terms
from app.store import Store, Work
from app.store.keys import InFlight, Once, claim, settle
from app.upstream.readings import Inquiry

MOST_TRIES = 5  # to find units, and room to send them, that nobody takes meanwhile


class PartnerOrders:
    """Orders of the partners of the settings, by name."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        worker: OrderWorker,
        *,
        dispatching: Dispatching,
        partners: Mapping[str, Terms],
        keys_for: timedelta,
    ) -> None:
        """`keys_for` is how long the key of a cancellation is known; that of an order for good."""
        self._store = store
        self._turns = turns
        self._worker = worker
        self._dispatching = dispatching
        self._partners = partners
        self._keys_for = keys_for
        self._in_flight = InFlight()

    async def place(self, partner: str, asked: PartnerOrder, inquiry: Inquiry) -> Order:
        """The order of this key, PLACED with its goods; the same key again gets it as it stands.

        Raises:
            Refusal: nothing was kept, and nothing is left behind.
            StoreUnavailable: unknown whether it was placed; ask again with the same key.
        """
        terms = self._terms(partner)
        with self._in_flight.alone(asked.once):
            kept = await self._store.read(partial(entering.known, once=asked.once))
            if kept is not None:
                return kept
            now = self._turns.now()
            wanted = wholesale.wanted_of(terms, asked, now)
            await self._store.read(partial(entering.may_order, wanted=wanted, now=now))
            order = await self._placed(wanted, inquiry)
        self._dispatching.availability.promises_changed()
        self._worker.wake()
        return order

    async def cancel(
        self, partner: str, *, number: str | None, reference: str | None, once: Once | None
    ) -> Order:
        """The order, CANCELLING; one that is or was cancelled, and that of a known key, as it is.

        It is named by its number, or by what the partner calls it.

        Raises:
            OrderNotFound: the partner has no such order.
            OrderNotCancellable: it has gone too far.
            KeyReused: the key stands for something else.
        """
        name = self._terms(partner).name

        def change(work: Work) -> Order:
            known = None if once is None else claim(work, once, kept_for=self._keys_for)
            if known is not None:
                return _theirs(work, name, number=known, reference=None)
            found = _theirs(work, name, number=number, reference=reference)
            order = cancelled(work, found.number, CancelReason.BUYER)
            if once is not None:
                settle(work, once, order.number)
            return order

        order = await self._store.act(change, now=self._turns.now())
        self._worker.wake()
        return order

    async def page(
        self,
        partner: str,
        *,
        first: int,
        after: tuple[datetime, OrderNumber] | None = None,
        states: Collection[OrderState] = (),
    ) -> list[Order]:
        """Its orders, the latest first, after a place in the list."""
        whose = Whose(partner=self._terms(partner).name)
        asked = partial(repository.page, first=first, after=after, states=states, whose=whose)
        return await self._store.read(asked)

    async def sold(self, partner: str) -> Sold:
        """What it has sold, as of now."""
        terms, now = self._terms(partner), self._turns.now()
        return await self._store.read(partial(allotting.sold, terms=terms, now=now))

    def _terms(self, partner: str) -> Terms:
        if (terms := self._partners.get(partner)) is None:
            raise PartnerUnknown
        return terms

    async def _placed(self, wanted: Wanted, inquiry: Inquiry) -> Order:
        for _ in range(MOST_TRIES - 1):
            with suppress(Raced, SlotsFull):
                return await self._tried(wanted, inquiry)
        try:
            return await self._tried(wanted, inquiry)
        except SlotsFull as full:
            raise NoRoom from full
        except Raced as lost:
            raise InsufficientStock(lost.shortages) from lost

    async def _tried(self, wanted: Wanted, inquiry: Inquiry) -> Order:
        number, now = new_number(), self._turns.now()
        way = await self._dispatching.way(wanted, inquiry, holder=holder_of(number), now=now)
        enter = Entering(wanted=wanted, way=way, number=number, route=self._dispatching.route)
        rows = frozenset([*demand_of(way.units), *way.slots])
        return await self._store.act(enter, now=now, queue=(wanted.terms.name, rows))


def _theirs(work: Work, partner: str, *, number: str | None, reference: str | None) -> Order:
    """An order of a partner.

    Raises:
        OrderNotFound: it has none that is called so; somebody else's looks the same.
    """
    if number is None and reference is not None:
        number = repository.referred(work.connection, partner, reference)
    kept = None if number is None else repository.find(work.connection, OrderNumber(number))
    if kept is None or kept.order.partner != partner:
        raise OrderNotFound
    return kept.order
