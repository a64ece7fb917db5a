"""How does a cart get from one device to another? By a short code, once, for a moment.

Whoever has the code has the cart, so it must not be guessed. Its first four characters find it, the
other six prove that it is known; after five wrong tries it is void. However fast somebody guesses,
each code is met with a probability of five in 2^30. Only a slow hash of it is written.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from hashlib import scrypt
from typing import Any

from sqlalchemy import Connection

from app.carts import events, repository
from app.carts.acting import CartActs, Change, Request
from app.carts.model import Cart, CartId, opened
from app.carts.refusals import CodeRefused
from app.customers import viewing
from app.principals.model import ANYBODY, Viewer
from app.store import Work

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing is taken for something else
READ_AS = str.maketrans("OIL", "011", "- ")
SELECTOR, SECRET = 4, 6  # characters
MOST_FAILURES = 5


class HandOvers:
    """Makes codes, and takes them."""

    def __init__(self, acts: CartActs, made: Callable[[int], str] | None = None) -> None:
        """`made` gives so many characters that nobody can foresee."""
        self._acts = acts
        self._made = made or _random

    async def offer(
        self, cart: str, *, now: datetime, by: Viewer = ANYBODY
    ) -> tuple[str, datetime]:
        """A code for a cart and until when it is good; the one before is not any more."""
        found = opened(await self._acts.find(cart, now=now, by=by))
        selector, secret = self._made(SELECTOR), self._made(SECRET)
        hashed = await asyncio.to_thread(hash_of, selector, secret)
        until = now + self._acts.terms.hand_over_within

        def change(work: Work) -> None:
            repository.put_code(work.connection, found.id, selector, hashed, until=until)
            work.tell(events.code_made(found.id))

        await self._acts.store.act(change, now=now)
        return f"{selector}-{secret}", until

    async def take(self, code: str, request: Request) -> Cart:
        """The cart that a code stands for, which is void from now on.

        Raises:
            CodeRefused: it is wrong, was used, or is too old.
        """
        read = code.upper().translate(READ_AS)
        if len(read) != SELECTOR + SECRET or not set(read) <= set(ALPHABET):
            raise CodeRefused
        selector, secret = read[:SELECTOR], read[SELECTOR:]

        async def prepare() -> Change:
            good = partial(_good, selector=selector, now=request.now)
            if await self._acts.store.read(good) is None:
                raise CodeRefused  # before the hash, which costs
            hashed = await asyncio.to_thread(hash_of, selector, secret)
            if not await self._acts.store.act(
                partial(_tried, selector=selector, hashed=hashed), now=request.now
            ):
                raise CodeRefused
            return partial(self._taken, selector, hashed, request.by)

        return await self._acts.once(request, prepare)

    def _taken(self, selector: str, hashed: str, by: Viewer, work: Work) -> Cart:
        row = _good(work.connection, selector, work.now, locked=True)
        if row is None or not secrets.compare_digest(row.hashed, hashed):
            raise CodeRefused
        cart = repository.find(work.connection, CartId(row.cart), now=work.now)
        if cart is None or not viewing.may_use(work.connection, by, cart.customer):
            raise CodeRefused
        repository.drop_code(work.connection, selector)
        work.tell(events.taken_over(cart))
        return cart


def hash_of(selector: str, secret: str) -> str:
    """What is written of a code: about 20 ms of CPU."""
    return scrypt(secret.encode(), salt=selector.encode(), n=2**13, r=8, p=1, dklen=32).hex()


def _good(
    connection: Connection, selector: str, now: datetime, *, locked: bool = False
) -> Any | None:
    row = repository.find_code(connection, selector, locked=locked)
    if row is None or row.expires_at <= now or row.failures >= MOST_FAILURES:
        return None
    return row


def _tried(work: Work, selector: str, hashed: str) -> bool:
    """Whether a code is right; a wrong one is counted, whatever becomes of the rest."""
    row = _good(work.connection, selector, work.now, locked=True)
    if row is None:
        return False
    if secrets.compare_digest(row.hashed, hashed):
        return True
    repository.count_failure(work.connection, selector)
    return False


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
