"""What is a promise made of, and is it made of the same still?"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from app.availability.model import FulfilmentMethod
from app.promises.costs import minor
from app.promises.drift import DriftCause, Now, carriers, cause, matching
from app.promises.model import Leg, Option
from app.promises.offered import Offer, Offers
from app.promises.problem import Point, Shipment
from app.promises.question import Look
from app.promises.quoting import Quoting, Target
from app.promises.refusals import TokenRefused
from app.promises.targets import Targets
from app.promises.tokens import LegTerms, Signer, Terms, digest
from app.values import Sku


@dataclass(frozen=True)
class Checking:
    """Seals options, and looks at what was sealed again."""

    quoting: Quoting
    targets: Targets
    signer: Signer
    rules_version: str = field(init=False)

    def __post_init__(self) -> None:
        rules = self.quoting.offering.rules.model_dump(mode="json", exclude={"signing"})
        object.__setattr__(self, "rules_version", digest(rules))

    def sealed(self, option: Option, look: Look, now: int) -> Option:
        """An option that can tell its token."""
        return replace(option, seal=partial(self._token, look, now))

    def _token(self, look: Look, now: int, option: Option) -> str:
        return self.signer.sign(self.terms(option, look, now))

    def terms(self, option: Option, look: Look, now: int) -> Terms:
        """What an option depends on."""
        skus = [line.sku for line in look.basket.lines]
        legs = tuple(_leg(leg, skus) for leg in option.legs)
        fee = option.cost_to_customer
        return Terms(
            issued=now,
            valid_until=int(option.valid_until.timestamp()),
            channel=look.question.channel.code,
            method=option.method,
            store=option.store or "",
            area=_area(look, option.method),
            lines=digest(look.basket.lines),
            prices=_prices(look),
            stock=digest(look.stock.vector),
            rules=self.rules_version,
            factors=self.quoting.offering.factors.name,
            carriers=carriers(legs, self.quoting.offering.rules),
            currency=fee.currency,
            fee=minor(fee.amount, fee.currency),
            legs=legs,
        )

    def found(self, terms: Terms, look: Look, now: int) -> Option | DriftCause:
        """The same promise as of now, or why it is not the same.

        Raises:
            TokenRefused: the promise is of other lines, or of another channel.
        """
        if terms.lines != digest(look.basket.lines):
            raise TokenRefused("The promise is of other lines.", code="TOKEN_OF_OTHER_LINES")
        if terms.channel != look.question.channel.code:
            raise TokenRefused("The promise is of another channel.", code="TOKEN_OF_OTHER_LINES")
        [target, *_] = self.targets.of(look.question, look.area)
        offers = self.targets.fresh(target, look, now)
        drift = cause(terms, self._now(terms, target, offers, look))
        return drift or self._again(terms, target, offers, look, now)

    def _now(self, terms: Terms, target: Target, offers: Offers, look: Look) -> Now:
        then = self.targets.fresh(target, look, terms.issued)
        return Now(
            area=_area(look, target.method),
            prices=_prices(look),
            fee=self._fee(terms, offers, look),
            stock=None if look.question.held else look.stock,
            offers={leg: matching(leg, offers.all) for leg in terms.legs},
            offers_then={leg: matching(leg, then.all) for leg in terms.legs},
            carriers=carriers(terms.legs, self.quoting.offering.rules),
        )

    def _fee(self, terms: Terms, offers: Offers, look: Look) -> int | None:
        """What the shopper would pay now; None where a service is gone."""
        found = [matching(leg, offers.all) for leg in terms.legs]
        services = [self.quoting.service(one) for one in found if one is not None]
        if None in found:
            return None
        return self.quoting.offering.costs.fee(
            [one for one in services if one is not None], look.basket.currency, look.basket.goods
        )

    def _again(
        self, terms: Terms, target: Target, offers: Offers, look: Look, now: int
    ) -> Option | DriftCause:
        """The same plan, sealed anew."""
        shipments, cost = [], 0
        kept: list[Offer] = []
        for leg in terms.legs:
            offer = matching(leg, offers.all)
            assert offer is not None  # noqa: S101  no drift: it is there
            load = sum(map(int.__mul__, leg.units, look.basket.grams))
            charged = offer.tariff.at(load)
            if charged is None:
                return DriftCause.CARRIER  # it takes no parcels of this weight any more
            cost += charged
            shipments.append(Shipment(len(kept), leg.units))
            kept.append(
                offer._replace(earliest=leg.earliest, latest=leg.latest, order_by=leg.order_by)
            )
        point = Point(cost, 0, 0, tuple(shipments))
        option = self.quoting.option(look.basket, target, kept, point, now)
        return self.sealed(option, look, now)


def _leg(leg: Leg, skus: Sequence[Sku]) -> LegTerms:
    units = {line.sku: line.quantity for line in leg.lines}
    return LegTerms(
        location=leg.location,
        service=leg.service,
        carrier=leg.carrier or "",
        carrier_service=leg.carrier_service or "",
        to=leg.to or "",
        units=tuple(units.get(sku, 0) for sku in skus),
        earliest=int(leg.earliest.timestamp()),
        latest=int(leg.latest.timestamp()),
        order_by=int(leg.order_by.timestamp()),
    )


def _area(look: Look, method: FulfilmentMethod) -> str:
    """Where it goes; what is fetched from a store goes nowhere else."""
    if look.area is None or method is not FulfilmentMethod.SHIP_TO_HOME:
        return ""
    return look.area.code


def _prices(look: Look) -> tuple[str, ...]:
    """A digest of the price of each line; nothing where nobody could say."""
    told = (look.prices.get(line.sku) for line in look.basket.lines)
    return tuple(digest(one)[:12] if one else "" for one in told)
