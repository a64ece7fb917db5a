"""GraphQL face of prices."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from app import ports, values
from app.api.hints import AS_ITS_OWNER, PRICES, kept
from app.engine.unchanging import Unchanging
from app.upstream.reader import Reading
from app.upstream.report import Freshness
from app.values import ChannelCode, CurrencyCode

PRICE = "price"  # the face of a reading


@strawberry.type(description="An exact amount of money.", directives=AS_ITS_OWNER)
class Money:
    """Major units of a currency."""

    amount: Decimal = strawberry.field(description="Major units, exact.")
    currency: CurrencyCode = strawberry.field(description="Currency.")

    @classmethod
    def of(cls, money: values.Money) -> Self:
        """Dress an amount."""
        return cls(amount=money.amount, currency=money.currency)


@strawberry.type(description="What one unit costs through a channel.", directives=kept(PRICES))
class Price(Unchanging):
    """A price and where it comes from."""

    amount: Money = strawberry.field(description="What one unit costs.")
    compare_at: Money | None = strawberry.field(
        description="The price it is marked down from, if it is."
    )
    tax_included: bool = strawberry.field(description="Whether taxes are included.")
    channel: ChannelCode = strawberry.field(description="The channel it holds for.")
    as_of: datetime | None = strawberry.field(description="When its owner said so.")
    freshness: Freshness = strawberry.field(description="How it came.")
    source: str = strawberry.field(description="The connection that owns it.")

    @classmethod
    def of(cls, reading: Reading[ports.Price], *, channel: ChannelCode) -> Self | None:
        """Dress a price, once for each reading; None when there is none or nobody could say."""
        known: Self | None = reading.faces.get(PRICE)
        if known is not None or (price := reading.value) is None:
            return known
        return reading.faces.keep(PRICE, cls._of(reading, price, channel))

    @classmethod
    def _of(cls, reading: Reading[ports.Price], price: ports.Price, channel: ChannelCode) -> Self:
        return cls(
            amount=Money.of(price.amount),
            compare_at=None if price.compare_at is None else Money.of(price.compare_at),
            tax_included=price.tax_included,
            channel=channel,
            as_of=reading.as_of,
            freshness=reading.freshness,
            source=reading.source,
        )
