"""GraphQL face of prices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from app import ports, values
from app.api.context import Info
from app.api.hints import AS_ITS_OWNER, PRICES, kept
from app.api.light import light
from app.engine.unchanging import Unchanging, UnchangingList
from app.pricing.listing import alone, rule_of, words
from app.pricing.model import PricedLine
from app.pricing.rules import Active
from app.upstream.reader import Reading
from app.upstream.readings import Together
from app.upstream.report import Freshness
from app.values import ChannelCode, CurrencyCode, Sku

PRICE = "price"  # the face of a reading


@light
@strawberry.type(description="An exact amount of money.", directives=AS_ITS_OWNER)
class Money:
    """Major units of a currency."""

    amount: Decimal = strawberry.field(description="Major units, exact.")
    currency: CurrencyCode = strawberry.field(description="Currency.")

    @classmethod
    def of(cls, money: values.Money) -> Self:
        """Dress an amount."""
        return cls(amount=money.amount, currency=money.currency)


@strawberry.type(description="What a rule of the retailer's takes off.", directives=AS_ITS_OWNER)
class Discount(Unchanging):
    """An amount, and why."""

    rule: strawberry.ID = strawberry.field(description="The id of the rule, in the settings.")
    amount: Money = strawberry.field(description="What it takes off, more than nothing.")
    bounded: bool = strawberry.field(
        description="Whether it would be more, if anything could cost less than nothing."
    )

    @strawberry.field(
        description="What shoppers are told of the rule; null where there is no word, or no rule."
    )
    def label(self, info: Info) -> str | None:
        """As the rules are now."""
        return info.context.services.rules.label(self.rule)

    @classmethod
    def of(cls, discount: values.Discount) -> Self:
        """Dress a discount."""
        return cls(
            rule=strawberry.ID(discount.rule),
            amount=Money.of(discount.amount),
            bounded=discount.bounded,
        )


NO_DISCOUNTS: list[Discount] = UnchangingList()


@light
@strawberry.type(description="What one unit costs through a channel.", directives=kept(PRICES))
class Price(Unchanging):
    """A price and where it comes from."""

    amount: Money = strawberry.field(description="What one unit costs, before discounts.")
    discounted: Money = strawberry.field(
        description="What anybody pays for one unit by itself, after discounts without a code."
    )
    discounts: list[Discount] = strawberry.field(
        description="What makes the difference, in the order in which it is taken off."
    )
    price_list: strawberry.ID | None = strawberry.field(
        description="The price list that says so; null where the owner of prices does."
    )
    compare_at: Money | None = strawberry.field(
        description="The price it is marked down from, if it is."
    )
    tax_included: bool = strawberry.field(description="Whether taxes are included.")
    channel: ChannelCode = strawberry.field(description="The channel it holds for.")
    as_of: datetime | None = strawberry.field(description="When its owner said so.")
    freshness: Freshness = strawberry.field(description="How it came.")
    source: str = strawberry.field(description="The connection that owns it.")

    @classmethod
    def of(
        cls,
        reading: Reading[ports.Price],
        *,
        channel: ChannelCode,
        active: Active | None = None,
        categories: tuple[ports.Category, ...] = (),
    ) -> Self | None:
        """Dress a price, once for each reading; None when there is none or nobody could say.

        With rules that are `active` once for each reading and for as long as these hold. A reading
        that was asked for just now is given to nobody again.
        """
        if active is None and reading.freshness is Freshness.LIVE:
            return None if reading.value is None else cls._of(reading, reading.value, channel, None)
        key = PRICE if active is None else (active.key, *[one.id for one in categories])
        known: Self | None = reading.faces.get(key)
        if known is not None or (price := reading.value) is None:
            return known
        one = None if active is None else alone(price, active, channel, words(categories))
        return reading.faces.keep(key, cls._of(reading, price, channel, one))

    @classmethod
    def of_all(
        cls,
        found: Mapping[Sku, Reading[ports.Price]],
        skus: Sequence[Sku],
        *,
        channel: ChannelCode,
    ) -> Sequence[Self | None]:
        """Dress those of many SKUs without rules; once for what was asked for together."""
        if isinstance(found, Together) and len(found) == len(skus):
            return found.faces.kept(
                PRICE, lambda: [cls.of(one, channel=channel) for one in found.values()]
            )
        return [cls.of(found[sku], channel=channel) for sku in skus]

    @classmethod
    def _of(
        cls,
        reading: Reading[ports.Price],
        price: ports.Price,
        channel: ChannelCode,
        one: PricedLine | None,
    ) -> Self:
        amount = Money.of(price.amount)
        listed = rule_of(price)
        plain = one is None or not one.discounts
        return cls(
            amount=amount,
            discounted=amount if plain or one is None else Money.of(one.total),
            discounts=NO_DISCOUNTS
            if plain or one is None
            else UnchangingList([Discount.of(each) for each in one.discounts]),
            price_list=None if listed is None else strawberry.ID(listed),
            compare_at=None if price.compare_at is None else Money.of(price.compare_at),
            tax_included=price.tax_included,
            channel=channel,
            as_of=reading.as_of,
            freshness=reading.freshness,
            source=reading.source,
        )
