"""What is a marketplace told, and what must it hold afterwards?"""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from app.ports import (
    Acknowledgement,
    ListingSink,
    MarketOrderNumber,
    MarketWriteKey,
    Offer,
    OrderSource,
    Parcel,
    PublicationKey,
)
from connectors.kit.market_questions import market_of
from connectors.kit.specimen import Effect, ListingsSpecimen, Specimen
from connectors.kit.write import Write

ACKNOWLEDGED = "ACKNOWLEDGED"


def listings_of(specimen: Specimen) -> ListingsSpecimen:
    """The specimen's offer."""
    if specimen.listings is None:
        raise LookupError(f"specimen {specimen.label}: ListingSink needs `listings`")
    return specimen.listings


def a_parcel(specimen: Specimen, key: str = "T-100") -> Parcel:
    """The specimen's parcel under a key."""
    return replace(market_of(specimen).parcel, key=MarketWriteKey(key))


def a_word(
    specimen: Specimen, key: str = "T-100", order: MarketOrderNumber | None = None
) -> Acknowledgement:
    """Our word for the order that waits for it."""
    return Acknowledgement(
        key=MarketWriteKey(key), order=market_of(specimen).waiting if order is None else order
    )


def shipped(parcel: Parcel) -> Effect:
    """What a parcel that is known comes to."""
    return str(parcel.order), {line.reference: line.quantity for line in parcel.lines}


def figures(offer: Offer) -> Effect:
    """What an offer that was taken comes to."""
    return str(offer.sku), (offer.quantity, None if offer.price is None else offer.price.amount)


def market_held(specimen: Specimen, app: Any) -> list[Effect]:
    """The parcels and words that the marketplace has."""
    return market_of(specimen).held(app)


async def _confirm(connection: OrderSource, specimen: Specimen) -> Hashable:
    told = await connection.confirm_shipment(a_parcel(specimen))
    return told.key, told.order, told.reference


async def _acknowledge(connection: OrderSource, specimen: Specimen) -> Hashable:
    told = await connection.acknowledge(a_word(specimen))
    return told.key, told.order, told.reference


async def _publish(connection: ListingSink, specimen: Specimen) -> Hashable:
    offer = listings_of(specimen).offer
    told = await connection.publish([offer], key=PublicationKey("T-100"))
    return tuple((row.sku, row.state) for row in told.rows)


MARKET_WRITES = (
    Write(
        port="OrderSource",
        name="confirm_shipment",
        make=_confirm,
        effects=lambda specimen: [shipped(a_parcel(specimen))],
        held=market_held,
    ),
    Write(
        port="OrderSource",
        name="acknowledge",
        make=_acknowledge,
        effects=lambda specimen: [(str(market_of(specimen).waiting), ACKNOWLEDGED)],
        held=market_held,
    ),
    Write(
        port="ListingSink",
        name="publish",
        make=_publish,
        effects=lambda specimen: [figures(listings_of(specimen).offer)],
        held=lambda specimen, app: listings_of(specimen).held(app),
    ),
)
