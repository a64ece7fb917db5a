"""What does it cost? Tariffs of shipments to the retailer, fees to the shopper, in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import get_currency_precision

from app.availability.model import FulfilmentMethod
from app.promises.problem import Tariff
from app.settings import CarrierService, Lane, Promises, Transfers, Workplace
from app.values import CurrencyCode, Money

ANY_WEIGHT = 1_000_000_000  # grams


@lru_cache(maxsize=1024)
def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount."""
    return int(amount.scaleb(get_currency_precision(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def money(units: int, currency: str) -> Money:
    """The amount of minor units."""
    return Money(Decimal(units).scaleb(-get_currency_precision(currency)), CurrencyCode(currency))


@dataclass(frozen=True)
class Costs:
    """Costs by the retailer's rules. Each shipment has the split penalty, a plan once less."""

    rules: Promises

    @property
    def penalty(self) -> int:
        """Of each shipment beyond the first."""
        return minor(self.rules.split_penalty, self.rules.currency)

    def parcel(self, lane: Lane, place: Workplace) -> Tariff:
        """Of a parcel on a lane."""
        return self._tariff(lane.prices, self._handling(place) + self.penalty)

    def transfer(self, transfers: Transfers, place: Workplace) -> Tariff:
        """Of what is brought to a store."""
        return self._tariff(transfers.prices, self._handling(place) + self.penalty)

    def shelf(self, place: Workplace, method: FulfilmentMethod) -> Tariff:
        """Of what is put aside: nobody carries it, however heavy it is."""
        paid = method is FulfilmentMethod.PICK_UP_IN_STORE
        return Tariff((ANY_WEIGHT,), (self.penalty + (self._handling(place) if paid else 0),))

    def fee(self, services: Iterable[CarrierService], currency: str, goods: Decimal | None) -> int:
        """What the shopper pays for delivery: the highest fee among the services, once."""
        return max((_fee(one, currency, goods) for one in services), default=0)

    def _handling(self, place: Workplace) -> int:
        return minor(place.handling, self.rules.currency)

    def _tariff(self, prices: Iterable[tuple[int, Decimal]], more: int) -> Tariff:
        bands = tuple(prices)
        costs = tuple(minor(amount, self.rules.currency) + more for _, amount in bands)
        return Tariff(tuple(limit for limit, _ in bands), costs)


def _fee(service: CarrierService, currency: str, goods: Decimal | None) -> int:
    free = service.free_from.get(currency)
    if free is not None and goods is not None and goods >= free:
        return 0
    return minor(service.fees.get(currency, Decimal(0)), currency)
