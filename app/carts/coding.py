"""Which codes of coupons does a cart have? All that it was told, whether they are any good."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.carts import events, repository
from app.carts.acting import CartActs, Change, Request
from app.carts.model import MOST_CODES, Cart
from app.carts.refusals import InvalidCartInput
from app.pricing.redeeming import Redemption
from app.settings.pricing import CODE
from app.store import Work

WELL_FORMED = re.compile(CODE)


class CartCodes:
    """Sets codes. What they take off shows in the cart; why not, in its problems."""

    def __init__(self, acts: CartActs) -> None:
        self._acts = acts

    async def set(self, cart: str, version: int, codes: Sequence[str], request: Request) -> Cart:
        """The cart with these codes in the place of those it had, and what rules take off now.

        What is held stays held.
        """
        wanted = sound(codes)

        async def prepare() -> Change:
            seen = await self._acts.open_at(cart, version, request)
            standing = await self._acts.discounts.standing(seen, request.inquiry)

            def change(work: Work) -> Cart:
                locked = self._acts.locked(work, seen.id, version)
                coded = replace(locked, codes=wanted, standing=standing)
                priced = self._acts.discounts.applied(coded, work.connection, work.now)
                after = self._acts.later(work, priced)
                repository.put(work.connection, after, lines=True)
                work.tell(events.codes_set(after))
                return after

            return change

        return await self._acts.once(request, prepare)

    async def checked(self, cart: Cart, request: Request) -> None:
        """Refuse to buy a cart that costs something else by now.

        Raises:
            CartPriceChanged: it does; set its codes again, or update its lines, to take it.
        """
        acts = self._acts
        await acts.discounts.checked(cart, acts.store, request.inquiry, request.now)

    def redemptions(self, cart: Cart, email: str) -> tuple[Redemption, ...]:
        """The coupons that are used up by whoever buys the cart and has this address."""
        return self._acts.discounts.redemptions(cart, email)


def sound(codes: Sequence[str]) -> tuple[str, ...]:
    """Codes as they are compared, each once.

    Raises:
        InvalidCartInput: there are too many, or one cannot be a code.
    """
    if len(codes) > MOST_CODES:
        raise InvalidCartInput(f"A cart has at most {MOST_CODES} codes.", path=("codes",))
    found = [code.strip().upper() for code in codes]
    for place, code in enumerate(found):
        if not WELL_FORMED.fullmatch(code):
            message = "A code has 3 to 40 letters, digits, hyphens and underscores."
            raise InvalidCartInput(message, path=("codes", str(place)))
    return tuple(dict.fromkeys(found))
