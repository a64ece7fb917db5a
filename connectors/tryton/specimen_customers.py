"""The parties of the tiny Tryton: those of a real one, found and erased as it does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.ports import Contact, ContactKind, CustomerKey
from connectors.kit.specimen import CustomersSpecimen, Effect, recorded
from connectors.tryton.customers import PARTY, SALE, WIZARD

FOLDER = Path(__file__).parent / "specimen" / "customers"
CUSTOMERS = {"phone_country": "GB"}
Row = dict[str, Any]
Response = Mapping[str, Any]


class TinyCustomers:
    """Answers everything that concerns customers."""

    def __init__(self) -> None:
        self._recorded = recorded(FOLDER)
        self.parties: dict[int, Row] = {
            row["id"]: row for row in self._told("model.party.party.search_read")
        }
        self._sales: list[Row] = self._told("model.sale.sale.search_read")
        self._retired: set[int] = set()
        self._erased: set[int] = set()

    def takes(self, model: str, action: str, params: Sequence[Any]) -> bool:
        """Whether a call is about customers, and not about the buyer of an order."""
        if model == WIZARD or (model, action) == ("party.party", "write"):
            return True
        if action != "search_read":
            return False
        by_id = model == "party.party" and params[0][0][0] == "id"
        by_party = model == "sale.sale" and params[0][0][0] == "party"
        return by_id or by_party or list(params[4]) in (list(PARTY), list(SALE))

    def answer(self, model: str, action: str, params: Sequence[Any]) -> Response:
        """The response to one call."""
        if model == WIZARD:
            return {"result": self._wizard(action, params)}
        if action == "write":
            self._retired.update(params[0])
            return {"result": None}
        found = self._parties if model == "party.party" else self._bought
        return {"result": found(params[0])}

    def held(self) -> list[Effect]:
        """Whom anything names."""
        return [(str(party), None) for party in self.parties if party not in self._erased]

    def _told(self, method: str) -> Any:
        return next(
            one["response"]["result"]
            for one in self._recorded
            if one["request"]["method"] == method
        )

    def _wizard(self, action: str, params: Sequence[Any]) -> Any:
        if action == "execute":
            self._erased.add(params[1]["ask"]["party"])
        return self._told(f"{WIZARD}.{action}")

    def _parties(self, domain: Sequence[Any]) -> list[Row]:
        name, _, wanted = domain[0]
        if any(one[0] == "active" for one in domain):
            return [{"id": wanted, "active": True}] if wanted in self.parties else []
        rows = [row for party, row in self.parties.items() if party not in self._retired]
        if name == "id":
            return [row for row in rows if row["id"] in wanted]
        return [
            row for row in rows if any(one["value"] in wanted for one in row["contact_mechanisms."])
        ]

    def _bought(self, domain: Sequence[Any]) -> list[Row]:
        wanted = domain[0][2]
        if not isinstance(wanted, list):
            return []  # all that was sold is over
        return [
            row
            for row in self._sales
            if row["party"] in wanted and row["party"] not in self._retired
        ]


def customers_specimen() -> CustomersSpecimen:
    """Somebody who has bought twice, and somebody else."""
    tiny = TinyCustomers()
    by_name = {row["name"]: CustomerKey(str(party)) for party, row in tiny.parties.items()}
    return CustomersSpecimen(
        keys=(by_name["Ada Example"], by_name["Grace Example"]),
        contacts=(
            Contact(ContactKind.EMAIL, "ada@example.com"),
            Contact(ContactKind.EMAIL, "grace@example.com"),
            Contact(ContactKind.PHONE, "+447700900123"),
        ),
        unknown=lambda number: CustomerKey(str(900_001 + number)),
        held=lambda app: app.state.tryton.customers.held(),
        words=("ada@example.com", "+44 7700 900001", "Via Esempio 1"),
    )
