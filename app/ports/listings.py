"""Listings: what do we offer at a place that sells for us, how many, and at what price?

Figures are absolute: whoever writes the same again leaves the same. So an order of writes is the
caller's to keep, and a key names one publication for whoever has to ask about it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from msgspec import Struct

from app.ports.answer import Answer
from app.values import Money, Sku

PublicationKey = NewType("PublicationKey", str)
"""Our key of one publication: the same whenever it is written again; letters, digits, hyphens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is to be offered of a SKU from now on; None leaves a figure as it is.

    `price` is for one unit, with the taxes that the buyer pays.
    """

    sku: Sku
    quantity: int | None = None
    price: Money | None = None


class OfferState(StrEnum):
    """What became of one offer.

    `ACCEPTED` was taken, and shows after a while. `REFUSED` never will be as it is. `NOT_SENT`
    changed nothing: write it again. Of `UNKNOWN` nobody knows: write it again, too.
    """

    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    NOT_SENT = "NOT_SENT"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedOffer:
    """What became of an offer. `reference` is the vendor's name of the submission.

    `reason` says why it was not accepted, in codes of the vendor and never in its words.
    """

    sku: Sku
    state: OfferState
    reference: str | None = None
    reason: str | None = None


class Listing(Struct, frozen=True, kw_only=True, gc=False):
    """What is offered of a SKU; None where it is not told. `buyable`: somebody could buy it now."""

    sku: Sku
    buyable: bool
    quantity: int | None = None
    price: Money | None = None
    as_of: datetime


@runtime_checkable
class ListingSink(Protocol):
    """Takes the quantities and prices at which it sells for us."""

    async def publish(
        self, offers: Collection[Offer], *, key: PublicationKey
    ) -> Answer[PublishedOffer]:
        """What became of each of the offers, each SKU once; the last offer of a SKU counts.

        As soon as there is something to tell of one of them, a failure is told of each that it
        concerns. Before, it is raised.

        Raises:
            UpstreamRefused, UpstreamUnauthorized, UpstreamThrottled: nothing was changed.
            UpstreamUnavailable, UpstreamBroken: unknown whether something was changed.
        """
        ...

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        """What is offered of these SKUs; one that is not listed is left out."""
        ...
