"""What is listed of the seller's SKUs, and what became of new quantities and prices?

Amazon takes one SKU at a time, as a change of whole attributes, and names no key: the figures are
absolute, so that the same change once more leaves the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from app.errors import (
    UpstreamBroken,
    UpstreamError,
    UpstreamRefused,
    UpstreamThrottled,
    UpstreamUnauthorized,
)
from app.ports import (
    Answer,
    Listing,
    Offer,
    OfferState,
    PublicationKey,
    PublishedOffer,
    Wiring,
)
from app.values import Sku
from connectors.amazon import listing_mapping as mapping
from connectors.amazon.api import Api, Call, refusal, understood
from connectors.amazon.listing_mapping import Shelf
from connectors.amazon.quota import Plan
from connectors.amazon.settings import Settings
from connectors.kit.rows import answer, batches, merged

SKUS_PER_CALL = 20
OF_ITEMS = "/listings/2021-08-01/items/{seller}"
SEARCH = Call(operation="search-listings", method="GET", path=OF_ITEMS, plan=Plan(5, 5))
PATCH = Call(
    operation="patch-listing",
    method="PATCH",
    path=OF_ITEMS + "/{sku}",
    plan=Plan(5, 5),
    safe=False,
)
CHANGED_NOTHING = (UpstreamThrottled, UpstreamUnauthorized)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one offer, and the error if that is all there is to tell."""

    row: PublishedOffer
    error: UpstreamError | None = None
    as_of: datetime | None = None


class Listings:
    """Fulfils `ListingSink`."""

    def __init__(self, settings: Settings, shelf: Shelf, wiring: Wiring, api: Api) -> None:
        self._seller = settings.seller_id
        self._shelf = shelf
        self._now = wiring.now
        self._api = api

    async def listings(self, skus: Collection[Sku]) -> Answer[Listing]:
        """See `ListingSink`."""
        answers = []
        for asked in batches((sku for sku in skus if "," not in sku), SKUS_PER_CALL):
            rows, as_of = await self._search(asked, "summaries,offers,fulfillmentAvailability")
            listing = partial(mapping.listing, shelf=self._shelf, as_of=as_of)
            answers.append(answer(rows, listing, as_of=as_of, reference=_sku))
        return merged(answers, key=lambda row: row.sku, as_of=self._now())

    async def publish(
        self,
        offers: Collection[Offer],
        *,
        key: PublicationKey,  # noqa: ARG002  Amazon knows no keys
    ) -> Answer[PublishedOffer]:
        """See `ListingSink`."""
        latest = {offer.sku: offer for offer in offers}
        sound = [sku for sku, offer in latest.items() if not mapping.impossible(offer, self._shelf)]
        kinds = await self._kinds(sound)
        outcomes: list[Outcome] = []
        stopped: UpstreamError | None = None
        for offer in latest.values():
            outcome = await self._outcome(offer, kinds, stopped)
            outcomes.append(outcome)
            if outcome.error is not None and not isinstance(outcome.error, UpstreamRefused):
                stopped = outcome.error
        _raise_alone(outcomes)
        stamps = [one.as_of for one in outcomes if one.as_of is not None]
        rows = tuple(one.row for one in outcomes)
        return Answer(rows=rows, as_of=min(stamps, default=self._now()))

    async def _outcome(
        self, offer: Offer, kinds: Mapping[Sku, str | None], stopped: UpstreamError | None
    ) -> Outcome:
        if (reason := mapping.impossible(offer, self._shelf)) is not None:
            return _refused(offer, reason)
        if offer.sku not in kinds:
            return _refused(offer, "it is not listed")
        if (kind := kinds[offer.sku]) is None:
            return _refused(offer, "Amazon does not say what kind of product it is")
        if stopped is not None:
            row = PublishedOffer(sku=offer.sku, state=OfferState.NOT_SENT, reason=stopped.code)
            return Outcome(row)
        try:
            return await self._patched(offer, kind)
        except UpstreamError as error:
            return _failed(offer, error)

    async def _patched(self, offer: Offer, kind: str) -> Outcome:
        if not (patches := mapping.patches(offer, self._shelf)):
            return Outcome(PublishedOffer(sku=offer.sku, state=OfferState.ACCEPTED))
        reply = await self._api.send(
            PATCH,
            ids={"seller": self._seller, "sku": offer.sku},
            query=[("marketplaceIds", self._shelf.marketplace)],
            body={"productType": kind, "patches": patches},
        )
        read = partial(mapping.published, sku=offer.sku)
        row = understood(reply.body, read, "submission")
        return Outcome(row, as_of=reply.as_of)

    async def _kinds(self, skus: Collection[Sku]) -> dict[Sku, str | None]:
        """The product types of those that are listed; None where it cannot be read."""
        found: dict[Sku, str | None] = {}
        for asked in batches(skus, SKUS_PER_CALL):
            rows, as_of = await self._search(asked, "productTypes")
            kind = partial(mapping.kind, shelf=self._shelf)
            read = answer(rows, kind, as_of=as_of, reference=_sku)
            if read.rejected and not read.rows:
                raise UpstreamBroken("told of no sound listing")
            unsure = {Sku(row.reference): None for row in read.rejected}
            found |= {**unsure, **dict(read.rows)}
        return found

    async def _search(self, skus: list[Sku], about: str) -> tuple[list[Any], datetime]:
        """The listings of some SKUs."""
        reply = await self._api.send(
            SEARCH,
            ids={"seller": self._seller},
            query=[
                ("marketplaceIds", self._shelf.marketplace),
                ("identifiers", ",".join(skus)),
                ("identifiersType", "SKU"),
                ("includedData", about),
                ("pageSize", str(SKUS_PER_CALL)),
            ],
        )
        rows = [row for row in reply.rows("items") if not mapping.is_strange(row, skus)]
        return rows, reply.as_of


def _sku(row: Any) -> object:
    return row["sku"]


def _refused(offer: Offer, reason: str) -> Outcome:
    return Outcome(PublishedOffer(sku=offer.sku, state=OfferState.REFUSED, reason=reason))


def _failed(offer: Offer, error: UpstreamError) -> Outcome:
    state, reason = OfferState.UNKNOWN, error.code
    if isinstance(error, UpstreamRefused):
        state, reason = OfferState.REFUSED, refusal(error) or error.code
    if isinstance(error, CHANGED_NOTHING):
        state = OfferState.NOT_SENT
    return Outcome(PublishedOffer(sku=offer.sku, state=state, reason=reason), error)


def _raise_alone(outcomes: list[Outcome]) -> None:
    """Raise what is wrong where nothing else is to be told."""
    errors = [one.error for one in outcomes if one.error is not None]
    refused = [error for error in errors if isinstance(error, UpstreamRefused)]
    told = [one for one in outcomes if one.error is None and one.row.state != OfferState.NOT_SENT]
    if errors and not told and (len(outcomes) == 1 or not refused):
        raise errors[0]
