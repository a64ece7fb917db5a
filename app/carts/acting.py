"""How is a cart changed? Locked, at the version its caller saw, once for each key."""

import re
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection

from app.availability import ledger
from app.carts import events, repository
from app.carts.discounting import NO_DISCOUNTS, Discounts
from app.carts.model import ID, Cart, CartId, opened
from app.carts.refusals import CartNotFound, CartVersionConflict, InvalidCartInput
from app.customers import viewing
from app.errors import Refusal
from app.loyalty import ledger as points
from app.loyalty import program
from app.principals.model import ANYBODY, Viewer
from app.settings import Carts as Terms
from app.settings import Channel as ChannelRules
from app.store import Store, Work
from app.store.keys import InFlight, Once, claim, result_of, settle
from app.upstream.readings import Inquiry
from app.values import Channel, ChannelCode

KEY = re.compile(r"[\x21-\x7e]{16,100}")
NEW = "new"  # the scope of what is asked of no cart yet
Change = Callable[[Work], Cart]


@dataclass(frozen=True, slots=True)
class Contended:
    """A change that others wait for if they lock the same `rows`."""

    change: Change
    rows: Hashable

    def __call__(self, work: Work) -> Cart:
        """Change."""
        return self.change(work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """On whose behalf something is changed: when, how long it may ask others, and once or not."""

    now: datetime
    inquiry: Inquiry
    by: Viewer = ANYBODY
    once: Once | None = None


class CartActs:
    """What all changes of carts have in common."""

    def __init__(
        self,
        store: Store,
        *,
        terms: Terms,
        channels: Mapping[str, ChannelRules],
        discounts: Discounts = NO_DISCOUNTS,
    ) -> None:
        self.store = store
        self.terms = terms
        self.discounts = discounts
        self._channels = channels
        self._in_flight = InFlight()

    async def find(self, cart: str, *, now: datetime, by: Viewer) -> Cart:
        """A cart as it is now.

        Raises:
            CartNotFound: there is none, it has expired, or it is not theirs.
        """
        if not ID.fullmatch(cart):
            raise CartNotFound

        def seen(connection: Connection) -> Cart | None:
            found = repository.find(connection, cart=CartId(cart), now=now)
            return None if found is None else seen_by(connection, by, found)

        if (found := await self.store.read(seen)) is None:
            raise CartNotFound
        return found

    async def open_at(self, cart: str, version: int, request: Request) -> Cart:
        """A cart that may be changed, as its caller saw it.

        Raises:
            Refusal: there is none, it is closed, or it has another version.
        """
        found = await self.find(cart, now=request.now, by=request.by)
        return at_version(found, version)

    def channel(self, code: ChannelCode) -> tuple[Channel, ChannelRules]:
        """The channel of a cart, and its rules.

        Raises:
            InvalidCartInput: the retailer has closed it.
        """
        if (rules := self._channels.get(code)) is None:
            raise InvalidCartInput("The channel of this cart is not there any more.")
        return rules.named(code), rules

    async def once(self, request: Request, prepare: Callable[[], Awaitable[Change]]) -> Cart:
        """The cart after a change; a repeated request gets what the first was told.

        `prepare` asks others what the change needs, the change is one transaction.

        Raises:
            Refusal: nothing was changed.
        """
        once = request.once
        if once is None:
            return await self._act(await prepare(), request)
        again = partial(_again, request=request)
        with self._in_flight.alone(once):
            if (told := await self.store.read(again)) is not None:
                return told
            try:
                change = await prepare()
            except Refusal:
                # Another process may have done it in between, and then the cart is a later one.
                if (told := await self.store.read(again)) is not None:
                    return told
                raise
            keyed: Change = partial(self._keyed, once, change)
            if isinstance(change, Contended):
                keyed = Contended(keyed, change.rows)
            return await self._act(keyed, request)

    async def _act(self, change: Change, request: Request) -> Cart:
        if isinstance(change, Contended):
            return await self.store.act(change, now=request.now, queue=change.rows)
        return await self.store.act(change, now=request.now)

    def locked(self, work: Work, cart: CartId, version: int) -> Cart:
        """The cart, for a change.

        Raises:
            Refusal: as `open_at`.
        """
        found = repository.lock(work.connection, [cart], now=work.now).get(cart)
        if found is None:
            raise CartNotFound
        return at_version(found, version)

    def keep(self, work: Work, cart: Cart, *, lines: bool = False) -> Cart:
        """Write a changed cart under its next version; new `lines` end what is held for the old."""
        cart = self.later(work, cart)
        if lines:
            cart = self.discounts.applied(cart, work.connection, work.now)
            cart = replace(cart, promises=cart.still_promised)
        if lines:
            cart = self.freed(work, cart)
        repository.put(work.connection, cart, lines=lines)
        return cart

    def freed(self, work: Work, cart: Cart) -> Cart:
        """A cart for which nothing is held any more."""
        if let_go(work, cart):
            work.tell(events.hold_released(cart))
            cart = replace(cart, hold=None)
        return cart

    def later(self, work: Work, cart: Cart) -> Cart:
        """The next version of a cart, as of now."""
        until = work.now + self.terms.lifetime
        return replace(cart, version=cart.version + 1, updated_at=work.now, expires_at=until)

    def _keyed(self, once: Once, change: Change, work: Work) -> Cart:
        if (told := claim(work, once, kept_for=self.terms.keys_for)) is not None:
            return _told(work.connection, told, work.now)
        cart = change(work)
        settle(work, once, msgspec.to_builtins(replace(cart, buyer=None)))
        return cart


def let_go(work: Work, cart: Cart) -> bool:
    """Hold nothing for a cart any more, neither units nor points; whether units were."""
    holder = repository.holder_of(cart.id)
    held = ledger.release(work, holder)
    if cart.points:
        points.release(work, holder)
        program.release(work, holder)
    return held


def once_of(scope: str, key: str | None, digest: str) -> Once | None:
    """What makes a request one that has one effect; None without a key.

    Raises:
        InvalidCartInput: the key is too short to be one's own, or too long.
    """
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise InvalidCartInput(
            "idempotencyKey has 16 to 100 visible ASCII characters, such as a UUID.",
            path=("idempotencyKey",),
        )
    return Once(scope=scope, key=key, digest=digest)


def seen_by(connection: Connection, viewer: Viewer, cart: Cart) -> Cart:
    """The cart, if somebody may use it.

    Raises:
        CartNotFound: they may not; it looks as if there were none.
    """
    if not viewing.may_use(connection, viewer, cart.customer):
        raise CartNotFound
    return cart


def at_version(cart: Cart, version: int) -> Cart:
    """The cart, which may be changed and is as its caller saw it.

    Raises:
        Refusal: it is closed, or has another version.
    """
    if opened(cart).version != version:
        raise CartVersionConflict(cart)
    return cart


def _again(connection: Connection, request: Request) -> Cart | None:
    """What the same request was told before."""
    if (once := request.once) is None:
        return None
    told = result_of(connection, once, now=request.now)
    if told is None:
        return None
    return seen_by(connection, request.by, _told(connection, told, request.now))


def _told(connection: Connection, told: Any, now: datetime) -> Cart:
    """What was told before. Who buys is not written twice: it is as it is now."""
    cart = msgspec.convert(told, Cart)
    current = repository.find(connection, cart.id, now=now)
    if current is None:
        return cart
    return replace(cart, buyer=current.buyer, customer=current.customer)
