"""What is offered? Shipments that could be made to one place, and locations that make none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from app.promises.model import Reason, Service
from app.promises.problem import Candidate, Tariff
from app.promises.pruning import Rivals
from app.values import LocationCode, LocationKind


class Emitted(NamedTuple):
    """What a shipment emits: each of some factors so often, and line haul over kilometres."""

    each: tuple[tuple[str, int], ...]
    haul: str | None
    km: int


class Offer(NamedTuple):
    """A shipment that could be made. Instants are seconds since 1970.

    `order_by` is the last moment to order it so.
    """

    location: LocationCode
    kind: LocationKind
    service: Service
    carrier: str | None
    carrier_service: str | None
    to: LocationCode | None
    soonest: int
    collected_at: int | None
    earliest: int
    latest: int
    order_by: int
    tariff: Tariff
    emitted: Emitted
    fixed: int
    rate: int  # micrograms of each gram, as `fixed` are of each shipment


class Rejected(NamedTuple):
    """A location from which nothing goes there, and what would change that."""

    location: LocationCode
    reason: Reason
    change: str


@dataclass(frozen=True, slots=True)
class Offers:
    """All offers to one place, as they were `made`; they hold until `order_by`, the first cut-off.

    `candidates` and `rivals` are the same for the search, whose sources are `locations`.
    """

    all: tuple[Offer, ...]
    rejected: tuple[Rejected, ...]
    made: int
    order_by: int
    locations: tuple[LocationCode, ...]
    candidates: tuple[Candidate, ...]
    rivals: Rivals


def gathered(found: Iterable[list[Offer] | Rejected], made: int) -> Offers:
    """Put what each location offers together."""
    offers: list[Offer] = []
    rejected: list[Rejected] = []
    for one in found:
        if isinstance(one, Rejected):
            rejected.append(one)
        else:
            offers.extend(one)
    sources = {one: n for n, one in enumerate(dict.fromkeys(each.location for each in offers))}
    candidates = tuple(
        Candidate(sources[one.location], one.latest - made, one.tariff, one.fixed, one.rate)
        for one in offers
    )
    return Offers(
        all=tuple(offers),
        rejected=tuple(rejected),
        made=made,
        order_by=min((one.order_by for one in offers), default=0),
        locations=tuple(sources),
        candidates=candidates,
        rivals=Rivals.of(candidates),
    )
