"""What came of telling listings when all of it failed?"""

from collections.abc import Sequence

from app.errors import UpstreamError, UpstreamThrottled, UpstreamUnauthorized
from app.markets.deciding import Sent
from app.ports import OfferState, PublishedOffer
from app.values import Sku

NOTHING_CHANGED = (UpstreamThrottled, UpstreamUnauthorized)


def stopped(error: UpstreamError) -> OfferState:
    """Whether a failure leaves open what is shown."""
    return OfferState.NOT_SENT if isinstance(error, NOTHING_CHANGED) else OfferState.UNKNOWN


def outcomes(
    sent: Sequence[Sent], state: OfferState, error: UpstreamError
) -> dict[Sku, PublishedOffer]:
    """The same of each of them."""
    skus = [one.before.sku for one in sent]
    return {sku: PublishedOffer(sku=sku, state=state, reason=error.code) for sku in skus}
