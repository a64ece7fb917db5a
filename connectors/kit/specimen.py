"""Specimens: a connector's upstream in miniature, for the conformance suites.

A connector's `specimen.py` holds `SPECIMENS`. The suites serve `app` over real HTTP on loopback,
connect to it through the gateway's guarded client, ask every port, and then break the wire in every
way of the failure menu.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from app.ports import (
    Contact,
    CustomerKey,
    MarketOrderNumber,
    MemberKey,
    MemberReference,
    Offer,
    Parcel,
    PaymentRequest,
    ProductKey,
    SoldOrder,
)
from app.values import Channel, ChannelCode, CountryCode, CurrencyCode, Locale, LocationCode, Sku

Asgi = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
Exchange = Mapping[str, Any]
Rewrite = Callable[[bytes], bytes]

SHOP_CHANNEL = Channel(
    code=ChannelCode("WEB"),
    currency=CurrencyCode("EUR"),
    country=CountryCode("IT"),
    locale=Locale("en"),
)


Effect = tuple[str, Any]
"""The key of something that was written, and what it came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersSpecimen:
    """An order that the upstream in miniature takes, and how to see what it has taken.

    `held` looks into a running app, past the connector: the key of every order in force, with its
    units by SKU. An order that is there twice is told twice.
    """

    order: SoldOrder
    held: Callable[[Any], list[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsSpecimen:
    """A payment that the provider in miniature authorises, and how to see what it has.

    `held` tells the key of every payment that binds money or has moved it, with what is authorised,
    captured and refunded. `declined` is a token that is not good for it.
    """

    request: PaymentRequest
    declined: str
    held: Callable[[Any], list[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersSpecimen:
    """Customers whom the upstream in miniature knows, and how to see whom it still names.

    `keys` are at least two of them, the first of whom is erased, and has bought at least twice
    where there is a `PurchaseHistory`; `contacts` are by whom they are found, in any order.
    `unknown` makes up as many keys that look like the vendor's and are of nobody. `held` looks into
    a running app, past the connector: the key of everybody of `keys` whom anything in it names,
    with None. `words` name the first one, and must not show in any message.
    """

    keys: tuple[CustomerKey, ...]
    contacts: tuple[Contact, ...]
    unknown: Callable[[int], CustomerKey]
    held: Callable[[Any], list[Effect]]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltySpecimen:
    """Members that the programme in miniature has, and how to see what they have.

    `keys` find a member each; the first one finds `member`, who has `available` points and none
    held. `redeemable` points can be redeemed at once, and more than once. `newcomer` is nobody yet.

    `held` looks into a running app, past the connector: for each of these two, if they are members,
    the value of the key with what is available and what is held. Who is there twice is told twice.
    """

    keys: tuple[MemberKey, ...]
    member: MemberReference
    available: int
    redeemable: int
    newcomer: MemberKey
    held: Callable[[Any], list[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpecimen:
    """Orders that the marketplace in miniature has taken, and how to see what it was told.

    `parcel` is one that its order still waits for. `waiting` is an order that waits for our word.
    `private` are words of its buyers.

    `held` looks into a running app, past the connector: the number of an order, with the units by
    line of a parcel that is known, or with `ACKNOWLEDGED`. A parcel that is there twice is told
    twice. At first there is none of all that.
    """

    numbers: tuple[MarketOrderNumber, ...]
    parcel: Parcel
    waiting: MarketOrderNumber
    private: tuple[str, ...]
    held: Callable[[Any], list[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingsSpecimen:
    """An offer that changes what is listed, and how to see what is.

    `held` looks into a running app, past the connector: the SKU of the offer, with the quantity and
    the amount of the price at which it is listed.
    """

    offer: Offer
    held: Callable[[Any], list[Effect]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One configured connection, its miniature upstream, and questions it can answer.

    `settings` are those of the connection without `url`. Every SKU, location and product key named
    here is known to the upstream; each port declared for the specimen answers at least one row.
    The suites also ask for keys nobody knows; the app answers those as the vendor does.

    `orders` is there for an `OrderSink`, `payments` for a `PaymentProvider`, `customers` for a
    `CustomerDirectory` and a `PurchaseHistory`, `loyalty` for a `LoyaltyProgram`.
    `orders` is there for an `OrderSink`, `payments` for a `PaymentProvider`, `loyalty` for a
    `LoyaltyProgram`, `market` for an `OrderSource`, `listings` for a `ListingSink`.

    `rewrites` replace the generic ones of the failures `empty` and `duplicate` (every row left out,
    every row sent twice) for answers that are not JSON or whose rows are not objects in a list.
    """

    label: str
    app: Callable[[], Asgi]
    settings: Mapping[str, Any]
    ports: frozenset[str]
    skus: tuple[Sku, ...] = ()
    locations: Mapping[LocationCode, str] = field(default_factory=dict)
    product_keys: tuple[ProductKey, ...] = ()
    channel: Channel = SHOP_CHANNEL
    orders: OrdersSpecimen | None = None
    payments: PaymentsSpecimen | None = None
    customers: CustomersSpecimen | None = None
    loyalty: LoyaltySpecimen | None = None
    market: MarketSpecimen | None = None
    listings: ListingsSpecimen | None = None
    rewrites: Mapping[Literal["empty", "duplicate"], Rewrite] = field(default_factory=dict)

    @property
    def private(self) -> tuple[str, ...]:
        """Words of people that must not show in any message."""
        tokens = () if self.payments is None else (self.payments.request.token,)
        if self.customers is not None:
            tokens = (*tokens, *self.customers.words)
        if self.loyalty is not None:
            known = (*self.loyalty.keys, self.loyalty.newcomer)
            tokens = (*tokens, *(key.value for key in known))
        if self.market is not None:
            tokens = (*tokens, *self.market.private)
        if self.orders is None:
            return tokens
        buyer, address = self.orders.order.buyer, self.orders.order.address
        lines = () if address is None else address.lines
        return tuple(filter(None, (buyer.name, buyer.email, buyer.phone, *lines, *tokens)))


def recorded(folder: Path) -> list[Exchange]:
    """Exchanges recorded from the vendor, one JSON file each, in order of file name."""
    return [orjson.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
