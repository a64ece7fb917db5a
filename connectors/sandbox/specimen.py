"""The four systems in miniature: one specimen each, at a moment that never changes."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import orjson

from app.ports import (
    Address,
    Buyer,
    Contact,
    ContactKind,
    CustomerKey,
    MemberKey,
    MemberReference,
    OrderKey,
    PaymentKey,
    PaymentRequest,
    ProductKey,
    Promised,
    SoldLine,
    SoldOrder,
)
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)
from connectors.kit.specimen import (
    Asgi,
    CustomersSpecimen,
    Effect,
    LoyaltySpecimen,
    OrdersSpecimen,
    PaymentsSpecimen,
    Rewrite,
    Specimen,
)
from connectors.sandbox.market_specimen import market
from connectors.sandbox.retailer.bonus import MEMBERS, Bonus
from connectors.sandbox.retailer.catalogue import assortment
from connectors.sandbox.retailer.people import Person, card_of, people
from connectors.sandbox.retailer.places import DEPOT, STORES, SUPPLIER, WAREHOUSE
from connectors.sandbox.retailer.sales import at_tills, online
from connectors.sandbox.retailer.shelves import stock
from connectors.sandbox.retailer.upstreams import upstream
from connectors.sandbox.settings import System

SEED = 7
GOOD = "tok_ok"  # stands for a card of nobody
THRICE = 3
SPARE = 5  # pieces of what is ordered
MOMENT = datetime(2026, 3, 2, 10, 30, 20, tzinfo=UTC)  # a Monday, when all stores are open


def _app(system: System) -> Callable[[], Asgi]:
    return lambda: upstream(system, seed=SEED, now=lambda: MOMENT)


def _carried(place: str, count: int) -> tuple[Sku, ...]:
    """The first SKUs of the catalogue that a place carries."""
    held = stock(SEED)
    carried = (sku for sku in assortment(SEED).skus if held.count(sku, place, MOMENT) is not None)
    return tuple(Sku(sku) for sku, _ in zip(carried, range(count), strict=False))


def _with_rows(change: Callable[[list[Any]], list[Any]]) -> Rewrite:
    """Tables of the tills hold rows of cells, which no generic rewrite can tell from lists."""

    def rewrite(body: bytes) -> bytes:
        document = orjson.loads(body)
        name = "rows" if "rows" in document else "receipts"
        return orjson.dumps(document | {name: change(document[name])})

    return rewrite


def _shop() -> Specimen:
    first, second, third = assortment(SEED).models[:3]
    return Specimen(
        label="shop",
        app=_app("shop"),
        settings={"system": "shop", "seed": SEED},
        ports=frozenset(
            {
                *("CatalogSource", "CustomerDirectory", "LocationSource", "OrderSink"),
                *("PriceSource", "PurchaseHistory", "StockSource"),
            }
        ),
        orders=_orders(DEPOT),
        customers=_customers("shop"),
        skus=_carried(DEPOT, 5),
        locations={LocationCode(DEPOT): DEPOT},
        product_keys=(
            ProductKey("id", first.id),
            ProductKey("handle", second.handle),
            ProductKey("sku", third.articles[0].sku),
        ),
    )


def _holder(system: System, *places: str) -> Specimen:
    """A system that knows places and what stands there."""
    return Specimen(
        label=system,
        app=_app(system),
        settings={"system": system, "seed": SEED},
        ports=frozenset({"LocationSource", "StockSource"}),
        skus=_carried(places[0], 5),
        locations={LocationCode(place): place for place in places},
    )


def _orders(place: str) -> OrdersSpecimen:
    lines = tuple(
        SoldLine(sku=sku, quantity=1, unit_price=_euro("9.90"), location=LocationCode(place))
        for sku in _plenty(place, 2)
    )
    order = SoldOrder(
        key=OrderKey("T-1"),
        placed_at=MOMENT,
        channel=ChannelCode("WEB"),
        lines=lines,
        buyer=Buyer(name="Ada Example", email="ada@example.com", phone="+39 045 000000"),
        method=FulfilmentMethod.SHIP_TO_HOME,
        address=Address(
            lines=("Via Esempio 1",),
            postal_code="37121",
            city="Verona",
            country=CountryCode("IT"),
        ),
        promised=Promised(earliest=MOMENT, latest=MOMENT + timedelta(days=2)),
        delivery=_euro("5.00"),
        total=_euro("24.80"),
    )
    return OrdersSpecimen(order=order, held=_held)


def _held(app: Any) -> list[Effect]:
    """Orders in force, with their units by SKU."""
    return [
        (order.key, {line.sku: line.pieces for line in order.lines})
        for order in app.served.state.book.orders.values()
        if order.cancelled is None
    ]


def _plenty(place: str, count: int) -> list[Sku]:
    """SKUs of which a place has some to spare."""
    held, found = stock(SEED), []
    for sku in assortment(SEED).skus:
        standing = held.count(sku, place, MOMENT)
        if standing is not None and standing.pieces - standing.set_aside > SPARE:
            found.append(Sku(sku))
    return found[:count]


def _euro(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))


def _customers(system: Literal["shop", "tills"]) -> CustomersSpecimen:
    """Somebody who has bought three times and more, and two others."""
    sold = online(SEED) if system == "shop" else at_tills(SEED)
    bought = Counter(sale.customer for sale in sold)
    known = {name: one for one in people(SEED) if (name := getattr(one, system)) is not None}
    first = next(name for name, times in bought.items() if times >= THRICE)
    others = [name for name in known if name != first and bought[name]][:2]
    keys = [first, *others]
    contacts = [Contact(ContactKind.EMAIL, known[name].email) for name in keys]
    contacts.append(Contact(ContactKind.PHONE, known[first].phone))
    if system == "tills":
        contacts = [Contact(ContactKind.LOYALTY_CARD, known[name].card) for name in keys]
    return CustomersSpecimen(
        keys=tuple(CustomerKey(name) for name in keys),
        contacts=tuple(contacts),
        unknown=lambda number: CustomerKey(f"NO-SUCH-{number:04}"),
        held=lambda app: [(name, None) for name in keys if _names(app, known[name])],
        words=(known[first].email, known[first].phone, known[first].card),
    )


def _names(app: Any, person: Person) -> bool:
    """Whether anything that is kept names somebody."""
    state = app.served.state
    more = [getattr(state, "book", None)]
    if hasattr(state, "journal"):
        more += [state.journal.slips, state.bonus.accounts]
    kept = repr([list(state.register.rows.values()), more]).lower()
    return any(word.lower() in kept for word in person.words)


TABLES: Mapping[Literal["empty", "duplicate"], Rewrite] = {
    "empty": _with_rows(lambda _: []),
    "duplicate": _with_rows(lambda rows: rows + rows),
}


def _payments() -> Specimen:
    request = PaymentRequest(key=PaymentKey("T-1"), amount=_euro("24.80"), token=GOOD)
    return Specimen(
        label="payments",
        app=_app("payments"),
        settings={"system": "payments", "seed": SEED},
        ports=frozenset({"PaymentProvider"}),
        payments=PaymentsSpecimen(request=request, declined="tok_declined", held=_charged),
    )


def _charged(app: Any) -> list[Effect]:
    """Payments that bind money or have moved it."""
    return [
        (charge.key, (charge.authorised, charge.captured, charge.refunded))
        for charge in app.served.state.till.charges.values()
        if charge.state == "authorised"
    ]


def _loyalty() -> LoyaltySpecimen:
    first, second, third, *_ = Bonus(SEED, lambda: MOMENT).accounts.values()
    return LoyaltySpecimen(
        keys=(
            MemberKey("card", first.card),
            MemberKey("card", second.card),
            MemberKey("customer", third.customer or ""),
        ),
        member=MemberReference(first.number),
        available=first.points,
        redeemable=10,
        newcomer=MemberKey("card", card_of(9999)),
        held=_pointed,
    )


def _pointed(app: Any) -> list[Effect]:
    """What the first member has, and whoever joined."""
    first, *rest = app.served.state.bonus.accounts.values()
    return [(one.card, (one.points, one.reserved)) for one in (first, *rest[MEMBERS - 1 :])]


SPECIMENS = (
    market(SEED, MOMENT, *_plenty(DEPOT, 2)),
    _payments(),
    _shop(),
    replace(
        _holder("tills", *(store.number for store in STORES)),
        ports=frozenset(
            {
                *("CustomerDirectory", "PurchaseHistory", "LoyaltyProgram", "ReceiptSource"),
                *("LocationSource", "StockSource"),
            }
        ),
        customers=_customers("tills"),
        loyalty=_loyalty(),
        rewrites=TABLES,
    ),
    replace(
        _holder("warehouse", WAREHOUSE),
        ports=frozenset({"LocationSource", "OrderSink", "StockSource"}),
        orders=_orders(WAREHOUSE),
    ),
    _holder("supplier", SUPPLIER),
)
