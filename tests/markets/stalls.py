"""A marketplace whose answers are lost, late or refused, and processes that tell it things."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from app.errors import UpstreamRefused, UpstreamThrottled, UpstreamUnavailable
from app.markets.book import MarketBook
from app.markets.looking import Looking
from app.markets.model import Said, Saying
from app.markets.telling import ListingTeller
from app.ports import Answer, Listing, Offer, OfferState, PublicationKey, PublishedOffer
from app.settings import Market as Terms
from app.store import Store
from app.values import CurrencyCode, Money, Sku
from tests.orders.dying import Life, Mortal
from tests.orders.world import Clock

NAME = "market"
LATE = timedelta(seconds=40)  # that a word may still come after its answer was given up
MODES = ("well", "dead", "lost", "late", "throttled", "partly")  # that pass; a refusal stays
Figures = tuple[int | None, str | None]


def euro(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


@dataclass
class Stall:
    """What is listed, and how it answers next; `unlisted` SKUs are refused."""

    clock: Clock
    mode: str = "well"
    listed: dict[Sku, Figures] = field(default_factory=dict)
    unlisted: set[Sku] = field(default_factory=set)
    calls: list[list[Offer]] = field(default_factory=list)
    coming: list[tuple[datetime, list[Offer]]] = field(default_factory=list)

    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        assert key
        self.arrives()
        told = list(offers)
        self.calls.append(told)
        match self.mode:
            case "dead":
                raise UpstreamUnavailable("did not answer")
            case "lost":
                self._take(told)
                raise UpstreamUnavailable("did not answer in time")
            case "late":
                self.coming.append((self.clock() + LATE, told))
                raise UpstreamUnavailable("did not answer in time")
            case "throttled":
                raise UpstreamThrottled("asks us to wait", retry_after=timedelta(seconds=90))
            case "refused":
                raise UpstreamRefused("does not take this")
        half = told[: len(told) // 2] if self.mode == "partly" else told
        rows = [*self._take(half), *(_not_sent(one) for one in told[len(half) :])]
        return Answer(rows=tuple(rows), as_of=self.clock())

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        self.arrives()
        if self.mode != "well":
            raise UpstreamUnavailable("did not answer")
        rows = [_listing(sku, self.listed[sku], self.clock()) for sku in skus if sku in self.listed]
        return Answer(rows=tuple(rows), as_of=self.clock())

    def arrives(self) -> None:
        """What was late comes, over whatever came since."""
        due = [told for at, told in self.coming if at <= self.clock()]
        self.coming = [one for one in self.coming if one[0] > self.clock()]
        for told in due:
            self._take(told)

    def _take(self, told: Sequence[Offer]) -> list[PublishedOffer]:
        return [self._taken(one) for one in told]

    def _taken(self, offer: Offer) -> PublishedOffer:
        if offer.sku in self.unlisted:
            return PublishedOffer(sku=offer.sku, state=OfferState.REFUSED, reason="no_page")
        quantity, price = self.listed.get(offer.sku, (None, None))
        price = price if offer.price is None else str(offer.price.amount)
        quantity = quantity if offer.quantity is None else offer.quantity
        self.listed[offer.sku] = (quantity, price)
        return PublishedOffer(sku=offer.sku, state=OfferState.ACCEPTED)


def _not_sent(offer: Offer) -> PublishedOffer:
    return PublishedOffer(sku=offer.sku, state=OfferState.NOT_SENT, reason="UPSTREAM_THROTTLED")


def _listing(sku: Sku, figures: Figures, at: datetime) -> Listing:
    quantity, price = figures
    money = None if price is None else euro(price)
    return Listing(sku=sku, buyable=bool(quantity), quantity=quantity, price=money, as_of=at)


@dataclass
class Stand:
    """A stall, what we say of our things, and processes that tell it."""

    store: Store
    clock: Clock = field(default_factory=Clock)
    has: dict[Sku, Said] = field(default_factory=dict)
    book: MarketBook = field(default_factory=MarketBook)
    stall: Stall = field(init=False)

    def __post_init__(self) -> None:
        self.stall = Stall(self.clock)

    def teller(self, life: Life | None = None, **terms: Any) -> ListingTeller:
        """A process, for as long as it lives."""
        store: Any = self.store if life is None else Mortal(self.store, life)
        sink: Any = self.stall if life is None else Mortal(self.stall, life)
        told = {"channel": "MARKET", "locations": ["DC"], "batch": 3, **terms}

        async def said(skus: Sequence[Sku]) -> Saying:
            return {sku: self.has.get(sku, Said(None)) for sku in skus}

        async def catalogue() -> AsyncIterator[Sequence[Sku]]:
            yield sorted(self.has)

        return ListingTeller(
            name=NAME,
            terms=Terms.model_validate(told),
            sink=sink,
            looking=Looking(said, catalogue, ("*",)),
            store=store,
            book=self.book,
            now=self.clock,
        )

    def sells(self, sku: str, quantity: int | None, price: str | None = None) -> None:
        self.has[Sku(sku)] = Said(quantity, None if price is None else f"{price} EUR")

    def passes(self, seconds: float) -> None:
        self.clock.move(seconds)
        self.stall.arrives()

    async def told(self, teller: ListingTeller) -> None:
        """Tell until there is nothing more at once."""
        while await teller.once():
            pass

    async def settled(self) -> None:
        """The marketplace answers, and time enough passes."""
        self.stall.mode = "well"
        for _ in range(12):
            await self.told(self.teller())
            self.passes(91)

    def shows(self, sku: str) -> Figures:
        return self.stall.listed.get(Sku(sku), (None, None))
