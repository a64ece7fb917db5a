"""The sales of the tiny Tryton: they move as those of a real one did, in the words it used."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
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
from connectors.kit.specimen import Effect, OrdersSpecimen, recorded

FOLDER = Path(__file__).parent / "specimen" / "orders"
Row = dict[str, Any]
Response = Mapping[str, Any]
MODELS = frozenset(
    {"country.country", "party.address", "party.party", "sale.sale", "stock.shipment.out"}
)


@dataclass
class TinySale:
    """One sale; its only shipment has its own id."""

    id: int
    values: Row
    state: str = "draft"
    shipment: str | None = None


class TinySales:
    """Answers everything that concerns sales and their parties."""

    def __init__(self) -> None:
        self._recorded = recorded(FOLDER)
        self.sales: dict[int, TinySale] = {}
        self._made = 0
        self._parties: dict[int, Row] = {}
        self._variants: list[Row] = self._result("product.product.search_read")
        (self._sale,) = self._result("sale.sale.search_read")
        self._refused: Response = next(
            one["response"] for one in self._recorded if "error" in one["response"]
        )
        self._buttons: Mapping[str, Callable[[Sequence[int]], Response]] = {
            "sale.sale.quote": lambda ids: self._pressed(ids, "draft", "quotation"),
            "sale.sale.confirm": self._confirm,
            "sale.sale.cancel": self._cancel,
            "sale.sale.delete": self._delete,
            "stock.shipment.out.cancel": self._stop,
        }

    def answer(self, model: str, action: str, params: Sequence[Any]) -> Response:
        """The response to one call."""
        name = f"{model}.{action}"
        if name in self._buttons:
            return self._buttons[name](params[0])
        if action == "create":
            return {"result": [self._create(model, values) for values in params[0]]}
        return {"result": self._found(model, params[0])}

    def variants(self) -> list[Row]:
        """How each variant is sold."""
        return self._variants

    def held(self) -> list[Effect]:
        """Orders in force, with their units by SKU."""
        codes = {row["id"]: row["code"] for row in self._variants}
        return [
            (
                sale.values["reference"],
                {
                    codes[line["product"]]: line["quantity"]
                    for line in sale.values["lines"][0][1]
                    if "product" in line
                },
            )
            for sale in self.sales.values()
            if sale.state == "processing" and sale.shipment != "cancelled"
        ]

    def _result(self, method: str) -> list[Row]:
        found: list[Row] = next(
            one["response"]["result"]
            for one in self._recorded
            if one["request"]["method"] == f"model.{method}"
        )
        return found

    def _create(self, model: str, values: Row) -> int:
        self._made += 1
        if model == "sale.sale":
            self.sales[self._made] = TinySale(self._made, values)
        elif model == "party.party":
            self._parties[self._made] = values
        return self._made

    def _found(self, model: str, domain: Sequence[Any]) -> list[Row]:
        if model == "sale.sale":
            keys = domain[0][2]
            sales = sorted(self.sales.values(), key=lambda sale: sale.id)
            return [self._told(sale) for sale in sales if sale.values["reference"] in keys]
        if model == "party.party":
            return [
                {"id": party, "addresses.": [self._address(party, values)]}
                for party, values in self._parties.items()
                if values["contact_mechanisms"][0][1][0]["value"] == domain[0][2]
            ]
        return []

    def _address(self, party: int, values: Row) -> Row:
        made = values["addresses"][0][1][0]
        named = {name: made[name] for name in ("postal_code", "city")}
        return {"id": party * 10, "street": made["street_unstructured"], **named}

    def _told(self, sale: TinySale) -> Row:
        shipments = [] if sale.shipment is None else [{"id": sale.id, "state": sale.shipment}]
        return {
            **self._sale,
            "id": sale.id,
            "state": sale.state,
            "number": None if sale.state == "draft" else str(sale.id),
            "reference": sale.values["reference"],
            "warehouse": sale.values["warehouse"],
            "shipments.": shipments,
        }

    def _pressed(self, ids: Sequence[int], before: str, after: str) -> Response:
        sales = [self.sales[one] for one in ids]
        if any(sale.state != before for sale in sales):
            return self._refused
        for sale in sales:
            sale.state = after
        return {"result": None}

    def _confirm(self, ids: Sequence[int]) -> Response:
        told = self._pressed(ids, "quotation", "processing")
        if "error" not in told:
            for one in ids:
                self.sales[one].shipment = "waiting"
        return told

    def _cancel(self, ids: Sequence[int]) -> Response:
        if any(self.sales[one].state not in {"draft", "quotation"} for one in ids):
            return self._refused
        for one in ids:
            self.sales[one].state = "cancelled"
        return {"result": None}

    def _delete(self, ids: Sequence[int]) -> Response:
        if any(self.sales[one].state != "draft" for one in ids if one in self.sales):
            return self._refused
        for one in ids:
            self.sales.pop(one, None)
        return {"result": None}

    def _stop(self, ids: Sequence[int]) -> Response:
        if any(self.sales[one].shipment == "cancelled" for one in ids):
            return self._refused
        for one in ids:
            self.sales[one].shipment = "cancelled"
        return {"result": None}


def orders_specimen() -> OrdersSpecimen:
    """Lines out of two warehouses would be two sales; these are of one."""
    lines = tuple(
        SoldLine(
            sku=Sku(sku),
            quantity=quantity,
            unit_price=_euro("99.00"),
            location=LocationCode("BOLOGNA"),
        )
        for sku, quantity in (("TRAIL-42", 1), ("JACKET-M", 2))
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
    return OrdersSpecimen(order=order, held=lambda app: app.state.tryton.sales.held())


def _euro(amount: str) -> Money:
    return Money(Decimal(amount), CurrencyCode("EUR"))
