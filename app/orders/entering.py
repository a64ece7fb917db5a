"""How does what a partner sold enter our books? In one transaction: all of it, or nothing.

Whoever acts for a partner waits for the others who do, so that its limits hold whoever asks at
once; then levels are locked, as by everybody.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from app.availability import ledger
from app.availability.model import Availability, AvailabilityStatus, Spot
from app.availability.refusals import InsufficientStock, Shortage
from app.carts.hearing import Heard, demand_of
from app.carts.holding import news_of
from app.orders import allotting, events, repository, wholesale
from app.orders.dispatching import Way
from app.orders.model import Order, OrderNumber, OrderState
from app.orders.refusals import ReferenceUsed
from app.orders.replacing import Route
from app.orders.repository import Asked
from app.orders.service import asked_as
from app.orders.turns import LEASE, moved
from app.orders.wholesale import Wanted
from app.partners import limits
from app.partners import repository as assortments
from app.partners.model import Item, Stock
from app.partners.watching import told
from app.store import Work
from app.store.keys import KeyReused, Once
from app.values import Sku


class Raced(InsufficientStock):
    """There was enough where it was looked for, and then somebody else was faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """An order that is about to be: what it is of, how it goes, and what it will be called."""

    wanted: Wanted
    way: Way
    number: OrderNumber
    route: Route

    def __call__(self, work: Work) -> Order:
        """The order, PLACED; or the one that is there, where somebody was faster with its key.

        Raises:
            Refusal: nothing was changed.
        """
        wanted = self.wanted
        assortments.lock(work.connection, wanted.terms.name)
        # Only now: whoever was at it at the same time has made us wait.
        if (kept := known(work.connection, wanted.asked.once)) is not None:
            return kept
        items = may_order(work.connection, wanted, work.now)
        ledger.hear(work, news_of(self._needed))
        _keep_buffer(work, wanted, self.way.heard, {part.spot for part in self._needed})
        order = self._allocated(work)
        told(work, wanted.terms.name, _less(wanted, items))
        return order

    @property
    def _needed(self) -> list[Availability]:
        """Where levels are locked."""
        heard, skus = self.way.heard, list(self.wanted.units)
        spots = heard.spots(skus, self.way.units)
        return [part for part in heard.own(skus) if part.spot in spots]

    def _allocated(self, work: Work) -> Order:
        holder, units = holder_of(self.number), self.way.units
        until = work.now + LEASE
        try:
            hold = ledger.place(work, holder, demand_of(units), until=until, slots=self.way.slots)
        except InsufficientStock as refusal:
            raise Raced(self.way.heard.told(refusal.shortages, units)) from refusal
        ledger.commit(work, holder, hold.fence, self.number)
        option, once = self.way.option, self.wanted.asked.once
        order = wholesale.order_of(
            self.wanted, units, option, number=self.number, now=work.now, route=self.route
        )
        work.tell(events.order_asked(order))
        placed = moved(work, order, OrderState.PLACED)
        row = Asked(
            asked=asked_as(once),
            digest=once.digest,
            access=secrets.token_hex(32),  # nobody's
            due_at=work.now,
        )
        if not repository.add(work.connection, placed, row):
            raise LookupError("an order that was not there a moment ago")
        return placed


def holder_of(number: OrderNumber) -> str:
    """Who holds the units of an order that is about to be."""
    return f"partner:{number}"


def known(connection: Connection, once: Once) -> Order | None:
    """The order of a key, as it stands.

    Raises:
        KeyReused: the key stands for something else.
    """
    kept = repository.find_asked(connection, asked_as(once))
    if kept is not None and kept.digest != once.digest:
        raise KeyReused
    return None if kept is None else kept.order


def may_order(connection: Connection, wanted: Wanted, now: datetime) -> Mapping[Sku, Item]:
    """What the partner was told of what it wants, if it may have that.

    Raises:
        Refusal: it may not.
    """
    terms, skus = wanted.terms, wanted.units.keys()
    used = repository.referred(connection, terms.name, wanted.asked.reference)
    if used is not None:
        raise ReferenceUsed(used)
    items = assortments.items(connection, terms.name, skus=skus)
    wholesale.offers(wanted, items)
    sold = allotting.sold(connection, terms, now, skus)
    limits.checked(terms.told.limits, sold, wanted.units)
    wholesale.told_enough(wanted, items)
    return items


def _keep_buffer(work: Work, wanted: Wanted, heard: Heard, spots: set[Spot]) -> None:
    """Refuse what would touch the units that are kept from the partner."""
    if not heard.buffer:
        return
    found = ledger.positions(work.connection, spots, now=work.now, locked=True)
    free: dict[Sku, int] = {}
    for spot, one in found.items():
        free[spot.sku] = free.get(spot.sku, -heard.buffer) + one.uncommitted
    short = []
    for sku, asked in wanted.units.items():  # those that share a component share what there is
        needs = heard.needs(sku)
        left = max(0, min(free.get(own, 0) // count for own, count in needs))
        if left < asked:
            short.append(Shortage(sku=sku, asked=asked, available=left))
        for own, count in needs:
            free[own] = free.get(own, 0) - count * min(left, asked)
    if short:
        raise Raced(short)


def _less(wanted: Wanted, items: Mapping[Sku, Item]) -> Mapping[Sku, Stock]:
    """What is left for the partner to sell of what it was told."""
    left = {}
    for sku, units in wanted.units.items():
        stock = items[sku].stock
        available = (stock.available or 0) - units
        status = stock.status if available else str(AvailabilityStatus.OUT_OF_STOCK)
        left[sku] = stock._replace(available=available, status=status)
    return left
