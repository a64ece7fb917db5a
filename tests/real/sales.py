"""What is sold to the live systems in these tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.ports import Address, Buyer, OrderKey, Promised, SoldLine, SoldOrder
from app.values import (
    ChannelCode,
    CountryCode,
    CurrencyCode,
    FulfilmentMethod,
    LocationCode,
    Money,
    Sku,
)

EURO = CurrencyCode("EUR")


def euro(amount: str) -> Money:
    return Money(Decimal(amount), EURO)


def sold(key: str, *lines: tuple[str, int, str], email: str = "ada@example.com") -> SoldOrder:
    """An order of (SKU, quantity, location) at 99 euros each."""
    pieces = sum(quantity for _, quantity, _ in lines)
    now = datetime.now(UTC)
    return SoldOrder(
        key=OrderKey(key),
        placed_at=now,
        channel=ChannelCode("WEB"),
        lines=tuple(
            SoldLine(
                sku=Sku(sku),
                quantity=quantity,
                unit_price=euro("99.00"),
                location=LocationCode(location),
            )
            for sku, quantity, location in lines
        ),
        buyer=Buyer(name="Ada Byron", email=email, phone="+39 045 000000"),
        method=FulfilmentMethod.SHIP_TO_HOME,
        address=Address(
            lines=("Via Roma 1", "Scala B"),
            postal_code="37121",
            city="Verona",
            country=CountryCode("IT"),
        ),
        promised=Promised(earliest=now, latest=now + timedelta(days=2)),
        delivery=euro("5.00"),
        total=euro(f"{99 * pieces + 5}.00"),
    )
