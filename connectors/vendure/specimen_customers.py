"""The customers of the tiny Vendure: those of a real one, found and forgotten as it does."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from app.ports import Contact, ContactKind, CustomerKey
from connectors.kit.specimen import CustomersSpecimen, Effect, Exchange

CUSTOMERS = {"phone_country": "GB"}
ADA, GRACE = "2", "1"  # a guest who has bought twice, and somebody with an account
Row = Mapping[str, Any]


class TinyCustomers:
    """Answers everything that concerns customers."""

    def __init__(self, exchanges: Mapping[str, Exchange]) -> None:
        self._exchanges = exchanges
        self._erased: set[str] = set()
        self.answers: Mapping[str, Callable[[Any], Exchange]] = {
            "Customers": lambda asked: self._listed("customers", asked),
            "CustomerOrders": lambda asked: self._listed("customer-orders", asked),
            "EraseCustomer": self._erase,
        }

    def held(self) -> list[Effect]:
        """Whom anything names."""
        return [(row["id"], None) for row in self._known()]

    def _known(self) -> list[Row]:
        rows = self._exchanges["customers"]["body"]["data"]["customers"]["items"]
        return [row for row in rows if row["id"] not in self._erased]

    def _erase(self, variables: Any) -> Exchange:
        self._erased.add(variables["id"])
        return self._exchanges["customer-erase"]

    def _listed(self, name: str, variables: Any) -> Exchange:
        options = variables["customers"]
        passed = {row["id"] for row in self._known() if _passes(row, options["filter"])}
        exchange = deepcopy(dict(self._exchanges[name]))
        told = exchange["body"]["data"]["customers"]
        rows = [row for row in told["items"] if row["id"] in passed]
        page = rows[options["skip"] : options["skip"] + options["take"]]
        if "orders" in variables:
            page = [{**row, "orders": _orders(row, variables["orders"])} for row in page]
        told.update(totalItems=len(rows), items=page)
        return exchange


def _passes(row: Row, condition: Row) -> bool:
    if "_or" in condition:
        return any(_passes(row, one) for one in condition["_or"])
    return all(row[name] in test["in"] for name, test in condition.items())


def _orders(row: Row, options: Row) -> Row:
    before = datetime.fromisoformat(options["filter"]["orderPlacedAt"]["before"])
    orders = [
        one
        for one in row["orders"]["items"]
        if datetime.fromisoformat(one["orderPlacedAt"]) < before
    ]
    orders.sort(key=lambda one: str(one["orderPlacedAt"]), reverse=True)
    return {"items": orders[: options["take"]]}


def customers_specimen() -> CustomersSpecimen:
    """Somebody who has bought twice, and somebody else."""
    return CustomersSpecimen(
        keys=(CustomerKey(ADA), CustomerKey(GRACE)),
        contacts=(
            Contact(ContactKind.EMAIL, "ada@example.com"),
            Contact(ContactKind.EMAIL, "grace@example.com"),
            Contact(ContactKind.PHONE, "+447700900123"),
        ),
        unknown=lambda number: CustomerKey(str(900_001 + number)),
        held=lambda app: app.vendure.customers.held(),
        words=("ada@example.com", "Via Roma 1"),
    )
