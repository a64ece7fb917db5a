"""The orders of the tiny Vendure: they move as those of a real one did, in the words it used."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.ports import Address, Buyer, OrderKey, SoldLine, SoldOrder
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)
from connectors.kit.specimen import Effect, Exchange, OrdersSpecimen

KEY_FIELD, LOCATION_FIELD = "orderKey", "location"
ORDERS = {
    "key_field": KEY_FIELD,
    "location_field": LOCATION_FIELD,
    "shipping_methods": {"SHIP_TO_HOME": "standard-shipping"},
}
IN_FORCE = frozenset({"PaymentSettled"})
EURO = CurrencyCode("EUR")


@dataclass
class Order:
    """One order. `lines` are quantities by variant and location, in the order they were added."""

    id: str
    state: str = "Draft"
    key: str | None = None
    lines: dict[tuple[str, str], int] = field(default_factory=dict)


class TinyOrders:
    """Answers everything that concerns orders."""

    def __init__(self, exchanges: Mapping[str, Exchange]) -> None:
        self._exchanges = exchanges
        self.orders: dict[str, Order] = {}
        rows = exchanges["order-find"]["body"]["data"]["productVariants"]["items"]
        self.skus = {row["id"]: row["sku"] for row in rows}
        self.answers: Mapping[str, Callable[[Any], Exchange]] = {
            "FindOrder": self._find,
            "Orders": self._orders,
            "CreateDraft": self._create,
            "FillDraft": self._fill,
            "AdjustDraft": self._adjust,
            "Claim": self._claim,
            "Arrange": self._arrange,
            "CancelOrder": self._cancel,
            "DeleteDraft": self._delete,
        }

    def held(self) -> list[Effect]:
        """Orders in force, with their units by SKU."""
        return [
            (str(order.key), self._units(order))
            for order in self.orders.values()
            if order.state in IN_FORCE
        ]

    def _units(self, order: Order) -> dict[str, int]:
        units: dict[str, int] = {}
        for (variant, _), quantity in order.lines.items():
            units[self.skus[variant]] = units.get(self.skus[variant], 0) + quantity
        return units

    def _find(self, variables: Any) -> Exchange:
        exchange = deepcopy(dict(self._exchanges["order-find"]))
        data = exchange["body"]["data"]
        wanted = variables["variants"]["filter"]["sku"]["in"]
        _keep(data, "productVariants", lambda row: row["sku"] in wanted)
        code = variables["methods"]["filter"]["code"]["eq"]
        _keep(data, "shippingMethods", lambda row: row["code"] == code)
        email = variables["customers"]["filter"]["emailAddress"]["eq"]
        _keep(data, "customers", lambda row: row["emailAddress"] == email)
        data["orders"] = self._having(variables["orders"])
        return exchange

    def _orders(self, variables: Any) -> Exchange:
        exchange = deepcopy(dict(self._exchanges["order-orders"]))
        exchange["body"]["data"]["orders"] = self._having(variables["orders"])
        return exchange

    def _having(self, options: Any) -> Mapping[str, Any]:
        keys = options["filter"][KEY_FIELD]["in"]
        rows = [self._row(order) for order in self.orders.values() if order.key in keys]
        return {"totalItems": len(rows), "items": rows}

    def _row(self, order: Order) -> Mapping[str, Any]:
        recorded = self._exchanges["order-orders"]["body"]["data"]["orders"]["items"][0]
        return {
            **recorded,
            "id": order.id,
            "code": f"TINY{order.id}",
            "state": order.state,
            "customFields": {KEY_FIELD: order.key},
        }

    def _create(self, _variables: Any) -> Exchange:
        order = Order(str(len(self.orders) + 1))
        self.orders[order.id] = order
        return _with(self._exchanges["order-create"], "createDraftOrder", {"id": order.id})

    def _fill(self, variables: Any) -> Exchange:
        order, items = self.orders[variables["order"]], _numbered(variables)
        for item in items:
            spot = (item["productVariantId"], item["customFields"][LOCATION_FIELD])
            order.lines[spot] = order.lines.get(spot, 0) + item["quantity"]
        return self._told_lines("order-fill", order, len(items))

    def _adjust(self, variables: Any) -> Exchange:
        order, items = self.orders[variables["order"]], _numbered(variables)
        spots = list(order.lines)
        for item in items:
            order.lines[spots[int(item["orderLineId"])]] = item["quantity"]
        return self._told_lines("order-adjust", order, len(items))

    def _told_lines(self, name: str, order: Order, count: int) -> Exchange:
        lines = [
            {
                "id": str(number),
                "quantity": quantity,
                "productVariant": {"id": variant},
                "customFields": {LOCATION_FIELD: location},
            }
            for number, ((variant, location), quantity) in enumerate(order.lines.items())
        ]
        exchange = deepcopy(dict(self._exchanges[name]))
        data = exchange["body"]["data"]
        last = {**data.pop("line1"), "id": order.id, "lines": lines}
        first = data.pop("line0")
        data.update({f"line{number}": first for number in range(count - 1)})
        data[f"line{count - 1}"] = last
        return exchange

    def _claim(self, variables: Any) -> Exchange:
        mine, key = self.orders[variables["order"]], variables["key"]
        if any(order.key == key for order in self.orders.values() if order is not mine):
            return self._exchanges["order-claim-taken"]
        mine.key = key
        return _with(self._exchanges["order-claim"], "setOrderCustomFields", {"id": mine.id})

    def _arrange(self, variables: Any) -> Exchange:
        order = self.orders[variables["order"]]
        if order.state in IN_FORCE:
            return self._exchanges["order-arrange-again"]
        order.state = "PaymentSettled"
        return self._exchanges["order-arrange"]

    def _cancel(self, variables: Any) -> Exchange:
        order = self.orders[variables["input"]["orderId"]]
        if order.state == "Cancelled":
            return self._exchanges["order-cancel-again"]
        order.state = "Cancelled"
        return self._exchanges["order-cancel"]

    def _delete(self, variables: Any) -> Exchange:
        order = self.orders[variables["order"]]
        order.key, order.state = None, "Deleted"
        return self._exchanges["order-delete"]


def orders_specimen() -> OrdersSpecimen:
    """Two lines out of the depot."""
    lines = tuple(
        SoldLine(
            sku=Sku(sku),
            quantity=quantity,
            unit_price=_euro("99.00"),
            location=LocationCode("ECOM-1"),
        )
        for sku, quantity in (("TRAIL-42", 1), ("TRAIL-40", 2))
    )
    order = SoldOrder(
        key=OrderKey("T-1"),
        placed_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        channel=ChannelCode("WEB"),
        lines=lines,
        buyer=Buyer(name="Grace Example", email="grace@example.com", phone="+39 045 111111"),
        method=FulfilmentMethod.SHIP_TO_HOME,
        address=Address(
            lines=("Via Esempio 1",),
            postal_code="37121",
            city="Verona",
            country=CountryCode("IT"),
        ),
        delivery=_euro("5.00"),
        total=_euro("302.00"),
    )
    return OrdersSpecimen(order=order, held=lambda app: app.vendure.orders.held())


def _keep(data: Any, name: str, wanted: Callable[[Any], bool]) -> None:
    rows = [row for row in data[name]["items"] if wanted(row)]
    data[name] = {"totalItems": len(rows), "items": rows}


def _numbered(variables: Any) -> list[Any]:
    return [value for name, value in variables.items() if name.startswith("line")]


def _with(exchange: Exchange, name: str, value: Any) -> Exchange:
    return {**exchange, "body": {"data": {name: value}}}


def _euro(amount: str) -> Money:
    return Money(Decimal(amount), EURO)
