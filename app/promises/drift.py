"""Is a promise still what it was, and if not, what has changed?

Each part of the promise is looked at again in the way it was made. The cause that is told is the
one without which it would still hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.promises.model import Option
from app.promises.offered import Offer
from app.promises.stock import Seen
from app.promises.tokens import LegTerms, Terms, digest
from app.settings import Promises
from app.values import LocationCode


class DriftCause(StrEnum):
    """Why a promise is not what it was."""

    STOCK = "STOCK"
    CUTOFF_PASSED = "CUTOFF_PASSED"
    CAPACITY = "CAPACITY"
    CARRIER = "CARRIER"
    PRICE = "PRICE"
    ADDRESS = "ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What had been promised."""

    earliest: datetime
    latest: datetime
    fee: int
    currency: str
    locations: tuple[LocationCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseDrift:
    """The promise does not hold as it was; `after` is the nearest that does, None: none."""

    cause: DriftCause
    before: Before
    after: Option | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How the things that a promise depends on are now.

    `offers` are those of this moment; `offers_then` those of the moment it was made, by the rules
    and the slots of now. `stock` None: it is held.
    """

    area: str
    prices: tuple[str, ...]
    fee: int | None
    stock: Seen | None
    offers: Mapping[LegTerms, Offer | None]
    offers_then: Mapping[LegTerms, Offer | None]
    carriers: str


def cause(terms: Terms, now: Now) -> DriftCause | None:
    """What has changed; None: the promise is as it was."""
    if terms.area != now.area:
        return DriftCause.ADDRESS
    prices = zip(terms.prices, now.prices, strict=True)
    if any(was and price and was != price for was, price in prices):  # unknown is not another
        return DriftCause.PRICE
    there = now.stock is None or (
        not now.stock.short and all(_there(leg, terms, now.stock) for leg in terms.legs)
    )
    if not there:
        return DriftCause.STOCK
    if all(_same(leg, now.offers.get(leg)) for leg in terms.legs):
        return None if now.fee == terms.fee else DriftCause.PRICE
    return _of_time(terms, now)


def _of_time(terms: Terms, now: Now) -> DriftCause:
    """Why it comes at another time, or not at all."""
    if terms.carriers != now.carriers:
        return DriftCause.CARRIER
    if not all(_same(leg, now.offers_then.get(leg)) for leg in terms.legs):
        return DriftCause.CAPACITY
    return DriftCause.CUTOFF_PASSED


def _there(leg: LegTerms, terms: Terms, stock: Seen) -> bool:
    """Whether all legs from a location together find there what they need."""
    shelf = stock.by_location.get(LocationCode(leg.location))
    if shelf is None:
        return False
    from_there = [one.units for one in terms.legs if one.location == leg.location]
    needed = map(sum, zip(*from_there, strict=True))
    return all(has >= count for has, count in zip(shelf.units, needed, strict=True))


def _same(leg: LegTerms, offer: Offer | None) -> bool:
    """Whether it comes when it was told to; what is taken from a shelf may be there before."""
    if offer is None:
        return False
    if offer.collected_at is None:
        return offer.soonest <= leg.latest
    return (offer.earliest, offer.latest) == (leg.earliest, leg.latest)


def matching(leg: LegTerms, offers: Sequence[Offer]) -> Offer | None:
    """The offer by which a leg would go."""
    wanted = (leg.location, leg.service, leg.carrier, leg.carrier_service, leg.to)
    return next((one for one in offers if identity(one) == wanted), None)


def identity(offer: Offer) -> tuple[str, str, str, str, str]:
    """What tells an offer from all others."""
    return (
        offer.location,
        offer.service,
        offer.carrier or "",
        offer.carrier_service or "",
        offer.to or "",
    )


def carriers(legs: Sequence[LegTerms], rules: Promises) -> str:
    """A digest of what the rules say of the services that legs go by."""
    told = []
    for leg in legs:
        carrier = rules.carriers.get(leg.carrier)
        service = None if carrier is None else carrier.services.get(leg.carrier_service)
        told.append(None if service is None else service.model_dump_json(exclude={"fees"}))
    moved = rules.transfers.model_dump_json() if rules.transfers is not None else None
    brought = any(leg.service == "TRANSFER" for leg in legs)
    return digest([*told, moved if brought else None])


def before(terms: Terms) -> Before:
    """What a token had promised."""
    return Before(
        earliest=datetime.fromtimestamp(terms.earliest, UTC),
        latest=datetime.fromtimestamp(terms.latest, UTC),
        fee=terms.fee,
        currency=terms.currency,
        locations=tuple(LocationCode(leg.location) for leg in terms.legs),
    )
