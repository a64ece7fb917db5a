"""How many points pay for this cart, and what would it earn? Points are a means of payment."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from app.availability.refusals import HoldExpired
from app.carts import events, repository
from app.carts.acting import CartActs, Change, Request
from app.carts.model import Cart, CartId
from app.loyalty import ledger, program, rules
from app.loyalty.desk import ProgramDesk, member_of
from app.loyalty.model import Member
from app.loyalty.ordered import OrderPoints
from app.loyalty.refusals import (
    NoCustomer,
    NotEnoughPoints,
    PointsNotUsable,
    PointsRefused,
    ProgrammeSilent,
)
from app.ports import PointsKey
from app.settings import Loyalty
from app.store import Work
from app.values import Money

MOST = 1_000_000_000  # points that somebody may want to spend


class CartPoints:
    """Says how many points a cart spends, and what they are worth."""

    def __init__(self, acts: CartActs, loyalty: Loyalty, desk: ProgramDesk | None = None) -> None:
        """`desk` is of the programme that keeps the points, if it is not ours."""
        self._acts = acts
        self._loyalty = loyalty
        self._desk = desk

    async def set(self, cart: str, version: int, points: int, request: Request) -> Cart:
        """The cart that spends so many points, none where it is zero; what was held is let go.

        Raises:
            NoCustomer: the cart is nobody's.
            NotAMember: the customer takes no part.
            PointsNotUsable: so many cannot be spent on it.
            NotEnoughPoints: the customer has fewer.
        """
        if not 0 <= points <= MOST:
            raise PointsRefused(f"points is between 0 and {MOST:,}.", "points")

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            if points and self._desk is not None:
                await self._check_outside(self._desk, replace(seen, points=points), request.now)

            def change(work: Work) -> Cart:
                before = self._acts.locked(work, seen.id, version)
                if points and self._desk is None:
                    self._check(work, replace(before, points=points))
                freed = self._acts.freed(work, before)
                after = self._acts.keep(work, replace(freed, points=points))
                work.tell(events.points_set(after))
                return after

            return change

        return await self._acts.once(request, prepare)

    async def reserved(self, cart: Cart, now: datetime) -> PointsKey | None:
        """Points held outside, before the units are; None where there is nothing to hold there.

        Raises:
            Refusal: they cannot be held.
        """
        if self._desk is None or not cart.points:
            return None
        member = await self._outside(cart, now)
        until, holder = now + self._acts.terms.hold_for, repository.holder_of(cart.id)
        return await self._desk.hold(member, holder, cart.points, until=until, now=now)

    async def not_held(self, cart: str, now: datetime) -> None:
        """Let go of what is held outside and nowhere else."""
        if self._desk is not None:
            holder = repository.holder_of(CartId(cart))
            change = partial(program.release, holder=holder, unbound=True)
            await self._acts.store.act(change, now=now)

    def hold(
        self, work: Work, cart: Cart, fence: int, until: datetime, key: PointsKey | None
    ) -> None:
        """Keep the points of a cart for as long as its units are, under the same fence.

        Those in the books of others are held already, under a `key`.

        Raises:
            Refusal: they cannot be spent, or not on this any more.
        """
        holder = repository.holder_of(cart.id)
        if key is not None and not program.bind(work, key, holder, fence, until):
            raise ProgrammeSilent
        if not cart.points or self._desk is not None:
            return
        if cart.customer is None:
            raise NoCustomer
        self.worth(cart, work.now)
        ledger.hold(work, cart.customer, holder, cart.points, fence=fence, until=until)

    def worth(self, cart: Cart, now: datetime) -> Money | None:
        """What the points of a cart pay of it; None where it spends none.

        Raises:
            PointsNotUsable: so many cannot be spent on it.
        """
        if not cart.points:
            return None
        return rules.worth(self._loyalty, cart.points, cart.total, at=now)

    def forecast(self, cart: Cart, now: datetime) -> int:
        """What it would earn if it were bought now, whoever buys it."""
        try:
            spent = self.worth(cart, now)
        except PointsNotUsable:
            spent = None
        return rules.earned(self._loyalty, goods_of(cart), spent, at=now)

    def agreed(self, cart: Cart, now: datetime) -> OrderPoints | None:
        """What is agreed about points when it is bought; None where nobody is known.

        Raises:
            PointsNotUsable: so many cannot be spent on it any more.
        """
        if cart.customer is None:
            return None
        terms = self._loyalty
        value = self.worth(cart, now)
        available_at = now + terms.pending_for
        good = terms.expires_after
        return OrderPoints(
            spent=cart.points,
            value=value or Money(cart.subtotal.amount * 0, cart.currency),
            earns=self.forecast(cart, now),
            available_at=available_at,
            expires_at=None if good is None else available_at + good,
            good_for=terms.restored_for,
            external=self._desk is not None,
        )

    async def _outside(self, cart: Cart, now: datetime) -> Member:
        if cart.customer is None:
            raise NoCustomer
        self.worth(cart, now)
        return await member_of(self._acts.store, cart.customer)

    async def _check_outside(self, desk: ProgramDesk, cart: Cart, now: datetime) -> None:
        member = await self._outside(cart, now)
        available = max(0, (await desk.known(member)).available)
        holder = repository.holder_of(cart.id)
        ask = partial(program.holds, holder=holder, now=now)
        if available + await self._acts.store.read(ask) < cart.points:
            raise NotEnoughPoints(asked=cart.points, available=available)

    def _check(self, work: Work, cart: Cart) -> None:
        if cart.customer is None:
            raise NoCustomer
        self.worth(cart, work.now)
        found = ledger.account(work, cart.customer)
        held = sum(
            one.points
            for one in found.position.holds
            if one.holder == repository.holder_of(cart.id)
        )
        if found.available + held < cart.points:
            raise found.refuse(cart.points)


def goods_of(cart: Cart) -> list[rules.Goods]:
    """What is in it, at what is paid for it."""
    return [rules.Goods(line.sku, line.total) for line in cart.lines]


def commit(work: Work, holder: str, fence: int, order: str, points: OrderPoints | None) -> None:
    """Spend the points that are held, in the act in which the goods are allocated.

    Raises:
        HoldExpired: they are not held any more.
    """
    if points is None or not points.spent:
        return
    books = program if points.external else ledger
    if not books.commit(work, holder, fence, order, points=points.spent):
        raise HoldExpired
