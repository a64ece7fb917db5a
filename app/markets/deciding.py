"""What is a marketplace to show of a SKU, and is there something to tell? It only reckons."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.markets.model import ListingState, Said, Shown, backoff, written
from app.ports import Listing, OfferState, PublishedOffer
from app.settings import Market as Terms
from app.settings import UnknownStock

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
SETTLES = timedelta(minutes=1)  # a word whose fate is unknown may come as late
SHOWS = timedelta(minutes=15)  # what was accepted shows by then


@dataclass(frozen=True, slots=True)
class Sent:
    """What is being told of a SKU; None where a figure is left as it is. `before`: as it was."""

    before: Shown
    quantity: int | None
    price: str | None

    @classmethod
    def of(cls, one: Shown) -> "Sent":
        """What there is to tell."""
        return cls(
            one,
            one.wanted_quantity if one.tells_quantity else None,
            one.wanted_price if one.tells_price else None,
        )


def wanted(before: Shown, said: Said, terms: Terms, now: datetime) -> Shown:
    """A listing after we have said what there is."""
    quantity, unknown_since = said.quantity, None
    if quantity is None:
        unknown_since = before.unknown_since or now
        quantity = before.wanted_quantity
        late = now - unknown_since >= terms.unknown_for
        if late and terms.unknown is UnknownStock.ZERO:
            quantity = 0
    again = before.again_at is not None and before.again_at <= now
    after = replace(
        before,
        wanted_quantity=quantity,
        wanted_price=said.price or before.wanted_price,
        unknown_since=unknown_since,
        gone=False,
        quantity=None if again else before.quantity,
        price=None if again else before.price,
        again_at=None if again else before.again_at,
    )
    return due(after, now)


def due(one: Shown, now: datetime) -> Shown:
    """The same, to be told where it differs."""
    if not one.differs:
        return replace(one, since=None, due_at=None)
    return replace(one, since=one.since or now, due_at=one.due_at or now)


def sending(one: Shown, now: datetime) -> Shown:
    """A listing that is about to be told: from now on nobody knows what is shown.

    Who finds one that somebody else began to tell tells it twice, as that word may come late.
    """
    sent = Sent.of(one)
    begun = one.state in {ListingState.SENDING, ListingState.UNSURE}
    return replace(
        one,
        state=ListingState.SENDING,
        quantity=one.quantity if sent.quantity is None else None,
        price=one.price if sent.price is None else None,
        again_at=now + SETTLES if begun else one.again_at,
    )


def concluded(one: Shown, sent: Sent, told: PublishedOffer, now: datetime) -> Shown:
    """A listing after it was told; `one` is it as it is by now, and `sent` what was told."""
    state = told.state
    if state is OfferState.UNKNOWN or state is OfferState.NOT_SENT:
        return _again(one, sent, told, now)
    same = one.version == sent.before.version  # else it sold some, or was set back, meanwhile
    quantity = sent.quantity if sent.quantity is not None and same else one.quantity
    price = sent.price if sent.price is not None and same else one.price
    accepted = state is OfferState.ACCEPTED
    after = replace(
        one,
        quantity=quantity,
        price=price,
        state=ListingState.TOLD if accepted else ListingState.REFUSED,
        reason=None if accepted else told.reason,
        attempts=0,
        told_at=now,
        since=None,
        due_at=None,
    )
    return due(after, now)


def _again(one: Shown, sent: Sent, told: PublishedOffer, now: datetime) -> Shown:
    """It is told once more after a while; what was not sent changed nothing."""
    at = now + backoff(one.attempts, FIRST_WAIT, LONGEST_WAIT)
    after = replace(one, attempts=one.attempts + 1, reason=told.reason, due_at=at)
    after = replace(after, since=one.since or now)
    if told.state is OfferState.UNKNOWN:
        return replace(after, state=ListingState.UNSURE)
    same = one.version == sent.before.version
    return replace(
        after,
        state=ListingState.NOT_SENT,
        quantity=sent.before.quantity if same else one.quantity,
        price=sent.before.price if same else one.price,
    )


def compared(one: Shown, there: Listing | None, now: datetime) -> Shown:
    """A listing after a look at what the marketplace shows; None: it does not list it.

    What was refused is tried again; what was told a moment ago need not show yet.
    """
    if one.due_at is not None or (one.told_at is not None and now - one.told_at < SHOWS):
        return one
    if one.state is ListingState.REFUSED or there is None:
        return due(replace(one, quantity=None, price=None), now)
    price = None if there.price is None else written(there.price)
    after = replace(
        one,
        quantity=one.quantity if there.quantity in {None, one.quantity} else None,
        price=one.price if price in {None, one.price} else None,
    )
    return due(after, now)
