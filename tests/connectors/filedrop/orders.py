"""An order as the desk writes it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.filedrop.documents import OrderDocument, OrderLine


def an_order_document(number: str = "T-1", **changes: Any) -> OrderDocument:
    document = OrderDocument(
        number=number,
        placed_at=datetime(2026, 11, 20, 9, 15, tzinfo=UTC),
        due_by=datetime(2026, 11, 22, 17, tzinfo=UTC),
        currency="EUR",
        total="48.70",
        delivery="4.90",
        method="SHIP_TO_HOME",
        name="Žofia O'Neill",
        email="zofia@example.org",
        phone="",
        address={
            "address": "Größe Gasse 5",
            "postal_code": "10115",
            "city": "Berlin",
            "country": "DE",
        },
        lines=(
            OrderLine(sku="MUG", place="P1", quantity=2, unit_price="9.90", total="19.80"),
            OrderLine(sku="ROPE", place="P2", quantity=1, unit_price="24.00", total="24.00"),
        ),
    )
    return replace(document, **changes)
