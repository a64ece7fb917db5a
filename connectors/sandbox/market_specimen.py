"""The marketplace in miniature: three orders, of which one is not paid."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from app.ports import (
    MarketOrderNumber,
    MarketWriteKey,
    Offer,
    Parcel,
    ShippedLine,
)
from app.values import CurrencyCode, Money, Sku
from connectors.kit.market_writes import ACKNOWLEDGED
from connectors.kit.specimen import Asgi, Effect, ListingsSpecimen, MarketSpecimen, Specimen
from connectors.sandbox.retailer.market_desk import SOMEBODY
from connectors.sandbox.retailer.upstreams import upstream

LISTED, PRICE = 9, Decimal("19.90")
NUMBERS = tuple(MarketOrderNumber(f"M-{700_000 + one}") for one in (1, 2, 3))
PRIVATE = tuple(str(SOMEBODY[one]) for one in ("name", "mail", "phone", "street"))


def market(seed: int, moment: datetime, first: Sku, second: Sku) -> Specimen:
    """The marketplace of a seed, at a moment, where two articles are sold."""

    def app() -> Asgi:
        made = upstream("market", seed=seed, now=lambda: moment)
        site = _site(made)
        for sku in (first, second):
            site.offer(sku, LISTED, (PRICE, "EUR"))
        site.buy({first: 2, second: 1}, SOMEBODY)
        site.buy({second: 1}, SOMEBODY)
        site.buy({first: 1}, SOMEBODY, paid=False)
        return made

    offer = Offer(sku=first, quantity=7, price=Money(Decimal("24.80"), CurrencyCode("EUR")))
    return Specimen(
        label="market",
        app=app,
        settings={"system": "market", "seed": seed},
        ports=frozenset({"ListingSink", "OrderSource"}),
        skus=(first, second),
        market=MarketSpecimen(
            numbers=NUMBERS,
            parcel=Parcel(
                key=MarketWriteKey("T-0"),
                order=NUMBERS[0],
                lines=(ShippedLine(reference="1", quantity=1),),
                carrier="CORRIERE",
                tracking="IT00000001",
                shipped_at=moment,
            ),
            waiting=NUMBERS[1],
            private=PRIVATE,
            held=_told,
        ),
        listings=ListingsSpecimen(offer=offer, held=lambda app: _shown(app, first)),
    )


def _site(app: Any) -> Any:
    return app.served.state.market


def _told(app: Any) -> list[Effect]:
    """Parcels and words that the marketplace has."""
    orders = _site(app).orders.values()
    parcels = [(one.no, dict(pieces)) for one in orders for pieces in one.parcels.values()]
    return [*parcels, *((one.no, ACKNOWLEDGED) for one in orders if one.accepted)]


def _shown(app: Any, sku: Sku) -> list[Effect]:
    offer = _site(app).offers[sku]
    return [(sku, (offer.quantity, offer.amount))]
