"""Answers: what is in this cart? And does what is asked of it, or says why not."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from app.carts import events, repository
from app.carts.acting import CartActs, Change, Request, seen_by
from app.carts.buyers import Buyer, sound
from app.carts.model import (
    ID,
    Cart,
    CartId,
    CartStatus,
    Line,
    Snapshot,
    opened,
)
from app.carts.pricing import Pricing
from app.carts.refusals import CartNotFound, CartVersionConflict, InvalidCartInput
from app.carts.wanted import countable, some, units_of
from app.pricing.model import Standing
from app.principals.model import ANYBODY, Viewer
from app.store import Work
from app.values import ChannelCode, CustomerId, Sku

Items = Sequence[tuple[Sku, int]]


class CartService:
    """Carts of our own. Each change is one transaction, with the fact it tells."""

    def __init__(self, acts: CartActs, pricing: Pricing) -> None:
        self._acts = acts
        self._pricing = pricing

    async def find(self, cart: str, *, now: datetime, by: Viewer = ANYBODY) -> Cart:
        """A cart as it is now.

        Raises:
            CartNotFound: there is none, it has expired, or it is somebody else's.
        """
        return await self._acts.find(cart, now=now, by=by)

    async def create(
        self,
        channel: ChannelCode,
        items: Items,
        request: Request,
        customer: CustomerId | None = None,
    ) -> Cart:
        """A new cart, with what is wanted already; of a customer, if it is somebody's."""
        units = units_of(items) if items else {}

        async def prepare() -> Change:
            through, _ = self._acts.channel(channel)
            standing = await self._acts.discounts.standing_of(customer, request.inquiry)
            prices = await self._pricing.snapshots(units, through, request, standing)

            def change(work: Work) -> Cart:
                cart = Cart(
                    id=CartId(secrets.token_urlsafe(18)),
                    channel=through.code,
                    currency=through.currency,
                    customer=customer,
                    standing=standing,
                    created_at=work.now,
                    updated_at=work.now,
                    expires_at=work.now + self._acts.terms.lifetime,
                ).added(units, prices)
                cart = self._acts.discounts.applied(cart, work.connection, work.now)
                repository.add(work.connection, cart)
                work.tell(events.cart_created(cart))
                return cart

            return change

        return await self._acts.once(request, prepare)

    async def add(self, cart: str, version: int, items: Items, request: Request) -> Cart:
        """With more units, at the prices of now."""
        units = units_of(items)

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            standing, prices = await self._prices(seen, units, request)

            def change(work: Work) -> Cart:
                locked = replace(self._acts.locked(work, seen.id, version), standing=standing)
                added = locked.added(units, prices)
                added = self._acts.keep(work, added, lines=True)
                work.tell(events.lines_added(added, _of(added, units)))
                return added

            return change

        return await self._acts.once(request, prepare)

    async def update(
        self, cart: str, version: int, quantities: Sequence[tuple[int, int]], request: Request
    ) -> Cart:
        """With other quantities of lines, named by their numbers, at the prices of now."""
        some(quantities)
        for place, (_, quantity) in enumerate(quantities):
            countable(quantity, place)
        wanted = dict(quantities)
        if len(wanted) < len(quantities):
            raise InvalidCartInput("A line is named once.", path=("lines",))

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            skus = [line.sku for line in seen.numbered(wanted)]
            standing, prices = await self._prices(seen, skus, request)

            def change(work: Work) -> Cart:
                locked = replace(self._acts.locked(work, seen.id, version), standing=standing)
                updated = locked.updated(wanted, prices)
                updated = self._acts.keep(work, updated, lines=True)
                work.tell(events.lines_updated(updated, _of(updated, skus)))
                return updated

            return change

        return await self._acts.once(request, prepare)

    async def remove(
        self, cart: str, version: int, numbers: Sequence[int], request: Request
    ) -> Cart:
        """Without lines, named by their numbers."""
        some(numbers, "lineIds")

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)

            def change(work: Work) -> Cart:
                before = self._acts.locked(work, seen.id, version)
                gone = before.numbered(dict.fromkeys(numbers), "lineIds")
                after = self._acts.keep(work, before.removed(numbers), lines=True)
                work.tell(events.lines_removed(after, gone))
                return after

            return change

        return await self._acts.once(request, prepare)

    async def set_buyer(
        self, cart: str, version: int, buyer: Buyer | None, request: Request
    ) -> Cart:
        """With who buys; None takes it back."""
        said = None if buyer is None else sound(buyer)

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)

            def change(work: Work) -> Cart:
                known = replace(self._acts.locked(work, seen.id, version), buyer=said)
                known = self._acts.keep(work, known)
                work.tell(events.buyer_set(known))
                return known

            return change

        return await self._acts.once(request, prepare)

    async def set_customer(
        self, cart: str, version: int, customer: CustomerId, request: Request
    ) -> Cart:
        """With whose it is from now on, at their prices: only they and staff can use it then."""

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            known = seen.standing if seen.customer == customer else Standing()
            standing = await self._acts.discounts.standing_of(customer, request.inquiry, known)
            anew = standing != seen.standing
            channel, _ = self._acts.channel(seen.channel)
            skus = seen.skus if anew else ()
            prices = await self._pricing.snapshots(skus, channel, request, standing)

            def change(work: Work) -> Cart:
                before = self._acts.locked(work, seen.id, version)
                if before.points and before.customer != customer:  # they were somebody else's
                    before = replace(self._acts.freed(work, before), points=0)
                owned = replace(before, customer=customer, standing=standing)
                if anew:
                    owned = owned.updated({one.number: one.quantity for one in owned.lines}, prices)
                owned = self._acts.keep(work, owned, lines=anew)
                work.tell(events.customer_set(owned))
                return owned

            return change

        return await self._acts.once(request, prepare)

    async def merge(self, source: str, into: str, version: int, request: Request) -> Cart:
        """The cart with what was in another, which is closed; `version` is of the one that stays.

        Asked again it gives the cart as it is.
        """
        if not (ID.fullmatch(source) and ID.fullmatch(into)):
            raise CartNotFound
        if source == into:
            raise InvalidCartInput("A cart is not merged into itself.", path=("from",))

        async def prepare() -> Change:
            merge = partial(self._merged, source=CartId(source), into=CartId(into))
            return partial(merge, version=version, by=request.by)

        return await self._acts.once(request, prepare)

    def _merged(
        self, work: Work, *, source: CartId, into: CartId, version: int, by: Viewer
    ) -> Cart:
        found = repository.lock(work.connection, [source, into], now=work.now)
        if len(found) < 2:  # noqa: PLR2004  both
            raise CartNotFound
        guest = seen_by(work.connection, by, found[source])
        stays = opened(seen_by(work.connection, by, found[into]))
        if guest.merged_into == into:
            return stays
        opened(guest)
        if stays.version != version:
            raise CartVersionConflict(stays)
        merged = self._acts.keep(work, stays.with_all_of(guest), lines=True)
        closed = replace(guest, status=CartStatus.MERGED, merged_into=into, buyer=None)
        closed = self._acts.keep(work, replace(closed, lines=()), lines=True)
        work.tell(events.cart_merged(replace(closed, lines=guest.lines), merged))
        return merged

    async def _prices(
        self, cart: Cart, skus: Collection[Sku], request: Request
    ) -> tuple[Standing, Mapping[Sku, Snapshot]]:
        """What its customer is to the retailer, and what SKUs cost them."""
        channel, _ = self._acts.channel(cart.channel)
        standing = await self._acts.discounts.standing(cart, request.inquiry)
        return standing, await self._pricing.snapshots(skus, channel, request, standing)


def _of(cart: Cart, skus: Iterable[Sku]) -> list[Line]:
    wanted = set(skus)
    return [line for line in cart.lines if line.sku in wanted]
